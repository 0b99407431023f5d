import { Command } from 'commander';
import type { RunAborted } from '../memory/errors.js';
import { createProgress, type Progress } from '../report/progress.js';
import { plural } from '../report/text.js';
import type { CompareOptions, Measurement, WorkloadInfo } from '../report/types.js';
import { buildNamed, REFCOUNTS } from '../runtime/builds.js';
import { whyUnfit } from '../runtime/fit.js';
import { GROUPS } from '../workloads/workload.js';
import { ABLATION_TIME, ABLATION_WORKLOADS, parseMeasured } from './ablateOptions.js';
import { allocatorOption, parseAllocatorOption } from './allocatorOption.js';
import {
  baselineOptions,
  expectCommonRows,
  parseBaselineOptions,
  type RawBaselineOptions,
} from './baselineOption.js';
import { type CompareRun, type OutputOptions, reportComparison } from './compareReport.js';
import { parseInterpreters } from './cpython/interpreters.js';
import { CPythonSession } from './cpython/session.js';
import type { CliDependencies } from './dependencies.js';
import { type ExitStatus, UsageError } from './errors.js';
import { describeInterrupt, isOurInterrupt } from './failure.js';
import { gcOptions, parseGcOptions, type RawGcOptions } from './gcOption.js';
import { parseDuration, parseMemory, parseRepeats, parseThreads, parseWorkloads } from './options.js';
import { prepareHtml, prepareJson } from './outputFile.js';
import { parseRaceOption } from './reportCommand.js';

const EXAMPLES = `
Examples:
  ungil compare                                     the patterns of sharing, about four minutes
  ungil compare fib shared-list-append              two of them
  ungil compare --group memory                      the allocators, with peak memory
  ungil compare gc-churn gcbench                    the collector, with uncollected garbage
  ungil compare --threads 1,2,4 --time 200ms        more threads, shorter repeats
  ungil compare --builds free-threaded,gilectomy    biased against atomic reference counts
  ungil compare --allocator debug --time 20ms       guards around every block find corruption
  ungil compare --builds gil,gil:immortal=off       a build with one of its mechanisms off
  ungil compare gc-churn --builds gil,gil:collector=off   cyclic garbage is kept: a leak, status 1
  ungil compare --builds free-threaded,free-threaded:refcount=none   what counting costs
  ungil compare --refcount none                     both builds without any counts
  ungil compare --ablate                            what each mechanism of free-threaded is worth
  ungil compare fib --ablate deferred,biased        two of them, on one workload
  ungil compare --with-cpython python3.14,python3.14t   CPython's figures from this machine
  ungil compare fib --html fib.html                 charts and tables in one page
  ungil compare shared-counter-lock --json - | jq .summary
  ungil compare --baseline old.json                 what became faster or slower since
  ungil compare --baseline old.json --fail-on-regression 5%   status 1 for a regression

Exit status: 0 as expected, 1 wrong result, leak, failed program or regression, 2 bad usage,
130 interrupted.
Ctrl-C prints what was measured until then; a second one ends at once.`;

interface RawOptions extends OutputOptions, RawGcOptions, RawBaselineOptions {
  group: string;
  builds: string;
  threads: string;
  time: string;
  repeats: string;
  memory: string;
  allocator: string[];
  ablate?: string | true;
  withCpython?: string;
  refcount?: string;
  race?: string;
  debug?: boolean;
  explain: boolean;
}

/** `ungil compare`. `exit` receives the exit status. */
export function compareCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  const [gcThreshold, markers, gcMemoryGate] = gcOptions();
  const [baseline, failOnRegression] = baselineOptions();
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
    .option(
      '--group <names>',
      `what runs if no workload is named, or before those named: of ${Object.keys(GROUPS).join(', ')}`,
      'sharing',
    )
    .option('--memory <size>', 'size of the shared memory, in MiB or GiB', '1GiB')
    .addOption(allocatorOption())
    .addOption(gcThreshold)
    .addOption(markers)
    .addOption(gcMemoryGate)
    .option(
      '--json <file>',
      'write the results as JSON, - for standard output (the table then goes to standard error)',
    )
    .option('--html <file>', 'write the report as one page that needs nothing else')
    .option('--race <file>', 'show the outcomes of a race.json in that page')
    .option('--markdown', 'print the table as Markdown')
    .option(
      '--no-explain',
      'without the short counted run of each workload that says why it does not scale: counting is a build of its own, ' +
        'so that the figures above cost nothing for it',
    )
    .option('--debug', 'the runtime asserts its invariants: figures of its speed mean nothing then')
    .option(
      '--refcount <scheme>',
      `how each of the builds counts references: ${REFCOUNTS.join(', ')}; none: not at all, a collector traces what ` +
        'is alive, and workloads run that hold what they use in handles, in containers or on the stack',
    )
    .option(
      '--ablate [mechanisms]',
      'each mechanism off in turn (default: all) and what that costs; by default of build free-threaded, ' +
        `with ${ABLATION_TIME} a repeat, on ${ABLATION_WORKLOADS.join(', ')}`,
    )
    .option(
      '--with-cpython <interpreters>',
      'CPython 3.11 or later, by name or path, separated by commas: they run the Python twins of the workloads in turn ' +
        "with ours, in the place of CPython's bundled figures",
    )
    .addOption(baseline)
    .addOption(failOnRegression)
    .addHelpText('after', EXAMPLES)
    .action(async (given: string[], raw: RawOptions, command: Command) => {
      const isDefault = (option: string) => command.getOptionValueSource(option) === 'default';
      const { names, time, builds, plans } = parseMeasured(given, raw, isDefault, deps);
      const allocators = await parseAllocatorOption(raw.allocator, builds);
      const gc = parseGcOptions(raw);
      const interpreters = parseInterpreters(raw.withCpython);
      const against = parseBaselineOptions(raw, deps.version);
      const options: CompareOptions = {
        workloads: parseWorkloads(names, deps.workloads, raw.group, !isDefault('group')),
        builds,
        threads: parseThreads(raw.threads),
        timeMs: parseDuration(time),
        repeats: parseRepeats(raw.repeats),
        memoryBytes: parseMemory(raw.memory),
        ...(raw.debug === true ? { debug: true } : {}),
        ...(allocators === null ? {} : { allocators }),
        ...(gc === null ? {} : { gc }),
        ...(raw.explain && plans.length === 0 ? { explain: true } : {}),
      };
      prepareJson(raw.json);
      prepareHtml(raw.html, raw.json);
      const race = parseRaceOption(raw);
      expectCommonRows(against, options);
      expectWork(options, deps);
      const run = await measure(options, interpreters, deps);
      exit(await reportComparison(run, { options, plans, against, race, output: raw }, deps));
    });
}

/** Names builds that can run none of the workloads, see `whyUnfit`; throws a UsageError if all are such. */
function expectWork({ workloads, builds }: CompareOptions, deps: CliDependencies): void {
  const why = (build: string, info: WorkloadInfo) => whyUnfit(buildNamed(build), info);
  const asked = deps.workloads.filter((info) => workloads.includes(info.name));
  if (asked.length === 0) return;
  const idle = builds.filter((build) => asked.every((info) => why(build, info) !== null));
  if (idle.length < builds.length) {
    for (const build of idle)
      deps.stderr.write(`ungil: build '${build}' runs none of these workloads: it ${why(build, asked[0])}\n`);
    return;
  }
  const fit = deps.workloads.filter((info) => why(builds[0], info) === null).map((info) => info.name);
  throw new UsageError(
    `build '${builds[0]}' cannot run ${asked[0].name}: it ${why(builds[0], asked[0])}; ` +
      `accepted there: ${fit.join(', ')}`,
  );
}

async function measure(
  options: CompareOptions,
  interpreters: readonly string[],
  deps: CliDependencies,
): Promise<CompareRun> {
  const progress = createProgress(deps.stderr, deps.env.TERM, deps.now);
  const session = await openSession(interpreters, options, progress, deps);
  const measurements: Measurement[] = [];
  let total = options.workloads.length * options.builds.length * options.threads.length;
  let during = '';
  let heldUp = '';
  const hooks = {
    onStart(count: number, rounds?: number): void {
      total = count;
      progress.onStart(count, rounds);
    },
    onStep(workload: string, build: string, threads: number, round?: number): void {
      during = `${workload}, ${build}, ${plural(threads, 'thread')}`;
      progress.onStep(workload, build, threads, round);
    },
    onMeasurement(measurement: Measurement): void {
      measurements.push(measurement);
      progress.onMeasurement(measurement);
    },
    async onRound(workload: string, repeats: number): Promise<void> {
      await session?.round(workload, repeats, ({ name }) =>
        progress.onForeignStep(workload, name, Math.max(...options.threads)),
      );
    },
    onInterrupted(error: RunAborted): void {
      heldUp = describeInterrupt(error);
    },
  };
  try {
    await deps.compare(options, hooks, deps.interrupt);
    return { measurements, cpython: session, total, failure: null };
  } catch (error) {
    const ours = isOurInterrupt(error, deps.interrupt);
    const failure = ours ? null : { error, during };
    return { measurements, cpython: session, total, failure };
  } finally {
    progress.finish();
    deps.stderr.write(heldUp);
  }
}

/** The interpreters of `--with-cpython`; null without any that can serve. */
function openSession(
  interpreters: readonly string[],
  options: CompareOptions,
  progress: Progress,
  deps: CliDependencies,
): Promise<CPythonSession | null> {
  return CPythonSession.open(interpreters, options, {
    env: deps.env,
    signal: deps.interrupt,
    ...(deps.pythonPatienceMs === undefined ? {} : { patienceMs: deps.pythonPatienceMs }),
    note(line) {
      progress.finish();
      deps.stderr.write(`ungil: ${line}\n`);
    },
  });
}
