import { HeapTag } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import type { AllocatorThread } from '../allocator.js';
import type { DelayedFree } from '../delayedFree.js';
import { DelayingAllocator } from '../delayingAllocator.js';
import { Malloc } from '../malloc/malloc.js';
import { hugeRun, markHugeDead, releaseHuge } from './huge.js';
import { Page } from './layout.js';
import { pageOf } from './page.js';

/** A set of heaps, of one thread or of all: `ThreadHeapSet`, `LockedHeaps`. */
interface Heaps {
  start(): void;
  /** 0 if the memory is full. */
  tryAlloc(words: number, tag: HeapTag): number;
  collect(force: boolean): void;
  collectQsbr(): void;
  relieve(): void;
}

/** What an allocator over mimalloc's pages does whosever the heaps are; `malloc` serves the raw domain beside them. */
export abstract class HeapsAllocator extends DelayingAllocator {
  protected readonly malloc: Malloc;
  protected abstract readonly set: Heaps;

  constructor(thread: AllocatorThread, delayed: DelayedFree | null) {
    super(thread, delayed);
    this.malloc = new Malloc(thread);
  }

  processDelayed(): void {
    this.delayed?.process();
    this.set.collectQsbr();
  }

  rawAlloc(words: number): number {
    return this.malloc.alloc(words);
  }

  rawFree(address: number): void {
    this.malloc.free(address);
  }

  blockWords(address: number): number {
    return this.i32[pageOf(this.i32, address) + Page.BlockWords];
  }

  /** Throws RunAborted. */
  collect(force: boolean): void {
    this.delayed?.process();
    this.set.collect(force);
    if (force) this.malloc.collect(true);
  }

  start(): void {
    this.set.start();
    this.malloc.start();
    this.delayed?.start();
  }

  // --- DelayedFreeTarget ---

  /** Where no segment is left for `malloc`, there may be room in the heaps. */
  tryAllocChunk(words: number): number {
    return this.malloc.tryAlloc(words) || this.set.tryAlloc(words, HeapTag.Mem);
  }

  /** Of `malloc`, or of the heaps: the page tells. */
  freeChunk(chunk: number): void {
    this.free(chunk, this.i32[pageOf(this.i32, chunk) + Page.Tag]);
  }

  freeNow(address: number): void {
    const heap = this.i32;
    if (hugeRun(heap, address) !== 0) releaseHuge(heap, address);
    else this.free(address, heap[pageOf(heap, address) + Page.Tag]);
  }

  // --- Slow paths ---

  /** The memory is full: once more, after everything that is due has been freed. Throws MemoryError. */
  protected allocUnderPressure(words: number, tag: HeapTag): number {
    this.qsbr?.advance();
    this.delayed?.process();
    this.set.relieve();
    this.malloc.collect(true);
    const block = this.set.tryAlloc(words, tag);
    if (block === 0) throw segmentsExhausted(this.i32, words * 4);
    return block;
  }

  /** The run of an object waits for lock-free readers, as pages do; a bare array's was delayed before. */
  protected freeHuge(address: number): void {
    const heap = this.i32;
    const page = pageOf(heap, address);
    if (this.delayed === null || heap[page + Page.Tag] === HeapTag.Mem) {
      releaseHuge(heap, address);
      return;
    }
    markHugeDead(heap, address);
    this.delayed.add(address, heap[page + Page.BlockWords] * 4);
  }
}
