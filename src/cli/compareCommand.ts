import { Command } from 'commander';
import { type AblationCell, type AblationPlan, toAblation } from '../report/ablation.js';
import { ablationMarkdown, renderAblation } from '../report/ablationTable.js';
import { formatCompareJson, toCompareJson } from '../report/json.js';
import { markdownTable } from '../report/markdown.js';
import { findProblems } from '../report/problems.js';
import type { ProgressStream } from '../report/progress.js';
import { createProgress } from '../report/progress.js';
import { type Result, toResults } from '../report/results.js';
import { renderTable } from '../report/table.js';
import { plural } from '../report/text.js';
import type { CompareOptions, Measurement } from '../report/types.js';
import { ABLATION_TIME, ABLATION_WORKLOADS, parseAblate, planAblation } from './ablateOptions.js';
import { allocatorOption, parseAllocatorOption } from './allocatorOption.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { describeFailure, isOurInterrupt } from './failure.js';
import {
  parseBuilds,
  parseDuration,
  parseMemory,
  parseRepeats,
  parseThreads,
  parseWorkloads,
} from './options.js';
import { FILE_OR_STDOUT, prepareFile, saveFile } from './outputFile.js';
import { coloursOf, widthOf } from './terminal.js';

/** Output that is no terminal has no width of its own; documents and logs are read at this one. */
const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 42;

const EXAMPLES = `
Examples:
  ungil compare                                     the patterns of sharing, about three minutes
  ungil compare fib shared-list-append              two of them
  ungil compare --group memory                      the allocators, with peak memory
  ungil compare --threads 1,2,4 --time 200ms        more threads, shorter repeats
  ungil compare --builds free-threaded,gilectomy    biased against atomic reference counts
  ungil compare --allocator debug --time 20ms       guards around every block find corruption
  ungil compare --builds gil,gil:immortal=off       a build with one of its mechanisms off
  ungil compare --ablate                            what each mechanism of free-threaded is worth
  ungil compare fib --ablate deferred,biased        two of them, on one workload
  ungil compare shared-counter-lock --json - | jq .summary

Exit status: 0 as expected, 1 wrong result, leak or failed program, 2 bad usage, 130 interrupted.
Ctrl-C prints what was measured until then; a second one ends at once.`;

interface RawOptions {
  group: string;
  builds: string;
  threads: string;
  time: string;
  repeats: string;
  memory: string;
  allocator: string[];
  ablate?: string | true;
  json?: string;
  markdown?: boolean;
  debug?: boolean;
}

/** `ungil compare`. `exit` receives the exit status. */
export function compareCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('compare')
    .description(
      'run workloads on builds and numbers of threads, and compare them with each other and with CPython',
    )
    .argument('[workload...]', 'workloads by name, see `ungil list` (default: all of a group)')
    .option(
      '--builds <names>',
      'builds, separated by commas; with switches, as in free-threaded:qsbr=off, see `ungil list`',
      'gil,free-threaded',
    )
    .option('--threads <counts>', 'numbers of threads, separated by commas', '1,2')
    .option('--time <duration>', 'how long one repeat runs, in ms or s', '500ms')
    .option('--repeats <count>', 'repeats of each combination; the median counts', '5')
    .option('--group <name>', 'what runs if no workload is named: sharing, or memory', 'sharing')
    .option('--memory <size>', 'size of the shared memory, in MiB or GiB', '1GiB')
    .addOption(allocatorOption())
    .option(
      '--json <file>',
      'write the results as JSON, - for standard output (the table then goes to standard error)',
    )
    .option('--markdown', 'print the table as Markdown')
    .option('--debug', 'the runtime asserts its invariants: figures of its speed mean nothing then')
    .option(
      '--ablate [mechanisms]',
      'each mechanism off in turn (default: all) and what that costs; by default of build free-threaded, ' +
        `with ${ABLATION_TIME} a repeat, on ${ABLATION_WORKLOADS.join(', ')}`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (given: string[], raw: RawOptions, command: Command) => {
      const isDefault = (option: string) => command.getOptionValueSource(option) === 'default';
      const { names, time, builds, plans } = withAblation(given, raw, isDefault, deps);
      const allocators = await parseAllocatorOption(raw.allocator, builds);
      const options: CompareOptions = {
        workloads: parseWorkloads(names, deps.workloads, raw.group),
        builds,
        threads: parseThreads(raw.threads),
        timeMs: parseDuration(time),
        repeats: parseRepeats(raw.repeats),
        memoryBytes: parseMemory(raw.memory),
        ...(raw.debug === true ? { debug: true } : {}),
        ...(allocators === null ? {} : { allocators }),
      };
      if (raw.json !== undefined && raw.json !== '-') prepareFile('--json', raw.json, FILE_OR_STDOUT);
      const run = await measure(options, deps);
      exit(report(run, options, plans, raw, deps));
    });
}

/** What an ablation measures instead of what a comparison does. Throws UsageError. */
function withAblation(
  given: readonly string[],
  raw: RawOptions,
  isDefault: (option: string) => boolean,
  deps: CliDependencies,
): { names: readonly string[]; time: string; builds: string[]; plans: AblationPlan[] } {
  if (raw.ablate === undefined) {
    return { names: given, time: raw.time, builds: parseBuilds(raw.builds, deps.builds), plans: [] };
  }
  const known = deps.workloads.map((info) => info.name);
  const { mechanisms, workloads } = parseAblate(raw.ablate, known);
  const names = [...workloads, ...given];
  const bases = isDefault('builds') ? ['free-threaded'] : parseBuilds(raw.builds, deps.builds);
  const plans = planAblation(bases, mechanisms);
  return {
    names: names.length > 0 ? names : ABLATION_WORKLOADS,
    time: isDefault('time') ? ABLATION_TIME : raw.time,
    builds: [...new Set(plans.flatMap((plan) => [plan.build, ...plan.without.map(({ build }) => build)]))],
    plans,
  };
}

// --- Measuring ---

/** What came of the measuring, whole or not. */
interface Run {
  measurements: Measurement[];
  /** Combinations that there were to measure. */
  total: number;
  /** The program's error that ended the run, else null. */
  failure: Failure | null;
}

interface Failure {
  error: unknown;
  /** What was running: `fib, gil, 2 threads`. Empty if nothing was yet. */
  during: string;
}

async function measure(options: CompareOptions, deps: CliDependencies): Promise<Run> {
  const progress = createProgress(deps.stderr, deps.env.TERM, deps.now);
  const run: Run = {
    measurements: [],
    total: options.workloads.length * options.builds.length * options.threads.length,
    failure: null,
  };
  let during = '';
  const hooks = {
    onStart(total: number): void {
      run.total = total;
      progress.onStart(total);
    },
    onStep(workload: string, build: string, threads: number): void {
      during = `${workload}, ${build}, ${plural(threads, 'thread')}`;
      progress.onStep(workload, build, threads);
    },
    onMeasurement(measurement: Measurement): void {
      run.measurements.push(measurement);
      progress.onMeasurement(measurement);
    },
  };
  try {
    await deps.compare(options, hooks, deps.interrupt);
  } catch (error) {
    if (!isOurInterrupt(error, deps.interrupt)) run.failure = { error, during };
  } finally {
    progress.finish();
  }
  return run;
}

// --- Reporting ---

/** Writes JSON and table; gives the exit status. */
function report(
  run: Run,
  options: CompareOptions,
  plans: readonly AblationPlan[],
  raw: RawOptions,
  deps: CliDependencies,
): ExitStatus {
  const results = toResults(run.measurements, deps.workloads);
  const complete = run.failure === null && results.length >= run.total;
  const host = { ungil: deps.version, node: deps.node, cpus: deps.cpus };
  const ablation = toAblation(plans, results);
  const json = formatCompareJson(
    toCompareJson(host, options, results, complete, plans.length > 0 ? ablation : null),
  );
  // The file comes first: a reader that closed its end of the pipe must not cost the results.
  const saved = raw.json === undefined || raw.json === '-' || saveFile(raw.json, json, deps.stderr);
  printTable(results, ablation, raw, deps);
  if (raw.json === '-') deps.stdout.write(json);
  if (run.failure !== null) deps.stderr.write(describeFailure(run.failure.error, run.failure.during));
  if (!complete) {
    const why = run.failure !== null ? 'failed' : 'interrupted';
    const count = `${results.length} of ${plural(run.total, 'measurement')}`;
    tableStream(raw, deps).write(`${why}: the results are incomplete, ${count} made\n`);
  }
  return saved ? exitStatus(run, results, complete, deps) : ExitStatus.CheckFailed;
}

function exitStatus(run: Run, results: Result[], complete: boolean, deps: CliDependencies): ExitStatus {
  if (run.failure !== null) return ExitStatus.CheckFailed;
  if (!complete) return ExitStatus.Interrupted;
  const failed = findProblems(results, deps.workloads).some((problem) => problem.fails);
  return failed ? ExitStatus.CheckFailed : ExitStatus.Done;
}

function tableStream(raw: RawOptions, deps: CliDependencies): ProgressStream {
  return raw.json === '-' ? deps.stderr : deps.stdout;
}

/** The table of an ablation if there was one, else that of the comparison. */
function printTable(
  results: readonly Result[],
  ablation: readonly AblationCell[],
  raw: RawOptions,
  deps: CliDependencies,
): void {
  if (results.length === 0) return;
  const stream = tableStream(raw, deps);
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
