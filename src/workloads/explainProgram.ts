/** The program module of explanation runs: one workload in a counted build, warmed up, then counted. */
import { COUNTER_NAMES } from '../memory/counterNames.js';
import { GilWait } from '../memory/layout.js';
import { type NamedSpot, nameLocks, nameObjects } from '../runtime/hotSpotNames.js';
import type { Thread } from '../runtime/thread.js';
import { workloadNamed } from './index.js';
import { BATCH, operationsOf } from './program.js';
import type { SharedRefs, Worker } from './workload.js';

export { functions, level, setup, teardown } from './program.js';

export interface ExplainArgs {
  readonly workload: string;
  readonly warmupMs: number;
  readonly timeMs: number;
}

/** What one thread has counted behind the warm-up. */
export interface ExplainedThread {
  readonly operations: number;
  readonly seconds: number;
  /** Fast and slow paths by name; times in microseconds. */
  readonly counters: Record<string, number>;
  readonly hotCounts: NamedSpot[];
  readonly hotLocks: NamedSpot[];
  readonly hotMisses: NamedSpot[];
  /** What `finish` found wrong. */
  readonly wrong: string | null;
}

export function run(t: Thread, shared: SharedRefs, args: ExplainArgs): ExplainedThread {
  const workload = workloadNamed(args.workload);
  const worker = t.memo(workload, () => workload.worker(t));
  worker.start(shared);
  rest(t, worker);
  const warmup = workFor(t, worker, args.warmupMs);
  rest(t, worker);
  for (const spots of [t.tally?.hotCounts, t.tally?.hotLocks, t.tally?.hotMisses]) spots?.clear();
  // In front of the common start: who gets the GIL last has waited from there on.
  const before = countersOf(t);
  const { operations, seconds } = workFor(t, worker, args.timeMs);
  const after = countersOf(t);
  const counters: Record<string, number> = { operations };
  for (const [name, count] of Object.entries(after)) counters[name] = count - before[name];
  counters.gilLongestMicroseconds = t.gilWaits()[GilWait.Longest];
  const hot = {
    hotCounts: nameObjects(t, t.tally?.hotCounts.spots() ?? []),
    hotLocks: nameLocks(t, t.tally?.hotLocks.spots() ?? []),
    hotMisses: nameLocks(t, t.tally?.hotMisses.spots() ?? []),
  };
  t.memory.f64[operationsOf(t.index)] = warmup.operations + operations;
  return { operations, seconds, counters, ...hot, wrong: worker.finish() };
}

function countersOf(t: Thread): Record<string, number> {
  const slow = t.counters();
  const named = Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, slow[index]]));
  return { ...named, ...t.tally?.counts() };
}

function rest(t: Thread, worker: Worker): void {
  t.barrier();
  if (t.index === 0) worker.rest?.();
  t.barrier();
}

/** From a common start. A thread without operations of its own helps instead. */
function workFor(t: Thread, worker: Worker, ms: number): { operations: number; seconds: number } {
  const start = performance.now();
  t.barrier();
  let operations = 0;
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - start) {
    if (t.index > 0 && worker.help !== undefined) worker.help();
    else operations += worker.run(BATCH);
  }
  return { operations, seconds: (performance.now() - start) / 1000 };
}
