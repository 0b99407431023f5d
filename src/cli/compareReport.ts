import { type AblationCell, type AblationPlan, toAblation } from '../report/ablation.js';
import { ablationMarkdown, renderAblation } from '../report/ablationTable.js';
import { type Changes, compareWithBaseline, regressions } from '../report/changes.js';
import { failureWords, renderChanges } from '../report/changesText.js';
import type { CPythonMeasurement } from '../report/cpythonLive.js';
import { renderCompareHtml } from '../report/html/compareHtml.js';
import { type CompareJson, formatCompareJson, toCompareJson } from '../report/json.js';
import { markdownTable } from '../report/markdown.js';
import { findProblems } from '../report/problems.js';
import type { RaceJson } from '../report/raceJson.js';
import { type Result, toResults } from '../report/results.js';
import { renderTable } from '../report/table.js';
import { plural, wrap } from '../report/text.js';
import type { CompareOptions, Measurement } from '../report/types.js';
import type { BaselinePlan } from './baselineOption.js';
import { type CliDependencies, hostOf } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { describeFailure } from './failure.js';
import { saveFile, textStream, writeResults } from './outputFile.js';
import { coloursOf, widthOf } from './terminal.js';
import { recordTimelines } from './timelines.js';

/** Output that is no terminal has no width of its own; documents and logs are read at this one. */
const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 42;

/** The options that say what is printed, and where. */
export interface OutputOptions {
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: boolean;
}

/** What came of the measuring, whole or not. */
export interface CompareRun {
  readonly measurements: readonly Measurement[];
  /** What interpreters beside ours have measured, and whether an interrupt has cut that short; null without any. */
  readonly cpython: { readonly measurements: readonly CPythonMeasurement[]; readonly cut: boolean } | null;
  /** Combinations that there were to measure. */
  readonly total: number;
  /** The program's error that ended the run, else null. */
  readonly failure: Failure | null;
}

interface Failure {
  readonly error: unknown;
  /** What was running: `fib, gil, 2 threads`. Empty if nothing was yet. */
  readonly during: string;
}

/** What was asked for, checked. */
export interface ReportPlan {
  readonly options: CompareOptions;
  /** Of an ablation; else empty. */
  readonly plans: readonly AblationPlan[];
  readonly against: BaselinePlan | null;
  /** Outcomes of races, for the page. */
  readonly race: RaceJson | null;
  readonly output: OutputOptions;
}

/** Records timelines for the page; writes JSON, page and table; gives the exit status. */
export async function reportComparison(
  run: CompareRun,
  { options, plans, against, race, output: raw }: ReportPlan,
  deps: CliDependencies,
): Promise<ExitStatus> {
  const results = toResults(run.measurements, deps.workloads, deps.cpus, run.cpython?.measurements);
  const cut = deps.interrupt.aborted && results.some(({ seconds }) => seconds.length < options.repeats);
  const unexplained = deps.interrupt.aborted && lacksExplanations(run.measurements, options);
  const theirs = run.cpython?.cut === true;
  const measured = run.failure === null && !cut && results.length >= run.total;
  const complete = measured && !unexplained && !theirs;
  const ablation = toAblation(plans, results);
  const changes = against === null ? null : compareWithBaseline(results, against.baseline);
  const ablated = plans.length > 0 ? ablation : null;
  const pictures =
    raw.html === undefined ? { timelines: [], cut: false } : await recordTimelines(results, options, deps);
  const compared = {
    ...toCompareJson(hostOf(deps), options, results, complete, ablated, changes),
    timelines: pictures.timelines,
  };
  let savedPage = true;
  const savedJson = writeResults(raw.json, formatCompareJson(compared), deps, () => {
    if (raw.html !== undefined) savedPage = savePage(raw.html, compared, race, deps);
    printTable(results, ablation, raw, deps);
    if (changes !== null && against !== null) printChanges(changes, against, options, raw, deps);
  });
  const saved = savedJson && savedPage;
  for (const { workload, build, threads, unraisable } of results) {
    const where = `${workload}, ${build}, ${plural(threads, 'thread')}`;
    for (const text of unraisable) deps.stderr.write(`${where}: ${text}\n`);
  }
  if (run.failure !== null) deps.stderr.write(describeFailure(run.failure.error, run.failure.during));
  if (!complete) {
    const why = run.failure !== null ? 'failed' : 'interrupted';
    const count = `${results.length} of ${plural(run.total, 'measurement')}`;
    const repeats = results.map(({ seconds }) => seconds.length);
    const short = repeats.some((done) => done < options.repeats);
    const each = short ? `, with ${rangeOf(repeats)} of ${plural(options.repeats, 'repeat')}` : '';
    const unsaid = measured && unexplained ? ', not all explained' : '';
    const more = theirs ? ", CPython's are cut short" : unsaid;
    textStream(raw.json, deps).write(`${why}: the results are incomplete, ${count} made${each}${more}\n`);
  } else if (pictures.cut) {
    textStream(raw.json, deps).write('interrupted: the page lacks timelines, the results are complete\n');
  }
  if (!saved) return ExitStatus.CheckFailed;
  const status = exitStatus(run, results, complete && !pictures.cut, deps);
  if (status !== ExitStatus.Done || changes === null || against?.failShare == null) return status;
  const slower = regressions(changes, against.failShare);
  return slower.length > 0 ? ExitStatus.CheckFailed : status;
}

/** Whether what the run would have shown of the highest number of threads is missing: see `explain`. */
function lacksExplanations(
  measurements: readonly Measurement[],
  { explain, debug, threads }: CompareOptions,
): boolean {
  const most = Math.max(...threads);
  if (explain !== true || debug === true || most === 1) return false;
  return measurements.some((one) => one.threads === most && one.explained === undefined);
}

/** `2`, `2 to 5`. */
function rangeOf(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(least) : `${least} to ${most}`;
}

/** False if it could not be written. */
function savePage(
  file: string,
  compared: CompareJson,
  race: RaceJson | null,
  deps: CliDependencies,
): boolean {
  return saveFile(file, renderCompareHtml(compared, { workloads: deps.workloads, race }), deps.stderr);
}

function exitStatus(
  run: CompareRun,
  results: Result[],
  complete: boolean,
  deps: CliDependencies,
): ExitStatus {
  if (run.failure !== null) return ExitStatus.CheckFailed;
  if (!complete) return ExitStatus.Interrupted;
  const failed = findProblems(results, deps.workloads).some((problem) => problem.fails);
  return failed ? ExitStatus.CheckFailed : ExitStatus.Done;
}

function printChanges(
  changes: Changes,
  { file, baseline, failShare }: BaselinePlan,
  { timeMs }: CompareOptions,
  raw: OutputOptions,
  deps: CliDependencies,
): void {
  const stream = textStream(raw.json, deps);
  const width = widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH);
  const paint = coloursOf(stream, deps.env);
  const lines = renderChanges(changes, { width, paint, file, baseline, host: hostOf(deps), timeMs });
  if (failShare !== null) lines.push(...wrap(failureWords(changes, failShare), width, '  '));
  stream.write(`\n${lines.join('\n')}\n`);
}

/** The table of an ablation if there was one, else that of the comparison. */
function printTable(
  results: readonly Result[],
  ablation: readonly AblationCell[],
  raw: OutputOptions,
  deps: CliDependencies,
): void {
  if (results.length === 0) return;
  const stream = textStream(raw.json, deps);
  if (raw.markdown === true) {
    stream.write(
      ablation.length > 0
        ? ablationMarkdown(ablation, results, deps)
        : markdownTable(results, deps.workloads, deps.cpus),
    );
    return;
  }
  const width = widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH);
  const paint = coloursOf(stream, deps.env);
  const options = { width, paint, workloads: deps.workloads, cpus: deps.cpus };
  const lines =
    ablation.length > 0 ? renderAblation(ablation, results, options) : renderTable(results, options);
  stream.write(`${lines.join('\n')}\n`);
}
