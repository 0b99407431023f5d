import { type AblationCell, type AblationPlan, toAblation } from '../report/ablation.js';
import { ablationMarkdown, renderAblation } from '../report/ablationTable.js';
import { formatCompareJson, toCompareJson } from '../report/json.js';
import { markdownTable } from '../report/markdown.js';
import { findProblems } from '../report/problems.js';
import { type Result, toResults } from '../report/results.js';
import { renderTable } from '../report/table.js';
import { plural } from '../report/text.js';
import type { CompareOptions, Measurement } from '../report/types.js';
import { type CliDependencies, hostOf } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { describeFailure } from './failure.js';
import { textStream, writeResults } from './outputFile.js';
import { coloursOf, widthOf } from './terminal.js';

/** Output that is no terminal has no width of its own; documents and logs are read at this one. */
const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 42;

/** The options that say what is printed, and where. */
export interface OutputOptions {
  readonly json?: string;
  readonly markdown?: boolean;
}

/** What came of the measuring, whole or not. */
export interface CompareRun {
  readonly measurements: readonly Measurement[];
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

/** Writes JSON and table; gives the exit status. */
export function reportComparison(
  run: CompareRun,
  options: CompareOptions,
  plans: readonly AblationPlan[],
  raw: OutputOptions,
  deps: CliDependencies,
): ExitStatus {
  const results = toResults(run.measurements, deps.workloads);
  const complete = run.failure === null && results.length >= run.total;
  const ablation = toAblation(plans, results);
  const json = formatCompareJson(
    toCompareJson(hostOf(deps), options, results, complete, plans.length > 0 ? ablation : null),
  );
  const saved = writeResults(raw.json, json, deps, () => printTable(results, ablation, raw, deps));
  for (const { workload, build, threads, unraisable } of results) {
    const where = `${workload}, ${build}, ${plural(threads, 'thread')}`;
    for (const text of unraisable) deps.stderr.write(`${where}: ${text}\n`);
  }
  if (run.failure !== null) deps.stderr.write(describeFailure(run.failure.error, run.failure.during));
  if (!complete) {
    const why = run.failure !== null ? 'failed' : 'interrupted';
    const count = `${results.length} of ${plural(run.total, 'measurement')}`;
    textStream(raw.json, deps).write(`${why}: the results are incomplete, ${count} made\n`);
  }
  return saved ? exitStatus(run, results, complete, deps) : ExitStatus.CheckFailed;
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
        : markdownTable(results, deps.workloads),
    );
    return;
  }
  const width = widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH);
  const paint = coloursOf(stream, deps.env);
  const options = { width, paint, workloads: deps.workloads };
  const lines =
    ablation.length > 0 ? renderAblation(ablation, results, options) : renderTable(results, options);
  stream.write(`${lines.join('\n')}\n`);
}
