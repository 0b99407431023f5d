import type { AtomicOps } from '../../memory/atomicOps.js';
import type { HeapContext } from './heapContext.js';
import { Delayed, Heap, Page } from './layout.js';
import { awaitDelayed, endDelayed, pageOf } from './page.js';
import { moveFromFull } from './pageQueue.js';
import type { PageRetirement } from './retire.js';

/** Freeing: the slow part of the owner's, and other threads' (mimalloc's `alloc.c`, `page.c`). */
export class PageFrees {
  private readonly i32: Int32Array;

  constructor(
    private readonly context: HeapContext,
    private readonly retirement: PageRetirement,
  ) {
    this.i32 = context.i32;
  }

  /** The owner has freed a block, and `Used` fell to 0: the page was full, or is empty now. */
  afterFree(page: number): void {
    const heap = this.i32;
    if (heap[page + Page.InFull] !== 0) moveFromFull(heap, heap[page + Page.Heap], page);
    if (heap[page + Page.Used] === 0) this.retirement.emptied(page);
  }

  /** The owner frees a block. */
  freeOwned(page: number, block: number): void {
    const heap = this.i32;
    heap[block] = heap[page + Page.LocalFree];
    heap[page + Page.LocalFree] = block;
    const used = heap[page + Page.Used] - 1;
    heap[page + Page.Used] = used;
    if (used === 0) this.afterFree(page);
  }

  /**
   * Frees the blocks that other threads freed in full pages of this heap, but for those whose freer has not let go of
   * the page yet: they wait for the next time (`_mi_heap_delayed_free_partial`).
   */
  drainDelayed(base: number): void {
    const heap = this.i32;
    let block = takeDelayed(heap, base);
    while (block !== 0) {
      const next = heap[block];
      if ((Atomics.load(heap, pageOf(heap, block) + Page.XThreadFree) & Delayed.Mask) === Delayed.Freeing) {
        pushDelayed(heap, base, block);
      } else {
        this.freeDelayedBlock(block);
      }
      block = next;
    }
  }

  /** As `drainDelayed`, all of them: waits for freers (`_mi_heap_delayed_free_all`). Throws RunAborted. */
  drainAllDelayed(base: number): void {
    const heap = this.i32;
    let block = takeDelayed(heap, base);
    while (block !== 0) {
      const next = heap[block];
      awaitDelayed(heap, pageOf(heap, block));
      this.freeDelayedBlock(block);
      block = next;
    }
  }

  /** Its freer has let go of the page's flag: the page may become something else. */
  private freeDelayedBlock(block: number): void {
    const heap = this.i32;
    const page = pageOf(heap, block);
    if (heap[page + Page.InFull] !== 0) moveFromFull(heap, heap[page + Page.Heap], page);
    this.context.collect(page);
    this.freeOwned(page, block);
  }
}

/** The heap's list of delayed frees, which is empty afterwards. */
function takeDelayed(heap: Int32Array, base: number): number {
  if (Atomics.load(heap, base + Heap.ThreadDelayedFree) === 0) return 0;
  return Atomics.exchange(heap, base + Heap.ThreadDelayedFree, 0);
}

/** Puts a block back on the list, to which others may be adding. */
function pushDelayed(heap: Int32Array, base: number, block: number): void {
  const word = base + Heap.ThreadDelayedFree;
  let head = Atomics.load(heap, word);
  for (;;) {
    heap[block] = head;
    const seen = Atomics.compareExchange(heap, word, head, block);
    if (seen === head) return;
    head = seen;
  }
}

/**
 * Frees a block of somebody else's page (`_mi_free_block_mt`). Any thread. A full page is never looked at by its
 * owner's allocations: the first block freed there goes to the heap's own list, the others to the page's.
 */
export function freeForeign(heap: Int32Array, atomics: AtomicOps, address: number): void {
  const page = pageOf(heap, address);
  const word = page + Page.XThreadFree;
  let old = atomics.load(word);
  for (;;) {
    let replacement = old | Delayed.Freeing;
    if ((old & Delayed.Mask) !== Delayed.Use) {
      heap[address] = old & ~Delayed.Mask;
      replacement = address | (old & Delayed.Mask);
    }
    const seen = atomics.compareExchange(word, old, replacement);
    if (seen === old) break;
    old = seen;
  }
  if ((old & Delayed.Mask) === Delayed.Use) queueForHeap(heap, atomics, page, address);
}

/** State Freeing keeps the heap from leaving meanwhile. */
function queueForHeap(heap: Int32Array, atomics: AtomicOps, page: number, address: number): void {
  const word = atomics.load(page + Page.Heap) + Heap.ThreadDelayedFree;
  let head = atomics.load(word);
  for (;;) {
    heap[address] = head;
    const seen = atomics.compareExchange(word, head, address);
    if (seen === head) break;
    head = seen;
  }
  endDelayed(heap, page);
}
