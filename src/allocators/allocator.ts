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
   * A block of at least `words` words (0 to what the memory holds), aligned to 16 bytes. The address is what
   * `free` takes; objects with a pre-header start behind it. Throws MemoryError, and nothing has changed then.
   */
  alloc(words: number, tag: HeapTag): number;
  /** Gives a block back, `tag` as it was allocated; from any thread. Never throws MemoryError. */
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
  /** Frees what freeDelayed and empty pages have waiting and is due (`EvalBreaker.ProcessDelayed`). */
  processDelayed(): void;
  /** Sets the thread's heaps up. Once, after the thread has its id, before any other method. */
  start(): void;
  /** Leaves: hands blocks that are still alive over to the other threads. The last call; nothing borrowed. */
  exit(): void;
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
