import { Geometry, HeapTag } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import type { BlockVisitor } from '../allocator.js';
import { Delayed, Heap, Page, Slice, ThreadHeaps } from './layout.js';
import { pageOf } from './page.js';
import { firstPage, nextPage } from './segment.js';

/**
 * Finds the live blocks of a segment's pages (mimalloc's `mi_heap_area_visit_blocks`). No other thread may run.
 * Nothing is collected or changed: blocks on any free list are marked in a bitmap that is this object's own.
 */
export class PageVisitor {
  /** One byte a block: 1 = free. As many as a small page can have. */
  private readonly free = new Uint8Array(Slice.Words >> 2);

  constructor(private readonly i32: Int32Array) {}

  /**
   * By page: blocks that wait in a heap's list of delayed frees. They look used to their page. (There are none in heaps
   * under a lock.)
   */
  delayedBlocks(): Map<number, number[]> {
    const byPage = new Map<number, number[]>();
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      this.addDelayed(threadBlock(slot) + ThreadHeaps.Heaps, byPage);
    }
    return byPage;
  }

  private addDelayed(heaps: number, byPage: Map<number, number[]>): void {
    const heap = this.i32;
    for (let tag = 0; tag < HeapTag.Count; tag++) {
      let block = Atomics.load(heap, heaps + tag * Heap.Words + Heap.ThreadDelayedFree);
      for (; block !== 0; block = heap[block]) {
        const page = pageOf(heap, block);
        const blocks = byPage.get(page);
        if (blocks === undefined) byPage.set(page, [block]);
        else blocks.push(block);
      }
    }
  }

  /** Calls `visitor` for every live block of the tags in the mask; returns the number of pages. */
  visitSegment(segment: number, tags: number, delayed: Map<number, number[]>, visitor: BlockVisitor): number {
    const heap = this.i32;
    let pages = 0;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      if (heap[page + Page.BlockWords] === 0 || ((tags >> heap[page + Page.Tag]) & 1) === 0) continue;
      pages++;
      if (heap[page + Page.Used] !== 0) this.visitPage(page, delayed.get(page), visitor);
    }
    return pages;
  }

  /** The one block of a run of segments. */
  visitHuge(segment: number, tags: number, visitor: BlockVisitor): number {
    const heap = this.i32;
    const page = firstPage(segment);
    const tag = heap[page + Page.Tag];
    if (((tags >> tag) & 1) === 0) return 0;
    if (heap[page + Page.Used] !== 0) visitor(heap[page + Page.Start], heap[page + Page.BlockWords], tag);
    return 1;
  }

  private visitPage(page: number, delayed: readonly number[] | undefined, visitor: BlockVisitor): void {
    const heap = this.i32;
    const capacity = heap[page + Page.Capacity];
    const free = this.freeBlocks(page, delayed);
    const words = heap[page + Page.BlockWords];
    const tag = heap[page + Page.Tag];
    for (let i = 0, block = heap[page + Page.Start]; i < capacity; i++, block += words) {
      if (free[i] === 0) visitor(block, words, tag);
    }
  }

  /**
   * By number of the block, of a page that is not huge: 1 = on some free list. `delayed`: its own of `delayedBlocks`.
   * Overwritten by the next call.
   */
  freeBlocks(page: number, delayed: readonly number[] | undefined): Uint8Array {
    const heap = this.i32;
    this.free.fill(0, 0, heap[page + Page.Capacity]);
    this.markList(page, heap[page + Page.Free]);
    this.markList(page, heap[page + Page.LocalFree]);
    this.markList(page, Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask);
    if (delayed !== undefined) for (const block of delayed) this.mark(page, block);
    return this.free;
  }

  private markList(page: number, first: number): void {
    for (let block = first; block !== 0; block = this.i32[block]) this.mark(page, block);
  }

  private mark(page: number, block: number): void {
    this.free[(block - this.i32[page + Page.Start]) / this.i32[page + Page.BlockWords]] = 1;
  }
}
