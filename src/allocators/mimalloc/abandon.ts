import { Control, HeapTag } from '../../memory/layout.js';
import { rawLock, rawUnlock } from '../../sync/rawMutex.js';
import { requestBin } from './bins.js';
import type { PageFrees } from './free.js';
import type { HeapContext } from './heapContext.js';
import { Bin, Delayed, Heap, Page, Queue, Segment } from './layout.js';
import { collectPage, restingFlag, segmentOf, setDelayed } from './page.js';
import { appendPage, moveFromFull, queueAddress, removePage } from './pageQueue.js';
import type { PageRetirement } from './retire.js';
import { firstPage, nextPage } from './segment.js';

const enum Reclaim {
  /** Segments that one search looks at. */
  Tries = 8,
  /** A segment that was passed over more often is taken whatever it has. */
  MaxVisits = 3,
}

/**
 * Thread exit and what follows (mimalloc's `heap.c` and `segment.c`): segments with live blocks are abandoned, and
 * taken over by whichever thread needs memory next. mimalloc keeps them in a lock-free stack with tags and a second
 * list; here a short lock protects one list, so that a segment is reclaimed by exactly one thread.
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

  // --- Leaving ---

  /** Frees or abandons every page of all heaps. Throws RunAborted. */
  abandonAll(): void {
    const segments = new Set<number>();
    for (let tag = 0; tag < HeapTag.Count; tag++) {
      const base = this.context.heapOf(tag);
      this.closeHeap(base);
      this.frees.drainDelayed(base);
      for (let bin = 1; bin < Bin.Full; bin++) this.abandonQueue(base, queueAddress(base, bin), segments);
    }
    for (const segment of segments) this.abandonSegment(segment);
  }

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

  /** All its pages are abandoned. */
  private abandonSegment(segment: number): void {
    const heap = this.i32;
    this.context.slices.hideSpans(segment);
    heap[segment + Segment.Visits] = 0;
    Atomics.store(heap, segment + Segment.ThreadId, 0);
    rawLock(heap, Control.AbandonedLock);
    heap[segment + Segment.NextAbandoned] = Atomics.load(heap, Control.AbandonedHead);
    Atomics.store(heap, Control.AbandonedHead, segment);
    rawUnlock(heap, Control.AbandonedLock);
  }

  // --- Reclaiming ---

  /**
   * Takes over one abandoned segment that looks useful for a page of `slices` for blocks of `blockWords` and this
   * tag. False if there is none. Throws RunAborted.
   */
  reclaim(slices: number, blockWords: number, tag: HeapTag): boolean {
    const heap = this.i32;
    if (Atomics.load(heap, Control.AbandonedHead) === 0) return false;
    rawLock(heap, Control.AbandonedLock);
    const segment = this.takeSuitable(slices, blockWords, tag);
    rawUnlock(heap, Control.AbandonedLock);
    if (segment === 0) return false;
    this.adopt(segment);
    return true;
  }

  /** Takes over all abandoned segments: memory is short. */
  reclaimAll(): void {
    // One slice: every segment with a free one; the others once they have been passed over often enough.
    const heap = this.i32;
    while (Atomics.load(heap, Control.AbandonedHead) !== 0) this.reclaim(1, 0, HeapTag.Mem);
  }

  /** Under the lock. Unlinks and returns a segment, 0 if the first few do not fit. */
  private takeSuitable(slices: number, blockWords: number, tag: HeapTag): number {
    const heap = this.i32;
    let previous = 0;
    let segment = Atomics.load(heap, Control.AbandonedHead);
    for (let tries = 0; segment !== 0 && tries < Reclaim.Tries; tries++) {
      const next = heap[segment + Segment.NextAbandoned];
      const visits = heap[segment + Segment.Visits]++;
      if (visits >= Reclaim.MaxVisits || this.isSuitable(segment, slices, blockWords, tag)) {
        if (previous === 0) Atomics.store(heap, Control.AbandonedHead, next);
        else heap[previous + Segment.NextAbandoned] = next;
        return segment;
      }
      previous = segment;
      segment = next;
    }
    return 0;
  }

  private isSuitable(segment: number, slices: number, blockWords: number, tag: HeapTag): boolean {
    const heap = this.i32;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      if (heap[page + Page.BlockWords] === 0) {
        if (heap[page + Page.SliceCount] >= slices) return true;
      } else if (heap[page + Page.BlockWords] === blockWords && heap[page + Page.Tag] === tag) {
        if (hasRoom(heap, page)) return true;
      }
    }
    return false;
  }

  private adopt(segment: number): void {
    const heap = this.i32;
    heap[segment + Segment.Abandoned] = 0;
    heap[segment + Segment.NextAbandoned] = 0;
    heap[segment + Segment.Visits] = 0;
    Atomics.store(heap, segment + Segment.ThreadId, this.context.id);
    this.context.slices.showSpans(segment);
    let left = heap[segment + Segment.Used];
    let page = firstPage(segment);
    while (left > 0) {
      // Before a freed page is joined with its neighbours; with the last one the segment may go.
      const next = nextPage(heap, page);
      if (heap[page + Page.BlockWords] !== 0) {
        left--;
        this.adoptPage(page);
      }
      page = next;
    }
  }

  /** The page joins the heap of the same tag; objects in it keep their owner. */
  private adoptPage(page: number): void {
    const heap = this.i32;
    const base = this.context.heapOf(heap[page + Page.Tag]);
    const queue = queueAddress(base, requestBin(heap[page + Page.BlockWords]));
    heap[page + Page.Queue] = queue;
    heap[page + Page.InFull] = 0;
    heap[page + Page.RetireExpire] = 0;
    Atomics.store(heap, page + Page.Heap, base);
    Atomics.store(heap, page + Page.Owner, this.context.id);
    setDelayed(heap, page, restingFlag(heap[page + Page.BlockWords]));
    appendPage(heap, base, queue, page);
    heap[base + Heap.PageCount]++;
    if (collectPage(heap, page) || heap[page + Page.Used] !== 0) heap[page + Page.QsbrGoal] = 0;
    if (heap[page + Page.Used] === 0) this.adoptEmpty(page);
  }

  private adoptEmpty(page: number): void {
    const delay = this.context.delayOf(page);
    if (delay !== null && this.i32[page + Page.QsbrGoal] !== 0 && !delay.isReached(page)) delay.link(page);
    else this.retirement.maybeFree(page);
  }
}

/** An abandoned page that can serve a request, also of what other threads have freed meanwhile. */
function hasRoom(heap: Int32Array, page: number): boolean {
  return (
    heap[page + Page.Free] !== 0 ||
    heap[page + Page.LocalFree] !== 0 ||
    heap[page + Page.Capacity] < heap[page + Page.Reserved] ||
    (Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask) !== 0
  );
}
