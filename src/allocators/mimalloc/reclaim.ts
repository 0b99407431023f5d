import type { HeapTag } from '../../memory/layout.js';
import { requestBin } from './bins.js';
import type { HeapContext } from './heapContext.js';
import { Delayed, Heap, Page, Segment } from './layout.js';
import { collectPage, restingFlag, setDelayed } from './page.js';
import { prependPage, queueAddress } from './pageQueue.js';
import type { PageRetirement } from './retire.js';
import { firstPage, nextPage } from './segment.js';

const enum Reclaim {
  /** Segments that one search looks at. */
  Tries = 8,
  /** A segment that was passed over more often is taken whatever it has. */
  MaxVisits = 3,
}

/**
 * Taking over what threads left behind (mimalloc's `mi_segment_try_reclaim`, `mi_segment_reclaim`). Whoever has taken
 * a segment out of the pool is alone with it; other threads go on freeing blocks in its pages.
 *
 * A page that others emptied while nobody owned it has no goal: it gets one when it is adopted. CPython takes such a
 * page for safe, although a reader may still be looking at it.
 */
export class Reclaiming {
  private readonly i32: Int32Array;

  constructor(
    protected readonly context: HeapContext,
    private readonly retirement: PageRetirement,
  ) {
    this.i32 = context.i32;
  }

  /**
   * Takes over an abandoned segment with room for a page of `slices`, or a page for blocks of `blockWords` and this tag
   * with room; besides, those that were passed over too often. False if no fitting one was found. Throws RunAborted.
   */
  reclaim(slices: number, blockWords: number, tag: HeapTag): boolean {
    const { pool } = this.context;
    if (pool === null) return false;
    for (let tries = 0; tries < Reclaim.Tries; tries++) {
      const segment = pool.pop();
      if (segment === 0) return false;
      const visits = ++this.i32[segment + Segment.Visits];
      const suitable = this.isSuitable(segment, slices, blockWords, tag);
      if (suitable || visits > Reclaim.MaxVisits) this.adopt(segment);
      else pool.pushVisited(segment);
      if (suitable) return true;
    }
    return false;
  }

  /** Takes over all abandoned segments: memory is short, or the program ends. Throws RunAborted. */
  reclaimAll(): void {
    const { pool } = this.context;
    if (pool === null) return;
    for (let segment = pool.pop(); segment !== 0; segment = pool.pop()) this.adopt(segment);
  }

  /** Gives abandoned segments back in which nothing is alive (`_mi_abandoned_collect`). Throws RunAborted. */
  releaseEmpty(): void {
    const { pool } = this.context;
    if (pool === null) return;
    pool.revisit();
    for (let segment = pool.popUnvisited(); segment !== 0; segment = pool.popUnvisited()) {
      if (this.isEmpty(segment)) this.adopt(segment);
      else pool.pushVisited(segment);
    }
  }

  // --- Looking at a segment that was taken out of the pool ---

  /** Also by pages that have become empty: adopting the segment frees them (mimalloc's `mi_segment_check_free`). */
  private isSuitable(segment: number, slices: number, blockWords: number, tag: HeapTag): boolean {
    const heap = this.i32;
    let run = 0;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      run = this.isFreeable(page) ? run + heap[page + Page.SliceCount] : 0;
      if (run >= slices) return true;
      if (
        heap[page + Page.BlockWords] === blockWords &&
        heap[page + Page.Tag] === tag &&
        hasRoom(heap, page)
      ) {
        return true;
      }
    }
    return false;
  }

  private isEmpty(segment: number): boolean {
    for (let page = firstPage(segment); page !== 0; page = nextPage(this.i32, page)) {
      if (!this.isFreeable(page)) return false;
    }
    return true;
  }

  /** A span, or a page of nobody that is all free and that no reader can look at. */
  private isFreeable(page: number): boolean {
    const heap = this.i32;
    if (heap[page + Page.BlockWords] === 0) return true;
    this.context.collect(page);
    if (heap[page + Page.Used] !== 0) return false;
    const delay = this.context.delayOf(page);
    return delay === null || delay.isReached(page);
  }

  // --- Adopting ---

  private adopt(segment: number): void {
    const heap = this.i32;
    this.claim(segment);
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

  private claim(segment: number): void {
    const heap = this.i32;
    heap[segment + Segment.Abandoned] = 0;
    heap[segment + Segment.Visits] = 0;
    Atomics.store(heap, segment + Segment.ThreadId, this.context.id);
  }

  /** The page joins the heap of the same tag; objects in it keep their owner. */
  private adoptPage(page: number): void {
    const heap = this.i32;
    const base = this.context.heapOf(this.tagOf(page));
    const queue = queueAddress(base, requestBin(heap[page + Page.BlockWords]));
    heap[page + Page.Queue] = queue;
    heap[page + Page.InFull] = 0;
    heap[page + Page.RetireExpire] = 0;
    // Before the flag: a foreign free in state Freeing goes to this heap.
    Atomics.store(heap, page + Page.Heap, base);
    Atomics.store(heap, page + Page.Owner, this.context.id);
    prependPage(heap, base, queue, page);
    heap[base + Heap.PageCount]++;
    this.openToFrees(page);
    if (collectPage(heap, page) || heap[page + Page.Used] !== 0) heap[page + Page.QsbrGoal] = 0;
    if (heap[page + Page.Used] === 0) this.adoptEmpty(page);
  }

  /** The heap that the page belongs to: a page's tag never changes while it holds blocks. */
  protected tagOf(page: number): HeapTag {
    return this.i32[page + Page.Tag];
  }

  /** Never -> the flag of an owned page. What others freed meanwhile stays in the page's list. */
  protected openToFrees(page: number): void {
    setDelayed(this.i32, page, restingFlag(this.i32[page + Page.BlockWords]));
  }

  /** Waits for its goal in this thread's list, or goes. */
  private adoptEmpty(page: number): void {
    const delay = this.context.delayOf(page);
    if (delay !== null && this.i32[page + Page.QsbrGoal] !== 0 && !delay.isReached(page)) delay.link(page);
    else this.retirement.maybeFree(page);
  }
}

/** An abandoned page that can serve a request. What other threads have freed was collected just before. */
function hasRoom(heap: Int32Array, page: number): boolean {
  return (
    heap[page + Page.Free] !== 0 ||
    heap[page + Page.LocalFree] !== 0 ||
    heap[page + Page.Capacity] < heap[page + Page.Reserved] ||
    (Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask) !== 0
  );
}
