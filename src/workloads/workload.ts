import type { Ref } from '../refcount/refCounter.js';
import type { Bodies } from '../runtime/calls.js';
import type { Thread } from '../runtime/thread.js';
import type { TrashUse } from './gc/trash.js';
import type { RequestTimes } from './latency/requestTimes.js';
import type { MemoryUse } from './memory/heapMeter.js';

/** By the question that a workload answers: `GROUPS`. */
export type WorkloadGroup = 'sharing' | 'scaling' | 'locks' | 'requests' | 'memory' | 'gc';

/** Groups of workloads, and the question that each answers. */
export const GROUPS: Readonly<Record<WorkloadGroup, string>> = {
  sharing: 'does this pattern of sharing scale without the GIL?',
  scaling: 'does this one operation of the interpreter scale, although threads share what it uses?',
  locks: 'what does a lock give, by the work inside and outside of it, and is it fair?',
  requests: 'how long does a request wait: through queues, beside busy threads, in a server?',
  memory: 'what does the allocator cost, in time and memory?',
  gc: 'what does the collector cost?',
};

/** What a list of workloads shows. */
export interface WorkloadInfo {
  /** As in cpython-measured.json, where it is there. */
  readonly name: string;
  readonly group: WorkloadGroup;
  /** The Python that its twin runs; one operation. Or the benchmark that it follows. */
  readonly cpython: string;
  /** What is shared, and what that costs without the GIL. */
  readonly title: string;
  /** What one operation is called. */
  readonly unit: string;
  /** The `unsafe` build may run it: its damage is confined to what the check looks at. */
  readonly unsafe: boolean;
  /**
   * At each safepoint every reference that it goes on to use is in a handle, in a container that is, or on the shadow
   * stack; hence builds that count no references may run it. Left out: it may not be so.
   */
  readonly rooted?: boolean;
  /** Much code, some of it rarely run: it gets four times the warm-up before V8 has compiled it. */
  readonly slowToWarm?: boolean;
  /** One call of `Worker.run` takes milliseconds: the clock is looked at after each. */
  readonly coarse?: boolean;
}

/** References by name, as `Program.setup` returns them. */
export type SharedRefs = Record<string, Ref>;

/** One thread's part of a workload. */
export interface Worker {
  /** Before a run. `shared` is borrowed until `finish`. */
  start(shared: SharedRefs): void;
  /** Thread 0, between two samples, while all others wait. */
  rest?(): void;
  /**
   * Does the twin's operation `count` times, with the twin's loop around it; polls at the back-edge as the
   * interpreter does. May do fewer; returns how many.
   */
  run(count: number): number;
  /**
   * What every thread but thread 0 does, over and over, instead of `run`: it has no operations of its own. For a
   * workload whose operations one thread does, and which are to find the others running.
   */
  help?(): void;
  /**
   * For a workload with requests: where this thread records how long its own took. The same for the worker's life; what
   * a request is, and from when it counts, the workload says in a comment.
   */
  latency?(): RequestTimes;
  /**
   * After a thread's last `run` or `help` of a sample, warm-up included: nobody may wait for this thread any longer.
   * For workloads whose threads wait for each other; their `run` may then return 0, which ends the sample.
   */
  end?(): void;
  /**
   * Before `finish`: the most that all threads had together, for a workload that watches this while it runs. Others
   * are looked at between the samples.
   */
  memory?(): MemoryUse;
  /** Before `finish`: garbage that waited for a collector, of all threads; null for a thread that has not looked. */
  trash?(): TrashUse | null;
  /** Checks what this thread alone can check and gives back what it holds. Null, or what is wrong. */
  finish(): string | null;
}

/** A contention workload: one of the sixteen sharing patterns. */
export interface Workload extends WorkloadInfo {
  /** Thread 0: the shared objects. */
  setup(t: Thread): SharedRefs;
  /**
   * Made once in each worker: the closures' captured thread is a constant for V8 (see `Program`). What changes
   * from run to run is set by `start`.
   */
  worker(t: Thread): Worker;
  /** Thread 0, after all have finished: the shared result against what `operations` demand. */
  check?(t: Thread, shared: SharedRefs, operations: number): string | null;
  functions?(t: Thread): Bodies;
}
