import { Geometry, HeapTag } from '../../memory/layout.js';
import { Page, Segment, Slice } from '../mimalloc/layout.js';
import { firstPage } from '../mimalloc/segment.js';
import type { CheckContext } from './context.js';

/**
 * A run of segments with one block. Returns true if the block is dead and waits for readers: then a queue of
 * delayed frees must have it.
 */
export function checkHuge(context: CheckContext, segment: number): boolean {
  const heap = context.i32;
  const page = firstPage(segment);
  const run = heap[segment + Segment.Run];
  const used = heap[page + Page.Used];
  const words = run * Geometry.SegmentWords - Slice.Words;
  const tag = heap[page + Page.Tag];
  const right =
    Atomics.load(heap, segment + Segment.ThreadId) === 0 &&
    heap[page + Page.Start] === segment + Slice.Words &&
    heap[page + Page.BlockWords] === words &&
    (used === 0 || used === 1) &&
    tag >= 0 &&
    tag <= HeapTag.Raw;
  if (!right) {
    context.report(
      `the huge block's segment ${segment}: its header does not describe one block of ${run} segments`,
    );
    return false;
  }
  context.blocks.addLive(segment + Slice.Words, words, 1);
  return used === 0;
}
