import { Geometry } from '../../memory/layout.js';
import { Delayed, Page, Segment, Slice } from '../mimalloc/layout.js';
import { firstPage, nextPage } from '../mimalloc/segment.js';
import type { OwnerCollector } from './collector.js';
import type { WaitingStatistics } from './types.js';

/** Pages that wait for their goals, as they are met. */
export type WaitingPages = { -readonly [key in 'pages' | 'pageBytes']: WaitingStatistics[key] };

/**
 * A segment of pages. `delayed`: by page, how many of its blocks are in a heap's list of delayed frees, and so look
 * used.
 */
export function addSegment(
  heap: Int32Array,
  segment: number,
  collector: OwnerCollector,
  delayed: ReadonlyMap<number, readonly number[]>,
  waiting: WaitingPages,
): void {
  collector.segments++;
  collector.addOutside({ waste: Slice.Words * 4 });
  for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
    const bytes = (heap[page + Page.SliceCount] << Slice.Shift) * 4;
    if (heap[page + Page.BlockWords] === 0) collector.addOutside({ unused: bytes });
    else addPage(heap, page, bytes, collector, delayed.get(page)?.length ?? 0, waiting);
  }
}

function addPage(
  heap: Int32Array,
  page: number,
  bytes: number,
  collector: OwnerCollector,
  delayed: number,
  waiting: WaitingPages,
): void {
  const foreign = Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask;
  const used = heap[page + (heap[page + Page.InFull] === 1 ? Page.FullUsed : Page.Used)];
  const waits = used === 0 && heap[page + Page.QsbrGoal] !== 0;
  if (waits) {
    waiting.pages++;
    waiting.pageBytes += bytes;
  }
  collector.addPages(heap[page + Page.Tag], {
    size: heap[page + Page.BlockWords] * 4,
    pages: 1,
    waitingPages: waits ? 1 : 0,
    live: used - delayed - listLength(heap, foreign),
    carved: heap[page + Page.Capacity],
    capacity: heap[page + Page.Reserved],
    bytes,
  });
}

/** A run of segments with one block. */
export function addHuge(heap: Int32Array, segment: number, collector: OwnerCollector): void {
  const run = heap[segment + Segment.Run];
  const page = firstPage(segment);
  collector.segments += run;
  collector.addPages(heap[page + Page.Tag], {
    size: heap[page + Page.BlockWords] * 4,
    pages: 1,
    waitingPages: 0,
    // A dead block waits in a queue of delayed frees.
    live: heap[page + Page.Used],
    carved: 1,
    capacity: 1,
    bytes: run * Geometry.SegmentBytes,
  });
}

function listLength(heap: Int32Array, first: number): number {
  let count = 0;
  for (let block = first; block !== 0; block = heap[block]) count++;
  return count;
}
