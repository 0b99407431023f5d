import { Command } from 'commander';
import { plural } from '../report/text.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import type { RuntimeOptions } from '../runtime/runtime.js';
import type { GcSoakTally } from '../workloads/soak/ending.js';
import type { SoakOptions, SoakPart, SoakResult, SoakRound } from '../workloads/soak/soak.js';
import { allocatorOption, parseAllocatorOption } from './allocatorOption.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus, UsageError } from './errors.js';
import { describeFailure, isOurInterrupt } from './failure.js';
import { gcOptions, parseGcOptions, type RawGcOptions } from './gcOption.js';
import { parseBuilds, parseDuration, parseMemory, parseSeed, parseThreadCount } from './options.js';
import { prepareJson, textStream, writeResults } from './outputFile.js';

const EXAMPLES = `
Lists, dicts, tuples, strings, numbers and bare blocks from 16 bytes to more than a segment go through cells
that all threads share. Everything that is taken out is checked. After each round nothing may be alive; after the
last quarter of the rounds no more memory may be in use than after the first.

In every other round the threads make cycles with finalisers and weak references, and collect: what a thread keeps
must be whole, what it drops must go, each finaliser and callback once.

Examples:
  ungil soak                                  ten minutes: gil, free-threaded and gilectomy in turn
  ungil soak --builds free-threaded --time 60s
  ungil soak --part collector --markers 2 --debug

Exit status: 0 nothing wrong, 1 something was broken, leaked or grew, 2 bad usage, 130 interrupted.`;

interface RawOptions extends RawGcOptions {
  builds: string;
  threads: string;
  time: string;
  round: string;
  memory: string;
  seed: string;
  part?: string;
  debug?: boolean;
  allocator: string[];
  json?: string;
}

/** Memory is bounded if the last quarter of the rounds says so. */
const ROUNDS_TO_COMPARE = 4;

/** What came of one build. */
interface BuildResult {
  build: string;
  result: SoakResult;
}

/** `ungil soak`. `exit` receives the exit status. */
export function soakCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  const [gcThreshold, markers, gcMemoryGate] = gcOptions();
  return new Command('soak')
    .description(
      'run threads that are born and die, allocate, pass on, free and collect, for a long time; look for leaks',
    )
    .option(
      '--builds <names>',
      'builds, separated by commas; they share the time',
      'gil,free-threaded,gilectomy',
    )
    .option('--threads <count>', 'threads of the busiest rounds', '4')
    .option('--time <duration>', 'how long it all takes, in ms or s', '600s')
    .option('--round <duration>', 'how long one round takes', '2s')
    .option('--memory <size>', 'size of the shared memory, in MiB or GiB', '256MiB')
    .option('--seed <number>', 'start of the random numbers', '1')
    .option('--part <name>', 'only rounds of one kind: memory (no cycles) or collector (default: in turn)')
    .option('--debug', 'assert the invariants of counts, allocators and QSBR at each operation')
    .addOption(allocatorOption())
    .addOption(gcThreshold!)
    .addOption(markers!)
    .addOption(gcMemoryGate!)
    .option('--json <file>', 'write the rounds as JSON, - for standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (raw: RawOptions) => {
      const builds = parseBuilds(raw.builds, deps.builds);
      refuseUnfit(builds);
      const timeMs = parseDuration(raw.time) / builds.length;
      const options = {
        threads: parseThreadCount(raw.threads),
        timeMs,
        roundMs: Math.min(parseDuration(raw.round), timeMs),
        memoryBytes: parseMemory(raw.memory),
        seed: parseSeed(raw.seed),
        ...parsePart(raw.part),
        runtime: await runtimeOptions(raw, builds),
      };
      prepareJson(raw.json);
      const results: BuildResult[] = [];
      let failed = false;
      for (const build of builds) {
        if (deps.interrupt.aborted) break;
        const result = await soakBuild({ ...options, build }, raw, deps);
        failed ||= result === null ? !deps.interrupt.aborted : result.wrong !== null;
        if (result !== null) results.push({ build, result });
      }
      const json = { ungil: deps.version, node: deps.node, results };
      const saved = writeResults(raw.json, `${JSON.stringify(json, null, 2)}\n`, deps);
      if (failed || !saved) exit(ExitStatus.CheckFailed);
      else exit(deps.interrupt.aborted ? ExitStatus.Interrupted : ExitStatus.Done);
    });
}

function parsePart(part: string | undefined): { part?: SoakPart } {
  if (part === undefined) return {};
  if (part === 'memory' || part === 'collector') return { part };
  throw new UsageError(`--part '${part}' is not valid; accepted: memory, collector`);
}

async function runtimeOptions(raw: RawOptions, builds: readonly string[]): Promise<RuntimeOptions> {
  const allocators = await parseAllocatorOption(raw.allocator, builds);
  const gc = parseGcOptions(raw);
  return {
    ...(raw.debug === true ? { debug: true } : {}),
    ...(allocators === null ? {} : { allocators }),
    ...(gc === null ? {} : { gc }),
  };
}

/** A build that loses counts by design would only be found to do so; one without counts frees what the soak uses. */
function refuseUnfit(builds: readonly string[]): void {
  const uncounted = builds.find((build) => buildNamed(build).refcount === 'none');
  if (uncounted !== undefined) {
    throw new UsageError(
      `build '${uncounted}' counts no references, and the soak holds some where no collector finds them`,
    );
  }
  const racing = builds.find((build) => racesByDesign(buildNamed(build)));
  if (racing === undefined) return;
  throw new UsageError(
    `build '${racing}' races by design, there is nothing to soak; accepted: gil, free-threaded, gilectomy`,
  );
}

/** Soaks one build, a line for each round; null if its run failed or was interrupted before it began. */
async function soakBuild(
  options: SoakOptions,
  raw: RawOptions,
  deps: CliDependencies,
): Promise<SoakResult | null> {
  const lines = textStream(raw.json, deps);
  const { build } = options;
  const start = deps.now();
  const onRound = (round: SoakRound): void => {
    const seconds = ((deps.now() - start) / 1000).toFixed(0).padStart(4);
    lines.write(`${build} ${seconds} s  ${roundText(round)}\n`);
  };
  try {
    const result = await deps.soak(options, onRound, deps.interrupt);
    lines.write(`${build}: ${verdict(result)}\n`);
    return result;
  } catch (error) {
    if (!isOurInterrupt(error, deps.interrupt)) deps.stderr.write(describeFailure(error, `soak, ${build}`));
    return null;
  }
}

function roundText(round: SoakRound): string {
  const gc = round.gc === undefined ? '' : `${gcText(round.gc)}; `;
  const { foreignFrees = 0, brcQueued = 0, delayedFrees = 0 } = round.counters;
  return (
    `${plural(round.threads, 'thread')}, ${(round.operations / 1e6).toFixed(2)} M operations, ` +
    `${round.births} births, ${brcQueued} queued, ${foreignFrees} foreign frees, ${delayedFrees} delayed; ` +
    `${gc}${plural(round.segments, 'segment')} left${round.wrong === null ? '' : `; WRONG: ${round.wrong}`}`
  );
}

function gcText({ collections, finalised, resurrected, called }: GcSoakTally): string {
  return `${collections} collections, ${finalised} finalised, ${resurrected} resurrected, ${called} called back`;
}

function verdict(result: SoakResult): string {
  const operations = result.rounds.reduce((sum, round) => sum + round.operations, 0);
  const births = result.rounds.reduce((sum, round) => sum + round.births, 0);
  const done = `${plural(result.rounds.length, 'round')}, ${(operations / 1e6).toFixed(1)} M operations, ${births} births`;
  // With fewer rounds there are no first and last ones to compare.
  const bounded = result.rounds.length >= ROUNDS_TO_COMPARE ? ', memory bounded' : '';
  const outcome = result.wrong ?? `nothing broken, nothing leaked${bounded}`;
  return `${done}: ${outcome}${result.complete ? '' : ' (interrupted)'}`;
}
