import type { AtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';

/**
 * What sync/ needs to know of the thread that waits. `threads/threadState.ts` implements it; tests of this room
 * use a bare one.
 */
export interface SyncThread {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly atomics: AtomicOps;
  /** Address of this thread's `ThreadBlock`. */
  readonly block: number;
  /** Spins before parking: CPython's MAX_SPIN_COUNT 40; 0 under the GIL, 0 or 1 under exploration. */
  readonly spinLimit: number;
  /** Leaves the attached state: critical sections are suspended, QSBR goes offline, the GIL is dropped. */
  detach(): void;
  /** Comes back, waiting for the GIL or the end of a stop-the-world. Throws RunAborted. */
  attach(): void;
  /**
   * `Clock.microseconds`, for counting how long something took; nothing may depend on it. Stands still under exploration,
   * where each reading of a clock would be a step.
   */
  stopwatch(): number;
  /** True while this thread is attached. */
  isAttached(): boolean;
}
