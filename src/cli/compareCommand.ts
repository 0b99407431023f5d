import { Command } from 'commander';
import { createProgress } from '../report/progress.js';
import { plural } from '../report/text.js';
import type { CompareOptions, Measurement } from '../report/types.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import { ABLATION_TIME, ABLATION_WORKLOADS, parseMeasured } from './ablateOptions.js';
import { allocatorOption, parseAllocatorOption } from './allocatorOption.js';
import { type CompareRun, type OutputOptions, reportComparison } from './compareReport.js';
import type { CliDependencies } from './dependencies.js';
import { type ExitStatus, UsageError } from './errors.js';
import { isOurInterrupt } from './failure.js';
import { parseDuration, parseMemory, parseRepeats, parseThreads, parseWorkloads } from './options.js';
import { prepareJson } from './outputFile.js';

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

interface RawOptions extends OutputOptions {
  group: string;
  builds: string;
  threads: string;
  time: string;
  repeats: string;
  memory: string;
  allocator: string[];
  ablate?: string | true;
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
      const { names, time, builds, plans } = parseMeasured(given, raw, isDefault, deps);
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
      prepareJson(raw.json);
      expectWork(options, deps);
      const run = await measure(options, deps);
      exit(reportComparison(run, options, plans, raw, deps));
    });
}

/** Throws a UsageError if the only builds are ones that race by design, and every workload would wreck them. */
function expectWork({ workloads, builds }: CompareOptions, deps: CliDependencies): void {
  if (!builds.every((build) => racesByDesign(buildNamed(build)))) return;
  const fit = deps.workloads.filter((info) => info.unsafe !== false).map((info) => info.name);
  if (workloads.some((name) => fit.includes(name))) return;
  throw new UsageError(
    `build '${builds[0]}' has no locks: ${workloads.join(', ')} would wreck its heap; accepted there: ${fit.join(', ')}`,
  );
}

async function measure(options: CompareOptions, deps: CliDependencies): Promise<CompareRun> {
  const progress = createProgress(deps.stderr, deps.env.TERM, deps.now);
  const measurements: Measurement[] = [];
  let total = options.workloads.length * options.builds.length * options.threads.length;
  let during = '';
  const hooks = {
    onStart(count: number): void {
      total = count;
      progress.onStart(count);
    },
    onStep(workload: string, build: string, threads: number): void {
      during = `${workload}, ${build}, ${plural(threads, 'thread')}`;
      progress.onStep(workload, build, threads);
    },
    onMeasurement(measurement: Measurement): void {
      measurements.push(measurement);
      progress.onMeasurement(measurement);
    },
  };
  try {
    await deps.compare(options, hooks, deps.interrupt);
    return { measurements, total, failure: null };
  } catch (error) {
    const ours = isOurInterrupt(error, deps.interrupt);
    return { measurements, total, failure: ours ? null : { error, during } };
  } finally {
    progress.finish();
  }
}
