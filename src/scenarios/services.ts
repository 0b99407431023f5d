import type { HeapTag } from '../memory/layout.js';

/**
 * What an engine offers to the world of a scenario. The world calls these as plain functions; where one is a step
 * at which the scheduler may switch (marked S), the fiber engine hands out functions that can be suspended.
 */
export interface Services {
  /** Number of the thread that is running; -1 during `setup` and `after`. */
  current(): number;
  /** A block of the model heap, 16-byte aligned, from the region of the thread in this slot. Never fails. */
  alloc(words: number, tag: HeapTag, slot: number): number;
  /**
   * S. Frees such a block; freeing what is not alive, or as another tag, is reported as a double free. The first
   * word becomes 0, where real heaps keep the link of their free lists; all others keep what they hold.
   */
  free(address: number, tag: HeapTag, slot: number): void;
  /** Words of the block that was last handed out here, dead or alive. */
  size(address: number): number;
  /** Whether a block of the model heap starts here and is alive. */
  isLive(address: number): boolean;
  /** Blocks of the model heap that are alive. */
  liveBlocks(): number;
  /**
   * Addresses of the live blocks whose tags are in the set, bit `1 << tag` each. In the order of addresses, which no
   * interleaving of threads changes. While nobody else can allocate or free.
   */
  blocksOf(tags: number): number[];
  /** Tag of the block that was last handed out here. */
  tag(address: number): HeapTag;
  /** S. The eval breaker is polled: under the GIL the only place to switch. */
  poll(): void;
  /** S. One of 0 .. count-1, all of them explored. */
  choose(count: number): number;
  /** S. An operation of a checked history begins; returns its number. */
  call(operation: string, args: readonly unknown[]): number;
  /** S. It has returned. */
  returned(operation: number, result: unknown): void;
  /** Gives words of the memory a name for traces: `name`, or `name[i]` where there are several. */
  name(address: number, words: number, name: string): void;
  /** Something is wrong that the code itself has noticed. */
  violation(message: string): void;
}
