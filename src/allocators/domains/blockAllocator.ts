import type { AtomicOps } from '../../memory/atomicOps.js';
import type { HeapTag } from '../../memory/layout.js';
import type { BlockVisitor } from '../allocator.js';

/**
 * An allocator of the user's own. A module exports `properties` and `createAllocator`; each worker, and the host,
 * loads the module and makes one allocator, which lives as long as the worker. What the threads share lies in shared
 * memory. A worked example: `test/fixtures/allocators/freeLists.mjs`.
 */
export interface BlockAllocatorModule {
  readonly properties: BlockAllocatorProperties;
  createAllocator(thread: BlockAllocatorThread): BlockAllocator;
}

/** What an allocator promises; builds ask for what they need, and refuse what is not declared. */
export interface BlockAllocatorProperties {
  /** Threads may be in it at once. Needed without a GIL, and for the raw domain. */
  readonly threadSafe: boolean;
  /**
   * Memory that was a block of tag Object, Gc or GcPre is only ever a block of that tag again, with the same start or
   * none, and a freed block keeps all its words but the first until then: lock-free readers may still try to
   * increment the count of a dead object. Needed for the domain object in builds with such readers.
   */
  readonly typeStable: boolean;
}

/** Called by the allocator's own thread only, between `start` and `exit`, but for `visit`. */
export interface BlockAllocator {
  /** A block of at least `words` words (0 or more), aligned to 16 bytes; 0 if there is no memory. */
  alloc(words: number, tag: HeapTag): number;
  /** Gives back a block that any thread has allocated. */
  free(address: number, tag: HeapTag): void;
  /** Usable words of a live block, any thread's. */
  blockWords(address: number): number;
  /** A run begins. */
  start?(): void;
  /** The thread leaves: blocks that are alive stay, and others may free them. */
  exit?(): void;
  /**
   * Calls `visitor` for every live block of all threads, also those that have left. No other thread runs meanwhile.
   * Without it leak reports, and checks of the whole heap, do not see this allocator's blocks.
   */
  visit?(visitor: BlockVisitor): void;
}

/** What an allocator may use. */
export interface BlockAllocatorThread {
  /** The shared memory; addresses are indices. */
  readonly i32: Int32Array;
  /** Atomic operations on it, faster than `Atomics`. */
  readonly atomics: AtomicOps;
  /** Address of the thread's words in the runtime: something that tells threads apart. */
  readonly block: number;
  /** 16 words of this allocator's own, zero at first, the same ones for all threads. */
  readonly state: number;
  /** Claims `count` contiguous segments of 2^20 words, aligned to 2^20; 0 if there are none. Contents are undefined. */
  claimSegments(count: number): number;
  /** Gives them back. */
  releaseSegments(address: number, count: number): void;
}
