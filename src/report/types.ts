/**
 * What the report knows of a run: the shapes between whoever measures (`workloads/`) and whoever shows (`report/`,
 * `cli/`). Types only, so that either side can be replaced by a fake.
 */

/** One repeat of one workload. */
export interface Sample {
  /** Operations done by all threads together. */
  operations: number;
  /** Wall seconds from the common start to the last thread's end. */
  seconds: number;
  /** Operations per second of each thread, for fairness. */
  perThread: number[];
}

/** Objects of one type that were alive after shutdown and should not have been. */
export interface LeakRecord {
  type: string;
  count: number;
  /** Addresses of the first few, as word indices into the heap. */
  addresses: number[];
}

/** All repeats of one workload on one build with one number of threads. */
export interface Measurement {
  workload: string;
  build: string;
  threads: number;
  samples: Sample[];
  counters: Record<string, number>;
  /** What was wrong with the workload's own result; null if it was right. */
  wrong: string | null;
  leaks: LeakRecord[];
}

/** What to measure: every combination of the three lists. */
export interface CompareOptions {
  workloads: string[];
  builds: string[];
  /** Numbers of threads, each 1 to 64. */
  threads: number[];
  /** Milliseconds that one repeat runs. */
  timeMs: number;
  /** Repeats per combination, 1 or more. */
  repeats: number;
  /** Bytes of the shared memory. */
  memoryBytes: number;
}

/** Called as the comparison goes on, always on the main thread. */
export interface CompareHooks {
  /** Once, with the number of combinations to come. */
  onStart(total: number): void;
  /** Before each combination. */
  onStep(workload: string, build: string, threads: number): void;
  /** After each combination. */
  onMeasurement(measurement: Measurement): void;
}

/**
 * Runs everything and resolves when done. Aborting `signal` ends it early, having delivered what it has. Throws on
 * a program error, which carries the number of the thread in `.thread`.
 */
export type Compare = (options: CompareOptions, hooks: CompareHooks, signal: AbortSignal) => Promise<void>;

/** What is known of a workload without running it. */
export interface WorkloadInfo {
  name: string;
  title: string;
  /** What its CPython twin does. */
  cpython: string;
  /** What one operation is called. */
  unit: string;
  /** The program itself races: a wrong result is one of its outcomes, on any build. */
  races?: boolean;
}

/** A build's composition, in words. */
export interface BuildInfo {
  name: string;
  lock: string;
  refcount: string;
  allocator: string;
  collector: string;
  containers: string;
  /** What it stands for, in a phrase. */
  summary?: string;
  /** False for a build of the table that cannot run yet. */
  available?: boolean;
}
