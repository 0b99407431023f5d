/** The program module that `ungil trace` runs: one workload, warmed up, then a stretch of it recorded. */
import type { Thread } from '../runtime/thread.js';
import { workloadNamed } from './index.js';
import { operationsOf, runFor, sample, type WorkloadArgs } from './program.js';
import type { SharedRefs, Worker } from './workload.js';

export { functions, level, setup, teardown } from './program.js';

/** Calls of a worker between two looks at the clock. */
const CALLS = 8;

/** Null, or what was wrong with the thread's own result. */
export function run(t: Thread, shared: SharedRefs, args: WorkloadArgs): string | null {
  const workload = workloadNamed(args.workload);
  const worker = t.memo(workload, () => workload.worker(t));
  const calls = workload.coarse === true ? 1 : CALLS;
  worker.start(shared);
  const warmedUp = recorded(t, worker, calls, args.warmupMs);
  t.memory.f64[operationsOf(t.index)] = warmedUp + recorded(t, worker, calls, args.timeMs);
  return worker.finish();
}

/**
 * A sample, recorded; returns the operations. Recording begins in front of the barrier: a thread that waits for the GIL to
 * come out of it is in the stretch already. The warm-up is recorded too, for V8 to compile what records; the next recording
 * takes its place.
 */
function recorded(t: Thread, worker: Worker, calls: number, timeMs: number): number {
  t.recorder?.begin();
  const { operations } = sample(
    t,
    worker,
    timeMs,
    (ms) => runFor(worker, calls, ms),
    () => t.recorder?.stretch(),
  );
  t.recorder?.finish();
  return operations;
}
