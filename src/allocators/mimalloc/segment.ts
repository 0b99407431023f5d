import { Geometry, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, tryClaimSegments } from '../../memory/segments.js';
import type { AbandonedPool } from './abandonedPool.js';
import { spanBin } from './bins.js';
import { Page, Segment, Slice, Spans } from './layout.js';

/**
 * The segments of a thread, cut into pages of whole slices (mimalloc's `segment.c`). Free slices form spans,
 * joined with their neighbours at once, in queues by length. Owner only, all of it.
 *
 * mimalloc also purges: after 10 ms it tells the operating system that free slices may lose their contents. A shared
 * buffer can give no page back, so there is nothing of it here: memory that was touched once stays resident. What
 * serves the same end is that claims take the lowest free segment, and requests the shortest span that fits.
 */
export class SegmentSlices {
  /**
   * `spans`: address of the thread's `Spans` queues; `id`: what the segments carry as `Segment.ThreadId`; `pool`: where
   * segments may come from, whose readers must be waited for; null none.
   */
  constructor(
    private readonly i32: Int32Array,
    private readonly spans: number,
    private readonly id: number,
    private readonly pool: AbandonedPool | null,
  ) {}

  start(): void {
    this.i32.fill(0, this.spans, this.spans + Spans.QueueCount * Spans.QueueWords);
  }

  /** Takes a page of `count` slices from the shortest span that has them; 0 if none has. */
  takePage(count: number): number {
    const heap = this.i32;
    for (let bin = spanBin(count); bin < Spans.QueueCount; bin++) {
      let span = heap[this.spans + bin * Spans.QueueWords + Spans.First];
      while (span !== 0 && heap[span + Page.SliceCount] < count) span = heap[span + Page.Next];
      if (span !== 0) return this.splitSpan(span, count);
    }
    return 0;
  }

  /** Claims a new segment, one span; false if the memory is full. */
  addSegment(): boolean {
    const heap = this.i32;
    const segment = tryClaimSegments(heap, 1, SegmentOwner.Heap);
    if (segment === 0) return false;
    heap[segment + Segment.Run] = 0;
    heap[segment + Segment.Used] = 0;
    heap[segment + Segment.Abandoned] = 0;
    heap[segment + Segment.NextAbandoned] = 0;
    heap[segment + Segment.Visits] = 0;
    Atomics.store(heap, segment + Segment.ThreadId, this.id);
    this.addSpan(sliceStruct(segment, 1), Slice.PerSegment - 1);
    return true;
  }

  /**
   * Gives the slices of a page back; the segment too, if it was the last page. The page is in no queue. Throws
   * RunAborted where it would have to wait for a reader of the abandoned pool.
   */
  freePage(page: number): void {
    const heap = this.i32;
    const segment = page & ~Geometry.SegmentMask;
    const span = this.freeSlices(page);
    const used = heap[segment + Segment.Used] - 1;
    heap[segment + Segment.Used] = used;
    if (used !== 0) return;
    this.unlinkSpan(span);
    Atomics.store(heap, segment + Segment.ThreadId, 0);
    this.pool?.awaitReaders();
    releaseSegments(heap, segment, 1);
  }

  /** Takes the segment's free spans out of this thread's queues: the segment is being abandoned. */
  hideSpans(segment: number): void {
    const heap = this.i32;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      if (heap[page + Page.BlockWords] === 0) this.unlinkSpan(page);
    }
  }

  /** Puts the spans of a segment that was reclaimed into this thread's queues. */
  showSpans(segment: number): void {
    const heap = this.i32;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      if (heap[page + Page.BlockWords] === 0) this.addSpan(page, heap[page + Page.SliceCount]);
    }
  }

  // --- Spans ---

  private splitSpan(span: number, count: number): number {
    const heap = this.i32;
    const length = heap[span + Page.SliceCount];
    this.unlinkSpan(span);
    if (length > count) this.addSpan(span + (count << Page.Shift), length - count);
    heap[span + Page.SliceCount] = count;
    for (let i = 0; i < count; i++) {
      const slice = span + (i << Page.Shift);
      heap[slice + Page.SliceOffset] = i << Page.Shift;
      Atomics.store(heap, slice + Page.Owner, i === 0 ? this.id : 0);
    }
    heap[(span & ~Geometry.SegmentMask) + Segment.Used]++;
    return span;
  }

  /** Turns a page into a span and joins it with the spans beside it; returns the whole. */
  private freeSlices(page: number): number {
    const heap = this.i32;
    const segment = page & ~Geometry.SegmentMask;
    let first = page;
    let count = heap[page + Page.SliceCount];
    const next = page + (count << Page.Shift);
    if (next < sliceStruct(segment, Slice.PerSegment) && heap[next + Page.BlockWords] === 0) {
      this.unlinkSpan(next);
      count += heap[next + Page.SliceCount];
    }
    if (page > sliceStruct(segment, 1)) {
      const before = page - Page.Words;
      const previous = before - heap[before + Page.SliceOffset];
      if (heap[previous + Page.BlockWords] === 0) {
        this.unlinkSpan(previous);
        count += heap[previous + Page.SliceCount];
        first = previous;
      }
    }
    this.addSpan(first, count);
    return first;
  }

  private addSpan(span: number, count: number): void {
    const heap = this.i32;
    const last = span + ((count - 1) << Page.Shift);
    heap[span + Page.BlockWords] = 0;
    heap[span + Page.SliceCount] = count;
    heap[span + Page.SliceOffset] = 0;
    heap[last + Page.SliceOffset] = last - span;
    const queue = this.spans + spanBin(count) * Spans.QueueWords;
    const first = heap[queue + Spans.First];
    heap[span + Page.Previous] = 0;
    heap[span + Page.Next] = first;
    if (first !== 0) heap[first + Page.Previous] = span;
    else heap[queue + Spans.Last] = span;
    heap[queue + Spans.First] = span;
  }

  private unlinkSpan(span: number): void {
    const heap = this.i32;
    const queue = this.spans + spanBin(heap[span + Page.SliceCount]) * Spans.QueueWords;
    const next = heap[span + Page.Next];
    const previous = heap[span + Page.Previous];
    if (next !== 0) heap[next + Page.Previous] = previous;
    else heap[queue + Spans.Last] = previous;
    if (previous !== 0) heap[previous + Page.Next] = next;
    else heap[queue + Spans.First] = next;
  }
}

/** The struct of a slice. */
function sliceStruct(segment: number, slice: number): number {
  return segment + Segment.Pages + (slice << Page.Shift);
}

/** First page or span of a segment. */
export function firstPage(segment: number): number {
  return sliceStruct(segment, 1);
}

/** The page or span behind this one, 0 at the segment's end. */
export function nextPage(heap: Int32Array, page: number): number {
  const next = page + (heap[page + Page.SliceCount] << Page.Shift);
  return next < sliceStruct(page & ~Geometry.SegmentMask, Slice.PerSegment) ? next : 0;
}
