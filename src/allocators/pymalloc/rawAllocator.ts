import { HeapTag } from '../../memory/layout.js';
import { Malloc, type MallocThread } from '../malloc/malloc.js';
import { fitsInPlace } from '../resize.js';

/**
 * Blocks that are not small, and what pymalloc needs for itself: `malloc`'s, under its lock although the caller has the
 * GIL, for threads without it use `malloc` too. All methods may throw RunAborted, with nothing done.
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

  /** Throws MemoryError, and RangeError for what is no size. */
  alloc(words: number, tag: HeapTag): number {
    return this.malloc.alloc(words, tag);
  }

  /** A block for pymalloc itself: no walk of the heaps that programs use sees it. 0 if the memory is full. */
  tryAllocOwn(words: number): number {
    return this.malloc.tryAlloc(words, HeapTag.Raw);
  }

  free(address: number): void {
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
