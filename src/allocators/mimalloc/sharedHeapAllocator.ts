import { HeapTag } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import type { AllocatorThread } from '../allocator.js';
import { checkHeapAddress, checkSize } from '../checks.js';
import type { DelayedFree } from '../delayedFree.js';
import { DelayingAllocator } from '../delayingAllocator.js';
import { Malloc } from '../malloc/malloc.js';
import { hugeRun, markHugeDead, releaseHuge } from './huge.js';
import { Page, Segment, SharedHeaps } from './layout.js';
import { LockedHeaps } from './lockedHeaps.js';
import { pageOf, segmentOf } from './page.js';

/**
 * The heaps of `MimallocAllocator` without the threads: one set for all, under a lock (`threadHeaps` off). To be
 * compared with, so all that does not follow from the lock is the same: tags and sizes have pages of their own, empty
 * pages of objects wait for a grace period, in one list for all threads; huge blocks belong to nobody. Nothing is
 * foreign, and a thread that exits abandons nothing.
 */
export class SharedHeapAllocator extends DelayingAllocator {
  private readonly heaps: LockedHeaps;
  private readonly malloc: Malloc;

  constructor(thread: AllocatorThread, delayed: DelayedFree | null = null) {
    super(thread, delayed);
    const { i32, atomics, qsbr } = thread;
    this.heaps = new LockedHeaps({
      i32,
      atomics,
      heaps: SharedHeaps.Heaps,
      count: HeapTag.Count,
      spans: SharedHeaps.Spans,
      lock: SharedHeaps.Lock,
      started: SharedHeaps.Started,
      id: SharedHeaps.Id,
      block: SharedHeaps.Block,
      qsbr,
      abandons: false,
    });
    this.malloc = new Malloc(thread);
  }

  alloc(words: number, tag: HeapTag): number {
    checkSize(words);
    const block = this.heaps.tryAlloc(words, tag);
    return block !== 0 ? block : this.allocUnderPressure(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    if (this.i32[segmentOf(address) + Segment.ThreadId] === SharedHeaps.Id) this.heaps.free(address);
    else this.freeOther(address);
  }

  processDelayed(): void {
    this.delayed?.process();
    this.heaps.collectQsbr();
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

  collect(force: boolean): void {
    this.delayed?.process();
    this.heaps.collect(force);
    if (force) this.malloc.collect(true);
  }

  start(): void {
    this.heaps.start();
    this.malloc.start();
    this.delayed?.start();
  }

  /** The heaps stay. The goals of their empty pages become reachable: no thread that leaves later need advance. */
  exit(): void {
    this.qsbr?.detach();
    this.qsbr?.advance();
    this.delayed?.abandon(false);
  }

  // --- DelayedFreeTarget ---

  /** Where no segment is left for `malloc`, there may be room in the heaps. */
  tryAllocChunk(words: number): number {
    return this.malloc.tryAlloc(words) || this.heaps.tryAlloc(words, HeapTag.Mem);
  }

  freeChunk(chunk: number): void {
    this.free(chunk, HeapTag.Mem);
  }

  freeNow(address: number): void {
    if (hugeRun(this.i32, address) !== 0) releaseHuge(this.i32, address);
    else this.free(address, HeapTag.Mem);
  }

  // --- Slow paths ---

  /** The memory is full: once more, after everything that is due has been freed. */
  private allocUnderPressure(words: number, tag: HeapTag): number {
    this.qsbr?.advance();
    this.delayed?.process();
    this.heaps.relieve();
    this.malloc.collect(true);
    const block = this.heaps.tryAlloc(words, tag);
    if (block === 0) throw segmentsExhausted(this.i32, words * 4);
    return block;
  }

  /** Huge, or `malloc`'s. */
  private freeOther(address: number): void {
    const heap = this.i32;
    checkHeapAddress(heap, address);
    if (hugeRun(heap, address) === 0) {
      this.malloc.free(address);
      return;
    }
    const page = pageOf(heap, address);
    if (this.delayed === null || heap[page + Page.Tag] === HeapTag.Mem) {
      releaseHuge(heap, address);
      return;
    }
    markHugeDead(heap, address);
    this.delayed.add(address, heap[page + Page.BlockWords] * 4);
  }
}
