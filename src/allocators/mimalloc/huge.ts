import { Control, Geometry, type HeapTag, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, tryClaimSegments } from '../../memory/segments.js';
import { Delayed, Page, Segment, Slice } from './layout.js';
import { firstPage } from './segment.js';

/**
 * Blocks of more than half a segment: one page in a run of segments of its own. It belongs to no thread's heap
 * (mimalloc's `MI_HUGE_PAGE_ABANDON`), so that any thread can release it.
 */

/** Allocates, or returns 0. */
export function tryAllocHuge(heap: Int32Array, words: number, tag: HeapTag): number {
  const run = Math.ceil((words + Slice.Words) / Geometry.SegmentWords);
  if (run >= heap[Control.SegmentCount]) return 0;
  const segment = tryClaimSegments(heap, run, SegmentOwner.Huge);
  if (segment === 0) return 0;
  const page = firstPage(segment);
  const start = segment + Slice.Words;
  heap[segment + Segment.Run] = run;
  heap[page + Page.Used] = 1;
  heap[page + Page.BlockWords] = run * Geometry.SegmentWords - Slice.Words;
  heap[page + Page.SliceCount] = Slice.PerSegment - 1;
  heap[page + Page.SliceOffset] = 0;
  Atomics.store(heap, page + Page.Owner, 0);
  heap[page + Page.Tag] = tag;
  heap[page + Page.Start] = start;
  heap[page + Page.XThreadFree] = Delayed.Never;
  Atomics.store(heap, segment + Segment.ThreadId, 0);
  return start;
}

/** Segments of the run that a block lies in; 0 if it is not huge. Constant while the block lives. */
export function hugeRun(heap: Int32Array, address: number): number {
  return heap[(address & ~Geometry.SegmentMask) + Segment.Run];
}

/** The block is dead, and waits for lock-free readers. */
export function markHugeDead(heap: Int32Array, address: number): void {
  heap[firstPage(address & ~Geometry.SegmentMask) + Page.Used] = 0;
}

/** Gives the run back. */
export function releaseHuge(heap: Int32Array, address: number): void {
  const segment = address & ~Geometry.SegmentMask;
  releaseSegments(heap, segment, heap[segment + Segment.Run]);
}
