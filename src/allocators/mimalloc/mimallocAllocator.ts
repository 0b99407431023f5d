import { Counter, Geometry, HeapTag, ThreadBlock } from '../../memory/layout.js';
import { ownerId } from '../../threads/evalBreaker.js';
import type { AllocatorThread } from '../allocator.js';
import { checkHeapAddress, checkSize } from '../checks.js';
import type { DelayedFree } from '../delayedFree.js';
import { freeForeign, type PageFrees } from './free.js';
import { ThreadHeapSet } from './heap.js';
import { HeapsAllocator } from './heapsAllocator.js';
import { hugeRun } from './huge.js';
import { Heap, Page, RawHeaps, Segment, Slice, ThreadHeaps } from './layout.js';
import { pageOf, segmentOf } from './page.js';

/**
 * The allocator of the builds without a GIL: heaps per thread and tag, as CPython uses mimalloc. This file has the
 * fast paths; they make no Atomics call.
 */
export class MimallocAllocator extends HeapsAllocator {
  /** Address of the heaps of tags 0 to 3. */
  protected readonly heaps: number;
  /** This thread's owner id. */
  protected readonly id: number;
  protected readonly set: ThreadHeapSet;
  private readonly frees: PageFrees;

  constructor(thread: AllocatorThread, delayed: DelayedFree | null = null) {
    super(thread, delayed);
    const { i32, block, qsbr } = thread;
    this.heaps = block + ThreadHeaps.Heaps;
    this.id = ownerId(block);
    this.set = new ThreadHeapSet({
      i32,
      heaps: this.heaps,
      count: HeapTag.Count,
      spans: block + ThreadHeaps.Spans,
      id: this.id,
      block,
      qsbr,
      abandons: true,
    });
    this.frees = this.set.frees;
  }

  /** What is no size - negative, a fraction, NaN - fails one of the two tests, which cost nothing for integers. */
  alloc(words: number, tag: HeapTag): number {
    const heap = this.i32;
    if (words >>> 0 <= Slice.DirectMaxWords && (words | 0) === words) {
      const page = heap[this.heaps + tag * Heap.Words + ((words + 3) >> 2)];
      const block = heap[page + Page.Free];
      if (block !== 0) {
        heap[page + Page.Free] = heap[block];
        heap[page + Page.Used]++;
        return block;
      }
    }
    return this.allocGeneric(words, tag);
  }

  /**
   * Declared racy read of the page's owner: it equals the own id only if this thread wrote it, and then the page is
   * its own; any other value, however old, says "perhaps not mine". A slot's next thread has synchronised with its
   * last one (HeadLock).
   */
  free(address: number, _tag: HeapTag): void {
    const heap = this.i32;
    const page =
      ((address & ~Geometry.SegmentMask) | Segment.Pages) +
      (((address & Geometry.SegmentMask) >> Slice.Shift) << Page.Shift);
    if (heap[page + Page.Owner] === this.id) {
      heap[address] = heap[page + Page.LocalFree];
      heap[page + Page.LocalFree] = address;
      const used = heap[page + Page.Used] - 1;
      heap[page + Page.Used] = used;
      if (used === 0) this.frees.afterFree(page);
    } else {
      this.freeOther(address);
    }
  }

  /** Throws RunAborted. */
  exit(): void {
    this.qsbr?.detach();
    // What destructors have queued since.
    this.delayed?.abandon(false);
    this.set.exit();
  }

  // --- Slow paths ---

  private allocGeneric(words: number, tag: HeapTag): number {
    checkSize(words);
    const block = this.set.tryAlloc(words, tag);
    return block !== 0 ? block : this.allocUnderPressure(words, tag);
  }

  /**
   * Of a medium or large page beyond its first slice, huge, or not this thread's. Declared racy read of the
   * segment's owner, as in `free`.
   */
  private freeOther(address: number): void {
    const heap = this.i32;
    const owner = heap[segmentOf(address) + Segment.ThreadId];
    if (owner === this.id) {
      this.frees.freeOwned(pageOf(heap, address), address);
      return;
    }
    checkHeapAddress(heap, address);
    if (owner === RawHeaps.Id) this.malloc.free(address);
    else if (hugeRun(heap, address) !== 0) this.freeHuge(address);
    else this.freeForeignBlock(address);
  }

  /** Of another thread's page, or an abandoned one. */
  protected freeForeignBlock(address: number): void {
    const heap = this.i32;
    heap[this.thread.block + ThreadBlock.Counters + Counter.ForeignFrees]++;
    freeForeign(heap, this.thread.atomics, address);
  }
}
