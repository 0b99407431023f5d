import type { HeapTag } from '../../memory/layout.js';
import { Abandonment } from './abandon.js';
import { binWords, goodBlockWords, pageSlices, requestBin } from './bins.js';
import { PageFrees } from './free.js';
import { HeapContext, type HeapPlace } from './heapContext.js';
import { tryAllocHuge } from './huge.js';
import { Bin, Delayed, Heap, Page, Queue, Slice } from './layout.js';
import { extendPage, initPage, setDelayed } from './page.js';
import { moveToFull, prependPage, queueAddress } from './pageQueue.js';
import { Reclaiming } from './reclaim.js';
import { PageRetirement } from './retire.js';

/**
 * A set of heaps, by tag: the four of a thread, those of `malloc`, those that all threads share; and allocation where the first page of a bin has no free block (mimalloc's
 * `_mi_malloc_generic`, `mi_find_page`). Owner only. CPython keeps four heaps a thread, so that the collector finds the
 * objects by walking pages, and so that the words of a count in a freed block never become anything else.
 */
export class ThreadHeapSet {
  private readonly i32: Int32Array;
  private readonly context: HeapContext;
  private readonly retirement: PageRetirement;
  private readonly abandonment: Abandonment;
  private readonly reclaiming: Reclaiming;
  readonly frees: PageFrees;

  constructor(place: HeapPlace) {
    this.i32 = place.i32;
    this.context = new HeapContext(place);
    this.retirement = new PageRetirement(this.context);
    this.frees = new PageFrees(this.context, this.retirement);
    this.reclaiming = new Reclaiming(this.context, this.retirement);
    this.abandonment = new Abandonment(this.context, this.retirement, this.frees);
  }

  /** Empty heaps. */
  start(): void {
    const heap = this.i32;
    for (let tag = 0; tag < this.context.count; tag++) {
      const base = this.context.heapOf(tag);
      heap.fill(0, base, base + Heap.Words);
      heap[base + Heap.Tag] = tag;
      for (let bin = 2; bin <= Bin.MediumLast; bin++) {
        if (bin > 8 || (bin & 1) === 0) heap[queueAddress(base, bin) + Queue.BlockWords] = binWords(bin);
      }
    }
    this.context.slices.start();
    this.context.qsbrPages?.start();
  }

  /** Frees or abandons all pages: the thread is leaving. Throws RunAborted. */
  exit(): void {
    this.abandonment.abandonAll();
  }

  /**
   * A block, or 0 if the memory is full. Throws RunAborted. Declared racy read of `ThreadDelayedFree`: a block that
   * is put there at this moment is found next time.
   */
  tryAlloc(words: number, tag: HeapTag): number {
    if (words > Slice.LargeMaxWords) return tryAllocHuge(this.i32, words, tag);
    const heap = this.i32;
    const base = this.context.heapOf(tag);
    if (heap[base + Heap.ThreadDelayedFree] !== 0) this.frees.drainDelayed(base);
    const page = this.findPage(base, words, tag);
    if (page === 0) return 0;
    const block = heap[page + Page.Free];
    heap[page + Page.Free] = heap[block];
    heap[page + Page.Used]++;
    return block;
  }

  /** Frees empty pages that are due. */
  collectQsbr(): void {
    this.retirement.collectQsbr();
  }

  /**
   * Frees what can be freed (mimalloc's `mi_heap_collect`): blocks that others freed, retired pages whose time is up,
   * pages whose goal is reached, empty pages. By force also all retired pages, and every abandoned segment is
   * taken over; otherwise only the empty ones of those are given back. Throws RunAborted.
   */
  collect(force: boolean): void {
    if (force) this.reclaiming.reclaimAll();
    for (let tag = 0; tag < this.context.count; tag++) {
      this.frees.drainAllDelayed(this.context.heapOf(tag));
      this.retirement.collectRetired(this.context.heapOf(tag), force);
    }
    this.retirement.collectQsbr();
    this.retirement.collectPages(force);
    if (!force) this.reclaiming.releaseEmpty();
  }

  /** Gets hold of all memory that this thread can. */
  relieve(): void {
    this.collect(true);
    // Empty pages have got their goals now; a goal in the future would never be reached.
    this.context.qsbr?.advance();
    this.retirement.collectQsbr();
  }

  // --- Finding a page with a free block ---

  /** The page is the first of its bin afterwards, and has a free block. 0 if the memory is full. */
  private findPage(base: number, words: number, tag: HeapTag): number {
    const queue = queueAddress(base, requestBin(Math.max(words, 1)));
    const blockWords = goodBlockWords(Math.max(words, 1));
    const found = this.searchQueue(base, queue);
    if (found !== 0) return found;
    this.retirement.collectQsbr();
    this.retirement.collectRetired(base, false);
    return this.freshOrReclaimed(base, queue, blockWords, tag);
  }

  /** Next fit; pages without a free block leave for the queue of full pages (`mi_page_queue_find_free_ex`). */
  private searchQueue(base: number, queue: number): number {
    const heap = this.i32;
    if (queue === queueAddress(base, Bin.Huge)) return 0;
    let page = heap[queue + Queue.First];
    while (page !== 0 && !this.makeAvailable(page)) {
      const next = heap[page + Page.Next];
      moveToFull(heap, base, page);
      page = next;
    }
    if (page !== 0) heap[page + Page.RetireExpire] = 0;
    return page;
  }

  /** Collects or carves, until `Free` has a block. False if the page is full: foreign frees will tell the heap. */
  private makeAvailable(page: number): boolean {
    const heap = this.i32;
    this.context.collect(page);
    if (heap[page + Page.Free] !== 0) return true;
    if (heap[page + Page.Capacity] < heap[page + Page.Reserved]) {
      extendPage(heap, page);
      return true;
    }
    setDelayed(heap, page, Delayed.Use);
    this.collectAgain(page);
    if (heap[page + Page.Free] === 0) return false;
    setDelayed(heap, page, Delayed.No);
    return true;
  }

  /** Who freed before the flag was set has told nobody. */
  protected collectAgain(page: number): void {
    this.context.collect(page);
  }

  /** A new page of this thread's segments, of an abandoned one, or of a new one, in this order. */
  private freshOrReclaimed(base: number, queue: number, blockWords: number, tag: HeapTag): number {
    const slices = pageSlices(blockWords);
    for (;;) {
      const page = this.freshPage(base, queue, blockWords, tag);
      if (page !== 0) return page;
      if (!this.reclaiming.reclaim(slices, blockWords, tag)) break;
      const found = this.searchQueue(base, queue);
      if (found !== 0) return found;
    }
    // What was taken over for having been passed over too often may have room, if others freed blocks in it behind the
    // look. A segment claimed besides would get no page then, and nobody would give it back.
    const late = this.freshPage(base, queue, blockWords, tag);
    if (late !== 0) return late;
    if (!this.context.slices.addSegment()) return 0;
    return this.freshPage(base, queue, blockWords, tag);
  }

  private freshPage(base: number, queue: number, blockWords: number, tag: HeapTag): number {
    const heap = this.i32;
    const page = this.context.slices.takePage(pageSlices(blockWords));
    if (page === 0) return 0;
    initPage(heap, page, blockWords, tag);
    heap[page + Page.Queue] = queue;
    Atomics.store(heap, page + Page.Heap, base);
    prependPage(heap, base, queue, page);
    heap[base + Heap.PageCount]++;
    extendPage(heap, page);
    return page;
  }
}
