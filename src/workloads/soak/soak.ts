import { RunAborted } from '../../memory/errors.js';
import { Runtime, type RuntimeOptions } from '../../runtime/runtime.js';
import type { GcSoakEnd, GcSoakTally } from './ending.js';
import type { SoakArgs, SoakReport } from './program.js';

export type SoakPart = 'memory' | 'collector';

export interface SoakOptions {
  readonly build: string;
  /** Threads of the busiest rounds, 1 to 64. */
  readonly threads: number;
  /** Milliseconds in all, and of one round. */
  readonly timeMs: number;
  readonly roundMs: number;
  readonly seed: number;
  /** `memory`: no cycles; `collector`: hardly anything else. Default: in turn, where the build has a collector. */
  readonly part?: SoakPart;
  readonly memoryBytes: number;
  /** As `RuntimeOptions`. */
  readonly runtime?: RuntimeOptions;
}

/** One round: a run of the program, and what it left behind. */
export interface SoakRound {
  readonly threads: number;
  readonly operations: number;
  readonly births: number;
  /** Segments in use after the round, when no thread is alive. */
  readonly segments: number;
  readonly counters: Readonly<Record<string, number>>;
  /** Of a round of the collector. */
  readonly gc?: GcSoakTally;
  /** What was wrong, or null: a broken object or block, or a leak. */
  readonly wrong: string | null;
}

/** What a soak found. */
export interface SoakResult {
  readonly rounds: readonly SoakRound[];
  /** Null, or why it failed: the first round with something wrong, or memory that grew. */
  readonly wrong: string | null;
  /** The time was over; false if it was interrupted. */
  readonly complete: boolean;
}

const PROGRAMS: Readonly<Record<SoakPart, URL>> = {
  memory: new URL('./program.js', import.meta.url),
  collector: new URL('./gcProgram.js', import.meta.url),
};

/** Segments that a later round may hold more than the rounds of the first quarter did. */
const ALLOWED_GROWTH = 2;

/**
 * Soaks a build: rounds with changing numbers of threads over one memory, each followed by a look for leaks.
 * `onRound` is called after each. Aborting `signal` ends it with what there is. Throws what a run throws.
 */
export async function soak(
  options: SoakOptions,
  onRound: (round: SoakRound) => void,
  signal: AbortSignal,
): Promise<SoakResult> {
  const { build, threads, memoryBytes } = options;
  const runtime = await Runtime.start({ ...options.runtime, build, threads, memory: memoryBytes });
  const rounds: SoakRound[] = [];
  const end = performance.now() + options.timeMs;
  try {
    while (performance.now() < end && !signal.aborted) {
      const round = await soakRound(runtime, options, rounds.length, signal);
      rounds.push(round);
      onRound(round);
      if (round.wrong !== null) break;
    }
  } catch (error) {
    if (!(error instanceof RunAborted && signal.aborted)) throw error;
  } finally {
    await runtime.shutdown();
  }
  return { rounds, wrong: findWrong(rounds), complete: !signal.aborted };
}

async function soakRound(
  runtime: Runtime,
  options: SoakOptions,
  number: number,
  signal: AbortSignal,
): Promise<SoakRound> {
  const part = partOf(runtime, options, number);
  // All threads, one fewer, and so on: a thread that does not come back leaves what it has to the others.
  const turn = options.part === undefined ? number >> 1 : number;
  const threads = options.threads - (turn % options.threads);
  const args: SoakArgs = { seed: options.seed + number, timeMs: options.roundMs };
  const check = part === 'collector';
  const report = await runtime.run(PROGRAMS[part], {
    args,
    threads,
    signal,
    ...(check ? { examine: { check } } : {}),
  });
  const parts = report.results as SoakReport[];
  const end = part === 'collector' ? (report.teardown as GcSoakEnd) : null;
  const complaints = parts
    .map((one) => one.wrong)
    .concat(end === null ? (report.teardown as string | null) : end.wrong);
  complaints.push(...(report.heap?.problems ?? []), ...(await lookForLeaks(runtime)));
  const wrong = complaints.find((complaint) => complaint !== null) ?? null;
  return {
    threads,
    operations: parts.reduce((sum, one) => sum + one.operations, 0),
    births: parts.reduce((sum, one) => sum + one.births + 1, 0),
    segments: runtime.segmentsInUse(),
    counters: report.counters,
    ...(end === null ? {} : { gc: end.tally }),
    wrong: wrong === null ? null : `${wrong} (${part}, seed ${args.seed}, ${threads} threads)`,
  };
}

function partOf(runtime: Runtime, { part }: SoakOptions, number: number): SoakPart {
  if (part !== undefined) return part;
  return runtime.build.collector !== 'none' && number % 2 === 1 ? 'collector' : 'memory';
}

/** No thread is there: nothing may be alive, and what is there for good must be sound. */
async function lookForLeaks(runtime: Runtime): Promise<string[]> {
  const leaks = runtime.leaks();
  const { problems } = await runtime.examine(true);
  const texts = [...(problems ?? [])];
  if (leaks.length > 0) texts.push(`leaks: ${leaks.map(({ type, count }) => `${count} ${type}`).join(', ')}`);
  return texts;
}

/** Memory is bounded if the last quarter of the rounds holds no more than the first one did. */
export function findWrong(rounds: readonly SoakRound[]): string | null {
  const broken = rounds.find((round) => round.wrong !== null);
  if (broken !== undefined) return `round ${rounds.indexOf(broken) + 1}: ${broken.wrong}`;
  const quarter = Math.floor(rounds.length / 4);
  if (quarter === 0) return null;
  const first = Math.max(...rounds.slice(0, quarter).map((round) => round.segments));
  const last = Math.min(...rounds.slice(-quarter).map((round) => round.segments));
  if (last <= first + ALLOWED_GROWTH) return null;
  return `memory grew: at most ${first} segments in use after the first ${quarter} rounds, at least ${last} after the last`;
}
