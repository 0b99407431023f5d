import type { AllocatorsOption } from './allocators.js';
import type { Instruments } from './builds.js';
import type { HeapExamination } from './examine.js';
import type { GcOptions } from './gcOptions.js';
import type { GcReport } from './gcReport.js';
import type { GilWaits } from './gilWaits.js';
import type { LeakRecord } from './leaks.js';

export interface RuntimeOptions {
  /** Name of a build, with switches if wanted; see `buildNamed`. Default 'free-threaded'. */
  readonly build?: string;
  /**
   * The allocators of the domains raw, mem and object: one string as CPython's PYTHONMALLOC has it (`debug`,
   * `pymalloc_debug`), or a name for each (`{ object: 'debug+mimalloc' }`), which may be the path of a module with an
   * allocator of one's own (`BlockAllocatorModule`). Default: the build's.
   */
  readonly allocators?: AllocatorsOption;
  /** Threads that a run may have, 1 to 64. Default: the machine's processors. */
  readonly threads?: number;
  /** Bytes of shared memory, 16 MiB to 2 GiB; committed on first touch. Default 1 GiB. */
  readonly memory?: number;
  /** The GIL's switch interval in milliseconds, 0.001 to 600000. Default 5. */
  readonly switchInterval?: number;
  /**
   * JavaScript heap of each worker in MiB, at least 16. Default 1024: a runaway program dies within seconds, not
   * when the machine is full. Shared objects do not count.
   */
  readonly workerHeapMB?: number;
  /** Asserts the invariants of counts, allocators and QSBR at each operation; several times slower. Default false. */
  readonly debug?: boolean;
  /** Counts or records what the threads do, at the price of their speed; not together with `debug`. Default 'none'. */
  readonly instruments?: Instruments;
  /** The collector of cycles as each program finds it, until one changes it. */
  readonly gc?: GcOptions;
}

export interface RunOptions {
  /** Given to the program's functions; must be cloneable, else `run` throws DataCloneError. */
  readonly args?: unknown;
  /** How many of the runtime's threads take part. Default: all. */
  readonly threads?: number;
  /** Ends the run: it rejects with RunAborted and shuts the runtime down. */
  readonly signal?: AbortSignal;
  /** The report has the state of the heap at the end of `run`, all objects alive; with a check of it or not. */
  readonly examine?: { readonly check: boolean };
}

export interface RunReport {
  /** What each thread's `run` returned, by thread number. */
  readonly results: unknown[];
  /** What `teardown` returned. */
  readonly teardown: unknown;
  /** Events of the run, summed over its threads, by the names of `Counter`. */
  readonly counters: Record<string, number>;
  /** The same by thread number. */
  readonly threadCounters: readonly Record<string, number>[];
  /** Waits for the GIL, of all threads together; null in builds without one. */
  readonly gilWaits: GilWaits | null;
  /** What was collected, and how long that took. */
  readonly gc: GcReport;
  /**
   * Errors that nobody could catch: of finalisers, of callbacks, of collections that nobody asked for. Each with its
   * thread and the object that it is about.
   */
  readonly unraisable: readonly string[];
  /** If `examine` asked for it. */
  readonly heap?: HeapExamination;
}

export interface ShutdownReport {
  /** What was still alive, by type; null if the runtime failed and could not be examined. */
  readonly leaks: readonly LeakRecord[] | null;
}
