import { Geometry, type HeapTag } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { Delayed, Page, Segment, Slice } from './layout.js';

/** One page: carving, its three free lists, the flag of its foreign frees (mimalloc's `page.c`). */

const enum Extend {
  /** Blocks are carved 4 KiB at a time, or at least 4: a page touches no more memory than it needs. */
  Words = 1024,
  MinBlocks = 4,
}

/** The page that a block lies in. Declared plain reads: `SliceOffset` is constant while the block lives. */
export function pageOf(heap: Int32Array, address: number): number {
  const slice =
    (address & ~Geometry.SegmentMask) +
    Segment.Pages +
    (((address & Geometry.SegmentMask) >> Slice.Shift) << Page.Shift);
  return slice - heap[slice + Page.SliceOffset];
}

export function segmentOf(address: number): number {
  return address & ~Geometry.SegmentMask;
}

/** Makes a page of slices that were just taken: nothing carved, in no queue. */
export function initPage(heap: Int32Array, page: number, blockWords: number, tag: HeapTag): void {
  const segment = segmentOf(page);
  const slice = (page - segment - Segment.Pages) >> Page.Shift;
  const offset = firstBlockOffset(blockWords);
  const words = heap[page + Page.SliceCount] << Slice.Shift;
  heap[page + Page.Free] = 0;
  heap[page + Page.Used] = 0;
  heap[page + Page.LocalFree] = 0;
  heap[page + Page.InFull] = 0;
  heap[page + Page.BlockWords] = blockWords;
  heap[page + Page.Tag] = tag;
  heap[page + Page.Capacity] = 0;
  heap[page + Page.Reserved] = ((words - offset) / blockWords) | 0;
  heap[page + Page.Start] = segment + (slice << Slice.Shift) + offset;
  heap[page + Page.RetireExpire] = 0;
  heap[page + Page.QsbrGoal] = 0;
  heap[page + Page.QsbrLinked] = 0;
  Atomics.store(heap, page + Page.XThreadFree, restingFlag(blockWords));
}

/**
 * What a foreign free does to a page that is not full. The one block of a large page is never looked for by an
 * allocation of that size, which takes a fresh page: its free must tell the heap.
 */
export function restingFlag(blockWords: number): Delayed {
  return blockWords > Slice.MediumMaxWords ? Delayed.Use : Delayed.No;
}

/** Small blocks do not start at the page's first byte: the first blocks of many pages would share a cache set. */
export function firstBlockOffset(blockWords: number): number {
  if (blockWords <= 16) return 3 * blockWords;
  return blockWords <= 128 ? blockWords : 0;
}

/** Carves more blocks into the empty `Free` list. Capacity < Reserved. */
export function extendPage(heap: Int32Array, page: number): void {
  const blockWords = heap[page + Page.BlockWords];
  const capacity = heap[page + Page.Capacity];
  const room = heap[page + Page.Reserved] - capacity;
  const wanted = Math.max((Extend.Words / blockWords) | 0, Extend.MinBlocks);
  const count = Math.min(room, wanted);
  const first = heap[page + Page.Start] + capacity * blockWords;
  const last = first + (count - 1) * blockWords;
  for (let block = first; block < last; block += blockWords) heap[block] = block + blockWords;
  heap[last] = heap[page + Page.Free];
  heap[page + Page.Free] = first;
  heap[page + Page.Capacity] = capacity + count;
}

/**
 * Makes what was freed allocatable: foreign frees go to LocalFree, and that to an empty Free. Returns true if the
 * page became all free by it. Owner only; not while the page is in the queue of full pages.
 *
 * Declared racy read of `XThreadFree`, for this is on the way of every hundredth allocation or so: who frees at this
 * moment is found next time. Where nobody may be missed, the owner has exchanged the word before (`setDelayed`), and
 * what it reads is that or newer.
 */
export function collectPage(heap: Int32Array, page: number): boolean {
  const used = heap[page + Page.Used];
  if ((heap[page + Page.XThreadFree] & ~Delayed.Mask) !== 0) collectForeign(heap, page);
  if (heap[page + Page.Free] === 0) {
    heap[page + Page.Free] = heap[page + Page.LocalFree];
    heap[page + Page.LocalFree] = 0;
  }
  return used !== 0 && heap[page + Page.Used] === 0;
}

/** Moves everything that is free to Free, at the cost of a walk (`_mi_page_free_collect` by force). Owner only. */
export function joinFree(heap: Int32Array, page: number): void {
  let tail = heap[page + Page.LocalFree];
  if (tail === 0) return;
  while (heap[tail] !== 0) tail = heap[tail];
  heap[tail] = heap[page + Page.Free];
  heap[page + Page.Free] = heap[page + Page.LocalFree];
  heap[page + Page.LocalFree] = 0;
}

function collectForeign(heap: Int32Array, page: number): void {
  const head = takeForeign(heap, page);
  let count = 1;
  let tail = head;
  while (heap[tail] !== 0) {
    tail = heap[tail];
    count++;
  }
  heap[tail] = heap[page + Page.LocalFree];
  heap[page + Page.LocalFree] = head;
  heap[page + Page.Used] -= count;
}

/** Swaps the list for an empty one, keeping the flag. Only the owner takes, so no ABA. The list is not empty. */
function takeForeign(heap: Int32Array, page: number): number {
  const word = page + Page.XThreadFree;
  let old = Atomics.load(heap, word);
  for (;;) {
    const seen = Atomics.compareExchange(heap, word, old, old & Delayed.Mask);
    if (seen === old) return old & ~Delayed.Mask;
    old = seen;
  }
}

/** Sets the flag, after a free that is under way has let go of the heap. Owner only. Throws RunAborted. */
export function setDelayed(heap: Int32Array, page: number, flag: Delayed): void {
  const word = page + Page.XThreadFree;
  for (;;) {
    const old = awaitDelayed(heap, page);
    if (Atomics.compareExchange(heap, word, old, (old & ~Delayed.Mask) | flag) === old) return;
  }
}

/** Waits until no foreign free is in state Freeing; returns `XThreadFree`. The state lasts for some instructions. */
export function awaitDelayed(heap: Int32Array, page: number): number {
  const word = page + Page.XThreadFree;
  for (;;) {
    const old = Atomics.load(heap, word);
    if ((old & Delayed.Mask) !== Delayed.Freeing) return old;
    futexWait(heap, word, old, Number.POSITIVE_INFINITY);
  }
}

/** Freeing -> No. By the thread that set Freeing. */
export function endDelayed(heap: Int32Array, page: number): void {
  const word = page + Page.XThreadFree;
  let old = Atomics.load(heap, word);
  for (;;) {
    const seen = Atomics.compareExchange(heap, word, old, (old & ~Delayed.Mask) | Delayed.No);
    if (seen === old) break;
    old = seen;
  }
  futexWake(heap, word, 1);
}
