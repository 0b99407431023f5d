/** The program module that `ungil compare` runs: one workload, warmed up, then sampled. */
import { Control, Geometry } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Bodies } from '../runtime/calls.js';
import type { Thread } from '../runtime/thread.js';
import { type BareRates, measureBare, warmBareUp } from './bareLoop.js';
import { Calibration } from './calibration.js';
import type { TrashUse } from './gc/trash.js';
import { ALL_WORKLOADS, workloadNamed } from './index.js';
import type { LatencyCounts } from './latency/latencyCounts.js';
import { HeapMeter, type MemoryUse } from './memory/heapMeter.js';
import type { SharedRefs, Worker } from './workload.js';

/**
 * Operations in one call of a worker. Few, so that V8 compiles the loop by its calls and not by on-stack
 * replacement: code that was entered in the middle of a loop knows nothing of what comes after it, and is thrown
 * away at the loop's end, again and again (measured: 29 instead of 11 ns an operation of int-add).
 */
export const BATCH = 128;

export interface WorkloadArgs {
  readonly workload: string;
  /** Milliseconds of one sample, and of the warm-up in front of the first. */
  readonly timeMs: number;
  readonly warmupMs: number;
  readonly repeats: number;
  /** Milliseconds that bare loops run behind each sample; left out: not at all. */
  readonly bareMs?: number;
}

/** What one thread did in one sample. */
export interface ThreadSample {
  readonly operations: number;
  /** When it began: milliseconds since 1970, comparable between workers to some microseconds. */
  readonly begun: number;
  /** From there to its own end. */
  readonly seconds: number;
  /** The thread had no operations to do: see `Worker.help`. */
  readonly helped?: true;
  /** Right behind the sample: see `measureBare`. */
  readonly bare?: BareRates;
}

export interface ThreadReport {
  readonly samples: readonly ThreadSample[];
  /** Operations between two looks at the clock, as the warm-up has found them; 0 without one. */
  readonly chunk: number;
  /** Of groups memory and gc: the most that was seen; null where this thread has not looked. */
  readonly memory: MemoryUse | null;
  /** Of group gc, where the workload looks. */
  readonly trash: TrashUse | null;
  /** Requests of all samples, without the warm-up; null where there are none. */
  readonly latency: LatencyCounts | null;
  /** What `finish` found wrong. */
  readonly wrong: string | null;
}

export const level = 'raw';

/** All workloads' functions: the same table in every run, so that bodies keep their numbers. */
export function functions(t: Thread): Bodies {
  return Object.assign({}, ...ALL_WORKLOADS.map((workload) => workload.functions?.(t) ?? {}));
}

export function setup(t: Thread, args: Pick<WorkloadArgs, 'workload'>): Record<string, Ref> {
  for (let index = 0; index < Geometry.MaxThreads; index++) t.memory.f64[operationsOf(index)] = 0;
  return workloadNamed(args.workload).setup(t);
}

export function run(t: Thread, shared: SharedRefs, args: WorkloadArgs): ThreadReport {
  const workload = workloadNamed(args.workload);
  const worker = t.memo(workload, () => workload.worker(t));
  worker.start(shared);
  const calibration = new Calibration(workload.coarse === true);
  let total = sample(t, worker, args.warmupMs, (ms) => warmUp(worker, calibration, ms)).operations;
  worker.latency?.().clear();
  const { bareMs = 0 } = args;
  if (bareMs > 0) warmBareUp(t);
  const samples: ThreadSample[] = [];
  let memory: MemoryUse | null = null;
  for (let repeat = 0; repeat < args.repeats; repeat++) {
    const result = sample(t, worker, args.timeMs, (ms) => runFor(worker, calibration.calls, ms));
    total += result.operations;
    samples.push(bareMs > 0 ? { ...result, bare: measureBare(t, bareMs) } : result);
    if (workload.group === 'memory' || workload.group === 'gc') memory = most(memory, lookAtHeaps(t, worker));
  }
  t.memory.f64[operationsOf(t.index)] = total;
  const latency = worker.latency?.().counts() ?? null;
  return {
    samples,
    chunk: calibration.operations,
    memory,
    trash: worker.trash?.() ?? null,
    latency,
    wrong: worker.finish(),
  };
}

/** The workload's verdict on the shared result: null, or what is wrong. */
export function teardown(t: Thread, shared: SharedRefs, args: Pick<WorkloadArgs, 'workload'>): string | null {
  let operations = 0;
  for (let index = 0; index < t.i32[Control.RunThreads]; index++) {
    operations += t.memory.f64[operationsOf(index)];
  }
  return workloadNamed(args.workload).check?.(t, shared, operations) ?? null;
}

/**
 * All threads leave a barrier together, but under a GIL each begins when it first gets that, a switch interval after the
 * one before; each stops at the first look at the clock after its time. `onStart`: in every thread that has begun, those
 * too that only help.
 */
export function sample(
  t: Thread,
  worker: Worker,
  timeMs: number,
  work: (timeMs: number) => ThreadSample,
  onStart: () => void = () => {},
): ThreadSample {
  t.barrier();
  if (t.index === 0) worker.rest?.();
  t.barrier();
  onStart();
  worker.latency?.().begin();
  const helps = t.index > 0 && worker.help !== undefined;
  const result = helps ? helpFor(worker, timeMs) : work(timeMs);
  worker.end?.();
  worker.latency?.().settle();
  return result;
}

/** Like a sample, with a look at the clock after as many calls as are known to be few. */
function warmUp(worker: Worker, calibration: Calibration, timeMs: number): ThreadSample {
  if (timeMs > 0) calibration.begin();
  const start = performance.now();
  let operations = 0;
  let elapsed = 0;
  for (let done = 1; done > 0 && elapsed < timeMs; ) {
    done = runCalls(worker, calibration.calls);
    operations += done;
    const now = performance.now() - start;
    calibration.add(done, now - elapsed);
    elapsed = now;
  }
  return { operations, begun: performance.timeOrigin + start, seconds: elapsed / 1000 };
}

/** For so long, with a look at the clock after so many calls. */
export function runFor(worker: Worker, calls: number, timeMs: number): ThreadSample {
  const start = performance.now();
  let operations = 0;
  let elapsed = 0;
  for (let done = 1; done > 0 && elapsed < timeMs; ) {
    done = runCalls(worker, calls);
    operations += done;
    elapsed = performance.now() - start;
  }
  return { operations, begun: performance.timeOrigin + start, seconds: elapsed / 1000 };
}

/** A thread without operations of its own, for as long as the sample lasts. */
function helpFor(worker: Worker, timeMs: number): ThreadSample {
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < timeMs) {
    worker.help?.();
    elapsed = performance.now() - start;
  }
  return { operations: 0, begun: performance.timeOrigin + start, seconds: elapsed / 1000, helped: true };
}

/** Between samples, while all threads stand still: thread 0 looks at all heaps, or everybody at what it has watched. */
function lookAtHeaps(t: Thread, worker: Worker): MemoryUse | null {
  t.barrier();
  let use = worker.memory?.() ?? null;
  if (t.index === 0) {
    const total = t.memo(HeapMeter, () => new HeapMeter(t)).total();
    use =
      use === null
        ? total
        : { liveBytes: use.liveBytes, usedBytes: Math.max(use.usedBytes, total.usedBytes) };
  }
  t.barrier();
  return use;
}

/** Either figure at its highest. */
export function most(one: MemoryUse | null, other: MemoryUse | null): MemoryUse | null {
  if (one === null || other === null) return one ?? other;
  return {
    usedBytes: Math.max(one.usedBytes, other.usedBytes),
    liveBytes: Math.max(one.liveBytes, other.liveBytes),
  };
}

function runCalls(worker: Worker, calls: number): number {
  let operations = 0;
  for (let call = 0; call < calls; call++) operations += worker.run(BATCH);
  return operations;
}

/** Where a thread leaves its count of operations; written before and read after a barrier. */
export function operationsOf(index: number): number {
  return (Control.Scratch >> 1) + index;
}
