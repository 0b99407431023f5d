import { HeapTag } from '../../memory/layout.js';
import type { AllocatorThread } from '../allocator.js';
import { DelayingAllocator } from '../delayingAllocator.js';
import { Malloc } from './malloc.js';

/**
 * `malloc` in the place of another domain's allocator (CPython's `PYTHONMALLOC=malloc`). Its blocks are reused at once
 * for any size: in a build with lock-free readers good for tag Mem only, whose blocks go through `freeDelayed`.
 */
export class MallocAllocator extends DelayingAllocator {
  private readonly malloc: Malloc;

  constructor(thread: AllocatorThread) {
    super(thread);
    this.malloc = new Malloc(thread);
  }

  alloc(words: number, tag: HeapTag): number {
    return this.malloc.alloc(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    this.malloc.free(address);
  }

  processDelayed(): void {
    this.delayed?.process();
  }

  rawAlloc(words: number): number {
    return this.malloc.alloc(words);
  }

  rawFree(address: number): void {
    this.malloc.free(address);
  }

  blockWords(address: number): number {
    return this.malloc.blockWords(address);
  }

  collect(force: boolean): void {
    this.delayed?.process();
    this.malloc.collect(force);
  }

  start(): void {
    this.malloc.start();
    this.delayed?.start();
  }

  exit(): void {
    this.qsbr?.detach();
    this.delayed?.abandon(false);
  }

  // --- DelayedFreeTarget ---

  tryAllocChunk(words: number): number {
    return this.malloc.tryAlloc(words, HeapTag.Raw);
  }

  freeChunk(chunk: number): void {
    this.malloc.free(chunk);
  }

  freeNow(address: number): void {
    this.malloc.free(address);
  }
}
