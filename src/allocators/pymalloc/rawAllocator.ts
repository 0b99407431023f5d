import type { HeapTag } from '../../memory/layout.js';
import { Malloc, type MallocThread } from '../malloc/malloc.js';
import { fitsInPlace } from '../resize.js';

/**
 * Blocks that are not small: `malloc`'s, under its lock although the caller has the GIL, for threads without it use
 * `malloc` too.
 */
export class RawAllocator {
  private readonly malloc: Malloc;

  constructor(thread: MallocThread) {
    this.malloc = new Malloc(thread);
  }

  /** Sets the heaps up, if no thread has done so yet. */
  start(): void {
    this.malloc.start();
  }

  /** Throws MemoryError. */
  alloc(words: number, tag: HeapTag): number {
    return this.malloc.alloc(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    this.malloc.free(address);
  }

  /** Gives the memory of empty pages back. */
  relieve(): void {
    this.malloc.collect(true);
  }

  blockWords(address: number): number {
    return this.malloc.blockWords(address);
  }

  fits(address: number, words: number): boolean {
    return fitsInPlace(words, this.blockWords(address));
  }
}
