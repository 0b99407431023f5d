import { FatalError } from '../memory/errors.js';
import { Control, Geometry, HeapTag, SegmentOwner } from '../memory/layout.js';

/** Tests of arguments, for slow paths: no fast path lets a wrong one through. */

/** Words of the largest memory that there can be; what fits there but not here is a MemoryError. */
const MAX_WORDS = Geometry.MaxSegments * Geometry.SegmentWords;

/** Throws RangeError unless `words` is a size that some memory could serve. */
export function checkSize(words: number): void {
  if (Number.isInteger(words) && words >= 0 && words <= MAX_WORDS) return;
  throw new RangeError(
    `cannot allocate ${words} words: accepted are whole numbers from 0 to ${MAX_WORDS} (2 GiB)`,
  );
}

/** Throws RangeError unless `tag` is that of one of a thread's heaps. */
export function checkTag(tag: HeapTag): void {
  if (Number.isInteger(tag) && tag >= 0 && tag < HeapTag.Count) return;
  throw new RangeError(
    `cannot allocate with tag ${tag}: accepted are 0 (mem), 1 (object), 2 (gc), 3 (gc with pre-header)`,
  );
}

/**
 * Throws FatalError unless the address lies in a segment that some allocator has. Declared racy read of the table
 * of segments: a live block's segment was claimed before anybody could know the block.
 */
export function checkHeapAddress(heap: Int32Array, address: number): void {
  const index = address >>> Geometry.SegmentShift;
  if (index > 0 && index < heap[Control.SegmentCount]) {
    if (heap[Control.SegmentTable + index] !== SegmentOwner.Free) return;
  }
  throw notABlock(heap, address);
}

/** The error for an address that was never handed out. */
export function notABlock(heap: Int32Array, address: number): FatalError {
  return new FatalError(
    `${address} is no block of a heap: blocks lie from ${Geometry.SegmentWords} to ${heap[Control.MemoryWords] - 1}, ` +
      'in segments that an allocator has',
  );
}
