import type { DomainNames } from '../allocators/domains/spec.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import type { GcOptions } from '../runtime/gcOptions.js';
import type { NamedSpot } from '../runtime/hotSpotNames.js';
import { Runtime } from '../runtime/runtime.js';
import type { ExplainArgs, ExplainedThread } from './explainProgram.js';

/** One object or lock that the threads of a run met more often than any other. */
export interface Hot {
  /** Its type: `float`, `list`; `runtime` for a lock of the runtime's own. */
  what: string;
  /** How often at least, of all threads together. */
  count: number;
  /** Of all meetings with such things, 0 to 1. */
  share: number;
  /** Threads that met it, each at least once in a hundred of its own meetings. */
  threads: number;
}

/** What an explanation run has counted. */
export interface Explained {
  /** Of all threads, warm-up left out. */
  operations: number;
  seconds: number;
  /** Counters by thread number, by name, of just these operations, and how many they were; times in microseconds. */
  threads: Record<string, number>[];
  /** By references counted, taken or dropped: the object that several threads count most, else that of one thread. */
  hotCount: Hot | null;
  /** By tries to lock it, and by tries that found it taken. */
  hotLock: Hot | null;
  hotMiss: Hot | null;
  /** What was wrong with the workload's result. */
  wrong: string | null;
}

export interface ExplainOptions {
  /** Bytes of the shared memory. */
  memoryBytes: number;
  allocators?: DomainNames;
  gc?: GcOptions;
  /** Milliseconds that are counted, and in front of them. */
  timeMs?: number;
  warmupMs?: number;
}

const PROGRAM = new URL('./explainProgram.js', import.meta.url);
/** Long enough for a dozen switch intervals of the GIL. */
const TIME_MS = 60;
const WARMUP_MS = 40;

/**
 * Runs a workload in the counted form of a build, briefly: what stalls shows in a few thousand operations. Main thread. Throws
 * what a run throws.
 */
export async function explain(
  workload: string,
  build: string,
  threads: number,
  options: ExplainOptions,
  signal: AbortSignal,
): Promise<Explained> {
  const runtime = await Runtime.start({
    build,
    threads,
    memory: options.memoryBytes,
    instruments: 'counted',
    allocators: options.allocators ?? 'default',
    gc: options.gc ?? {},
  });
  try {
    const args: ExplainArgs = {
      workload,
      timeMs: options.timeMs ?? TIME_MS,
      warmupMs: options.warmupMs ?? WARMUP_MS,
    };
    const report = await runtime.run(PROGRAM, { args, threads, signal });
    return toExplained(report.results as ExplainedThread[], wrongOf(report.teardown, build));
  } finally {
    await runtime.shutdown();
  }
}

/** What a build gets wrong by design is said of its measurement already. */
function wrongOf(teardown: unknown, build: string): string | null {
  return racesByDesign(buildNamed(build)) ? null : (teardown as string | null);
}

export function toExplained(threads: readonly ExplainedThread[], wrong: string | null): Explained {
  return {
    operations: threads.reduce((sum, thread) => sum + thread.operations, 0),
    seconds: Math.max(...threads.map((thread) => thread.seconds)),
    threads: threads.map((thread) => thread.counters),
    hotCount: hottest(threads.map((thread) => thread.hotCounts)),
    hotLock: hottest(threads.map((thread) => thread.hotLocks)),
    hotMiss: hottest(threads.map((thread) => thread.hotMisses)),
    wrong: wrong ?? threads.find((thread) => thread.wrong !== null)?.wrong ?? null,
  };
}

/**
 * What several threads meet comes before what one meets alone, for only that can be fought over; a lock of the program before
 * those that are taken while it is held.
 */
function hottest(threads: readonly (readonly NamedSpot[])[]): Hot | null {
  const total = threads.flat().reduce((sum, spot) => sum + spot.count, 0);
  const byAddress = new Map<number, Hot>();
  for (const spots of threads) {
    const own = spots.reduce((sum, spot) => sum + spot.count, 0);
    for (const { address, count, what } of spots) {
      const hot = byAddress.get(address) ?? { what, count: 0, share: 0, threads: 0 };
      hot.count += count;
      hot.share = hot.count / total;
      if (count * 100 >= own) hot.threads++;
      byAddress.set(address, hot);
    }
  }
  const spots = [...byAddress.values()].sort(
    (a, b) => Math.min(b.threads, 2) - Math.min(a.threads, 2) || b.count - a.count,
  );
  if (spots.length === 0) return null;
  const [first] = spots;
  const lock = spots.find(({ what, threads: met }) => what === 'Lock' && met === first.threads);
  return lock !== undefined && lock.count * 8 >= first.count ? lock : first;
}
