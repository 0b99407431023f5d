import type { PageFrees } from './free.js';
import type { HeapContext } from './heapContext.js';
import { Bin, Delayed, Heap, Page, Queue, Segment } from './layout.js';
import { segmentOf, setDelayed } from './page.js';
import { moveFromFull, queueAddress, removePage } from './pageQueue.js';
import type { PageRetirement } from './retire.js';

/**
 * Thread exit (mimalloc's `mi_heap_collect` with `MI_ABANDON`): what holds live blocks goes to the abandoned pool, a
 * segment at a time, to be taken over by whichever thread needs memory next; see reclaim.ts.
 *
 * An abandoned page keeps its QSBR goal, and its flag says Never: foreign frees go to the page alone.
 */
export class Abandonment {
  private readonly i32: Int32Array;

  constructor(
    private readonly context: HeapContext,
    private readonly retirement: PageRetirement,
    private readonly frees: PageFrees,
  ) {
    this.i32 = context.i32;
  }

  /** Frees or abandons every page of all heaps. Throws RunAborted. */
  abandonAll(): void {
    const segments = new Set<number>();
    for (let tag = 0; tag < this.context.count; tag++) {
      const base = this.context.heapOf(tag);
      this.closeHeap(base);
      this.frees.drainAllDelayed(base);
      for (let bin = 1; bin < Bin.Full; bin++) this.abandonQueue(base, queueAddress(base, bin), segments);
    }
    for (const segment of segments) this.abandonSegment(segment);
  }

  // --- Steps ---

  /** After this no other thread adds to the heap's list of delayed frees. */
  private closeHeap(base: number): void {
    const heap = this.i32;
    const full = queueAddress(base, Bin.Full) + Queue.First;
    while (heap[full] !== 0) moveFromFull(heap, base, heap[full]);
    for (let bin = 1; bin < Bin.Full; bin++) {
      let page = heap[queueAddress(base, bin) + Queue.First];
      while (page !== 0) {
        setDelayed(heap, page, Delayed.Never);
        page = heap[page + Page.Next];
      }
    }
  }

  private abandonQueue(base: number, queue: number, segments: Set<number>): void {
    const heap = this.i32;
    for (let page = heap[queue + Queue.First]; page !== 0; page = heap[queue + Queue.First]) {
      this.context.collect(page);
      if (heap[page + Page.Used] === 0 && this.isUnwatched(page)) {
        this.retirement.freePage(page);
      } else {
        this.abandonPage(base, queue, page);
        segments.add(segmentOf(page));
      }
    }
  }

  /** An empty page that no reader can look at. Else it has a goal afterwards. */
  private isUnwatched(page: number): boolean {
    const delay = this.context.delayOf(page);
    if (delay === null || delay.isReached(page)) return true;
    delay.setFinalGoal(page);
    return delay.isReached(page);
  }

  private abandonPage(base: number, queue: number, page: number): void {
    const heap = this.i32;
    removePage(heap, base, queue, page);
    heap[base + Heap.PageCount]--;
    const delay = this.context.delayOf(page);
    if (heap[page + Page.Used] === 0) delay?.unlink(page);
    else delay?.forget(page);
    Atomics.store(heap, page + Page.Heap, 0);
    Atomics.store(heap, page + Page.Owner, 0);
    heap[segmentOf(page) + Segment.Abandoned]++;
  }

  /** All its pages are abandoned. The push is the last that this thread has to do with it. */
  private abandonSegment(segment: number): void {
    const heap = this.i32;
    this.context.slices.hideSpans(segment);
    heap[segment + Segment.Visits] = 0;
    Atomics.store(heap, segment + Segment.ThreadId, 0);
    this.context.pool?.push(segment);
  }
}
