import type { AtomicOps } from '../memory/atomicOps.js';
import type { HeapTag } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Qsbr } from '../threads/qsbr.js';

/**
 * What objects and containers allocate from; one instance a thread. All methods: the thread itself, attached
 * (INV: CPython PIT-3.4).
 *
 * Nothing is ever zeroed. Callers may rely on this much about old contents: in the builds without a GIL a block of
 * tags Object, Gc, GcPre lies on memory that held blocks of the same tag and size, or that every thread has been
 * quiescent since; a freed block keeps all its words but the first until it is handed out again.
 */
export interface Allocator {
  /**
   * A block of at least `words` words, aligned to 16 bytes. The address is what `free` takes; objects with a
   * pre-header start behind it. Throws RangeError unless `words` is a whole number from 0 to what the largest memory
   * holds, and MemoryError; nothing has changed then.
   */
  alloc(words: number, tag: HeapTag): number;
  /**
   * Gives a block back, `tag` as it was allocated; from any thread. Never throws MemoryError. Throws FatalError for an
   * address in no allocator's segment; that it is a block's is not tested.
   */
  free(address: number, tag: HeapTag): void;
  /**
   * Resizes: in place where the block still fits well, else by copying and freeing at once (no reader may look at
   * the block). Address 0 allocates. Throws MemoryError; the old block is untouched then.
   */
  realloc(address: number, words: number, tag: HeapTag): number;
  /**
   * Frees a block of tag Mem once no lock-free reader can hold it (QSBR); at once in builds without such readers.
   * The block is unlinked from every structure already. Holds no pointer that another thread may free.
   */
  freeDelayed(address: number): void;
  /**
   * Drops a reference that the caller gives up, once no lock-free reader can be about to increment the object; at
   * once in builds without such readers. For objects that were shown in a word that is read without a lock, and are
   * replaced there already: until the grace period ends a reader may increment without a condition (CPython
   * `_PyObject_XDecRefDelayed`). Runs no destructor before it returns but those of what is due already.
   */
  decrefDelayed(object: number): void;
  /**
   * A block of the raw domain, from `malloc` in every build: by any thread, attached or not, with any raw mutex held
   * but malloc's own. Passes no quiescent point and runs nobody's code. Throws MemoryError, RangeError, RunAborted.
   */
  rawAlloc(words: number): number;
  /** Gives such a block back. Any thread, attached or not. */
  rawFree(address: number): void;
  /** Usable words of a live block, at least as many as were asked for. `tag` as it was allocated, Mem if left out. */
  blockWords(address: number, tag?: HeapTag): number;
  /**
   * Gives memory back that is not in use (CPython's `mi_heap_collect`); `force`: also what is kept for the next
   * request, and abandoned segments are taken over. Throws RunAborted.
   */
  collect(force: boolean): void;
  /**
   * Frees what waits in any thread's `freeDelayed`, and hands each object of `decrefDelayed` to `drop` instead of dropping
   * the reference. In a stopped world: nobody holds anything without a count.
   */
  releaseDelayed(drop: (object: number) => void): void;
  /** Releases what waits in freeDelayed, decrefDelayed and empty pages, if due (`EvalBreaker.ProcessDelayed`). */
  processDelayed(): void;
  /** Where delayed decrefs end. Set once by the composition: the counter needs the allocator. */
  counter: DelayedCounter;
  /**
   * Calls `visitor` for each live block of all threads, also of those that have left: its address as `alloc` returned
   * it and its size in words, under debug hooks what was asked for. `tags`: bit `1 << tag` for each tag to visit; if
   * left out, all but the raw domain's. No other thread may run; the visitor neither allocates nor frees (INV-4.4).
   */
  visit(visitor: BlockVisitor, tags?: number): void;
  /** Sets the thread's heaps up. Once, after the thread has its id, before any other method. */
  start(): void;
  /**
   * First part of leaving, nothing borrowed: what waits for a grace period is handed over to all threads, and
   * released where it is due. Before the thread leaves the table of merge queues, for it may have to drop references
   * of its own objects.
   */
  abandonDelayed(): void;
  /**
   * Leaves: hands blocks that are still alive over to the other threads. The last call, behind `abandonDelayed`; no
   * count is touched any more.
   */
  exit(): void;
}

/** What an allocator needs of the thread's reference counter. */
export interface DelayedCounter {
  decref(object: number): void;
}

/** What an allocator needs of its thread. */
export interface AllocatorThread {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  /** Address of this thread's `ThreadBlock`. */
  readonly block: number;
  /** null: no lock-free readers in this build; nothing is delayed. */
  readonly qsbr: Qsbr | null;
}

/** Called for a live block: the address that `alloc` returned, its size in words, its tag. */
export type BlockVisitor = (address: number, words: number, tag: HeapTag) => void;
