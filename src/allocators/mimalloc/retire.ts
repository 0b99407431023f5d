import type { HeapContext } from './heapContext.js';
import { Bin, Delayed, Heap, Page, Queue, Retire, Slice } from './layout.js';
import { joinFree } from './page.js';
import { moveFromFull, queueAddress, removePage } from './pageQueue.js';

/**
 * What becomes of a page whose last block was freed (mimalloc's `_mi_page_retire` and `_mi_page_free`, with
 * CPython's delay through QSBR). Owner only.
 */
export class PageRetirement {
  private readonly i32: Int32Array;

  constructor(protected readonly context: HeapContext) {
    this.i32 = context.i32;
  }

  /** After `Used` fell to 0. The last page of its bin is kept for some ticks: it is likely to be needed again. */
  emptied(page: number): void {
    const heap = this.i32;
    if (heap[page + Page.QsbrGoal] !== 0) this.forgetOldGoal(page);
    const queue = heap[page + Page.Queue];
    const blockWords = heap[page + Page.BlockWords];
    const alone = heap[queue + Queue.First] === page && heap[queue + Queue.Last] === page;
    if (alone && blockWords <= Slice.MediumMaxWords) {
      heap[page + Page.RetireExpire] =
        blockWords <= Slice.SmallMaxWords ? Retire.SmallCycles : Retire.OtherCycles;
      heap[heap[page + Page.Heap] + Heap.Retired] = 1;
      return;
    }
    this.maybeFree(page);
  }

  /** Who has passed an old goal may have read what was in the page since (litmus D28). */
  protected forgetOldGoal(page: number): void {
    this.context.delayOf(page)?.forget(page);
  }

  /** Frees an empty page, or has it wait for its goal; it stays usable for its size meanwhile. */
  maybeFree(page: number): void {
    const heap = this.i32;
    const delay = this.context.delayOf(page);
    if (delay === null || delay.isReached(page)) {
      this.freePage(page);
      return;
    }
    heap[page + Page.RetireExpire] = 0;
    delay.setGoal(page);
  }

  /** Gives an empty page's slices back. Nobody can look at it any more. */
  freePage(page: number): void {
    const heap = this.i32;
    const base = heap[page + Page.Heap];
    removePage(heap, base, heap[page + Page.Queue], page);
    heap[base + Heap.PageCount]--;
    this.context.delayOf(page)?.forget(page);
    this.context.slices.freePage(page);
  }

  /**
   * A tick of retirement: pages whose time is up go, by force all of them (mimalloc's `_mi_heap_collect_retired`).
   */
  collectRetired(base: number, force: boolean): void {
    const heap = this.i32;
    if (heap[base + Heap.Retired] === 0) return;
    heap[base + Heap.Retired] = 0;
    for (let bin = 1; bin <= Bin.MediumLast; bin++) {
      const page = heap[queueAddress(base, bin) + Queue.First];
      if (page !== 0 && heap[page + Page.RetireExpire] !== 0) this.tick(base, page, force);
    }
  }

  private tick(base: number, page: number, force: boolean): void {
    const heap = this.i32;
    if (heap[page + Page.Used] !== 0) {
      heap[page + Page.RetireExpire] = 0;
      return;
    }
    const left = heap[page + Page.RetireExpire] - 1;
    heap[page + Page.RetireExpire] = left;
    if (left === 0 || force) this.maybeFree(page);
    else heap[base + Heap.Retired] = 1;
  }

  /** Frees the waiting pages whose goal is reached (CPython `_PyMem_mi_heap_collect_qsbr`). */
  collectQsbr(): void {
    const heap = this.i32;
    const delay = this.context.qsbrPages;
    if (delay === null) return;
    for (let page = delay.first(); page !== 0; page = delay.first()) {
      if (heap[page + Page.Used] !== 0) delay.forget(page);
      else if (delay.isReached(page)) this.freePage(page);
      else return;
    }
  }

  /** Collects every page of all heaps and lets the empty ones go, retired ones too (`mi_heap_page_collect`). */
  collectPages(force: boolean): void {
    for (let tag = 0; tag < this.context.count; tag++) {
      const base = this.context.heapOf(tag);
      for (let bin = 1; bin < Bin.Count; bin++) this.collectQueue(base, queueAddress(base, bin), force);
    }
  }

  private collectQueue(base: number, queue: number, force: boolean): void {
    const heap = this.i32;
    let page = heap[queue + Queue.First];
    while (page !== 0) {
      const next = heap[page + Page.Next];
      if (heap[page + Page.InFull] === 0 || this.leavesFull(base, page)) {
        this.context.collect(page);
        if (force) joinFree(heap, page);
        // One that waits already keeps its goal; CPython gives it a later one.
        if (heap[page + Page.Used] === 0 && heap[page + Page.QsbrLinked] === 0) this.maybeFree(page);
      }
      page = next;
    }
  }

  /** A full page in which somebody has freed is not full; the heap's own list has told of the others. */
  private leavesFull(base: number, page: number): boolean {
    const heap = this.i32;
    if ((Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask) === 0) return false;
    moveFromFull(heap, base, page);
    return true;
  }
}
