import { firstGranule } from './bins.js';
import { Bin, Heap, Page, Queue, Slice } from './layout.js';

/**
 * Queues of a heap's pages, one a bin and one for full pages (mimalloc's `page-queue.c`). Owner only. The head of
 * each small bin's queue is also in `Heap.Direct`, for every size that the bin serves.
 */

export function queueAddress(base: number, bin: number): number {
  return base + Heap.Queues + bin * Queue.Words;
}

/** Adds a page behind the others. */
function appendPage(heap: Int32Array, base: number, queue: number, page: number): void {
  const last = heap[queue + Queue.Last];
  heap[page + Page.Next] = 0;
  heap[page + Page.Previous] = last;
  heap[queue + Queue.Last] = page;
  if (last !== 0) heap[last + Page.Next] = page;
  else setFirst(heap, base, queue, page);
}

/** Adds a page before the others: the next allocation of this bin uses it. */
export function prependPage(heap: Int32Array, base: number, queue: number, page: number): void {
  const first = heap[queue + Queue.First];
  heap[page + Page.Previous] = 0;
  heap[page + Page.Next] = first;
  if (first !== 0) heap[first + Page.Previous] = page;
  else heap[queue + Queue.Last] = page;
  setFirst(heap, base, queue, page);
}

/** Takes a page out of the queue that it is in. */
export function removePage(heap: Int32Array, base: number, queue: number, page: number): void {
  const next = heap[page + Page.Next];
  const previous = heap[page + Page.Previous];
  if (next !== 0) heap[next + Page.Previous] = previous;
  else heap[queue + Queue.Last] = previous;
  if (previous !== 0) heap[previous + Page.Next] = next;
  else setFirst(heap, base, queue, next);
}

/** Moves a page without a free block out of allocation's way. Its next free will see `Used` fall to 0. */
export function moveToFull(heap: Int32Array, base: number, page: number): void {
  removePage(heap, base, heap[page + Page.Queue], page);
  appendPage(heap, base, queueAddress(base, Bin.Full), page);
  heap[page + Page.InFull] = 1;
  heap[page + Page.FullUsed] = heap[page + Page.Used];
  heap[page + Page.Used] = 1;
}

/** Moves a full page back to its bin, behind the others; `Used` is right again. */
export function moveFromFull(heap: Int32Array, base: number, page: number): void {
  removePage(heap, base, queueAddress(base, Bin.Full), page);
  appendPage(heap, base, heap[page + Page.Queue], page);
  heap[page + Page.InFull] = 0;
  heap[page + Page.Used] += heap[page + Page.FullUsed] - 1;
}

function setFirst(heap: Int32Array, base: number, queue: number, page: number): void {
  heap[queue + Queue.First] = page;
  const blockWords = heap[queue + Queue.BlockWords];
  if (blockWords === 0 || blockWords > Slice.DirectMaxWords) return;
  const bin = (queue - base - Heap.Queues) / Queue.Words;
  const last = blockWords >> 2;
  for (let granules = firstGranule(bin); granules <= last; granules++) {
    heap[base + Heap.Direct + granules] = page;
  }
}
