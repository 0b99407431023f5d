import { FatalError } from './errors.js';
import { Control, Geometry } from './layout.js';

/** Words of the memory that one word of the table stands for: 16 bytes, the alignment of objects. */
const WORDS_A_COUNT = 4;

/**
 * Sets the last fifth of a memory aside for the side table of counts (refcount/sideTable.ts), in whole segments:
 * they leave the segments that allocators see. Before anything has been allocated, by the thread that makes the
 * memory; harmless when done already.
 */
export function reserveSideTable(heap: Int32Array): void {
  if (heap[Control.SideTable] !== 0) return;
  if (heap[Control.SegmentsUsed] !== 0) {
    throw new FatalError('the side table of counts must be reserved before the first segment is handed out');
  }
  const segments = heap[Control.SegmentCount];
  const rest = segments - Math.ceil(segments / (WORDS_A_COUNT + 1));
  heap[Control.SegmentCount] = rest;
  heap[Control.SideTable] = rest * Geometry.SegmentWords;
}
