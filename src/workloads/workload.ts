import type { Ref } from '../refcount/refCounter.js';
import type { Bodies } from '../runtime/calls.js';
import type { Thread } from '../runtime/thread.js';

/** What a list of workloads shows. */
export interface WorkloadInfo {
  /** As in cpython-measured.json. */
  readonly name: string;
  /** The Python that its twin runs; one operation. */
  readonly cpython: string;
  /** What is shared, and what that costs without the GIL. */
  readonly title: string;
  /** What one operation is called. */
  readonly unit: string;
  /** The `unsafe` build may run it: its damage is confined to what the check looks at. */
  readonly unsafe: boolean;
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
