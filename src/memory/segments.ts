import { MemoryError } from './errors.js';
import { Control, Geometry, SegmentOwner } from './layout.js';

/**
 * Hands out naturally aligned segments of 4 MiB: what `mmap` is to CPython's allocators. One table word a segment,
 * claimed by exchange, so that no thread ever waits here. Segment 0 is the control block. Contents are whatever
 * the last owner left: never assumed zero. All functions: any thread, attached or not.
 */

/**
 * Claims `count` (1 or more) contiguous segments, the lowest that are free, for `owner` (the segments after the
 * first of a run become `HugeTail`). Returns the word address of the first, 0 if there is no such run.
 */
export function tryClaimSegments(heap: Int32Array, count: number, owner: SegmentOwner): number {
  for (;;) {
    const releases = Atomics.load(heap, Control.SegmentReleases);
    const first = claimLowest(heap, count, owner);
    if (first !== 0) {
      countClaimed(heap, count);
      return first << Geometry.SegmentShift;
    }
    // Segments that came back, or that a competitor rolled back, during the search may have been missed.
    if (Atomics.load(heap, Control.SegmentReleases) === releases) return 0;
  }
}

/** As `tryClaimSegments`; throws MemoryError when the memory is full. */
export function claimSegments(heap: Int32Array, count: number, owner: SegmentOwner): number {
  const address = tryClaimSegments(heap, count, owner);
  if (address === 0) throw segmentsExhausted(heap, count * Geometry.SegmentBytes);
  return address;
}

/** Gives `count` contiguous segments back. The caller owned them all and touches them no more. */
export function releaseSegments(heap: Int32Array, address: number, count: number): void {
  Atomics.sub(heap, Control.SegmentsUsed, count);
  release(heap, address >>> Geometry.SegmentShift, count);
}

/** The error for a request of `bytes` that no segment could serve. */
export function segmentsExhausted(heap: Int32Array, bytes: number): MemoryError {
  const inUse = Atomics.load(heap, Control.SegmentsUsed) * Geometry.SegmentBytes;
  const limit = (heap[Control.SegmentCount] - 1) * Geometry.SegmentBytes;
  return new MemoryError(bytes, 'segments', inUse, limit);
}

/** Who has the segment at this word address. */
export function segmentOwner(heap: Int32Array, address: number): SegmentOwner {
  return Atomics.load(heap, Control.SegmentTable + (address >>> Geometry.SegmentShift));
}

// --- Steps. Segments by number. ---

/** First fit. Returns the number of the first segment, 0 if none. */
function claimLowest(heap: Int32Array, count: number, owner: SegmentOwner): number {
  const last = heap[Control.SegmentCount] - count;
  let first = 1;
  while (first <= last) {
    const free = freeRun(heap, first, count);
    if (free === count && claimRun(heap, first, count, owner)) return first;
    first += free === count ? 1 : free + 1;
  }
  return 0;
}

/** How many segments from here on are free, at most `count`. */
function freeRun(heap: Int32Array, first: number, count: number): number {
  for (let i = 0; i < count; i++) {
    if (Atomics.load(heap, Control.SegmentTable + first + i) !== SegmentOwner.Free) return i;
  }
  return count;
}

/** Claims the run or, if a competitor has some of it meanwhile, nothing. */
function claimRun(heap: Int32Array, first: number, count: number, owner: SegmentOwner): boolean {
  for (let i = 0; i < count; i++) {
    const word = Control.SegmentTable + first + i;
    const mark = i === 0 ? owner : SegmentOwner.HugeTail;
    if (Atomics.compareExchange(heap, word, SegmentOwner.Free, mark) !== SegmentOwner.Free) {
      release(heap, first, i);
      return false;
    }
  }
  return true;
}

function release(heap: Int32Array, first: number, count: number): void {
  for (let i = count - 1; i >= 0; i--) {
    Atomics.store(heap, Control.SegmentTable + first + i, SegmentOwner.Free);
  }
  Atomics.add(heap, Control.SegmentReleases, 1);
}

function countClaimed(heap: Int32Array, count: number): void {
  const used = Atomics.add(heap, Control.SegmentsUsed, count) + count;
  let peak = Atomics.load(heap, Control.SegmentsPeak);
  while (used > peak) {
    const seen = Atomics.compareExchange(heap, Control.SegmentsPeak, peak, used);
    if (seen === peak) return;
    peak = seen;
  }
}
