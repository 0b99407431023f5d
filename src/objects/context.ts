import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { RefCounter } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { GcHeap } from './gcHeap.js';
import type { Guard } from './guard.js';

/** What the types of objects/ are made of in one thread; composed by runtime/thread.ts from the build's row. */
export interface ObjectContext {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  readonly refs: RefCounter;
  readonly allocator: Allocator;
  readonly gcHeap: GcHeap;
  readonly guard: Guard;
  readonly mutex: Mutex;
  /** Address of this thread's `ThreadBlock`. */
  readonly block: number;
  /** This thread's owner id. */
  readonly id: number;
  /** Address of the `FreeLists` words: the thread's own, or the interpreter's under the GIL. */
  readonly freeLists: number;
}
