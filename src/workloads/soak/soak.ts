import { RunAborted } from '../../memory/errors.js';
import { Runtime, type RuntimeOptions } from '../../runtime/runtime.js';
import type { SoakArgs, SoakReport } from './program.js';

export interface SoakOptions {
  readonly build: string;
  /** Threads of the busiest rounds, 1 to 64. */
  readonly threads: number;
  /** Milliseconds in all, and of one round. */
  readonly timeMs: number;
  readonly roundMs: number;
  readonly seed: number;
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

const PROGRAM = new URL('./program.js', import.meta.url);

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
  // All threads, one fewer, and so on: a thread that does not come back leaves what it has to the others.
  const threads = options.threads - (number % options.threads);
  const args: SoakArgs = { seed: options.seed + number, timeMs: options.roundMs };
  const report = await runtime.run(PROGRAM, { args, threads, signal });
  const parts = report.results as SoakReport[];
  const leaks = runtime.leaks();
  const complaints = parts.map((part) => part.wrong).concat(report.teardown as string | null);
  if (leaks.length > 0)
    complaints.push(`leaks: ${leaks.map(({ type, count }) => `${count} ${type}`).join(', ')}`);
  return {
    threads,
    operations: parts.reduce((sum, part) => sum + part.operations, 0),
    births: parts.reduce((sum, part) => sum + part.births + 1, 0),
    segments: runtime.segmentsInUse(),
    counters: report.counters,
    wrong: complaints.find((complaint) => complaint !== null) ?? null,
  };
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
