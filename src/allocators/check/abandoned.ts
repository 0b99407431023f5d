import { Control, Geometry } from '../../memory/layout.js';
import { segmentOfTop } from '../mimalloc/abandonedPool.js';
import { Segment } from '../mimalloc/layout.js';
import type { CheckContext } from './context.js';

/** Every segment without an owner is in the pool of abandoned segments, in one list, once; and nothing else is. */
export function checkAbandoned(context: CheckContext, heapSegments: readonly number[]): void {
  const heap = context.i32;
  const left = new Set<number>();
  for (const segment of heapSegments) {
    if (Atomics.load(heap, segment + Segment.ThreadId) === 0) left.add(segment);
  }
  checkList(
    context,
    segmentOfTop(Atomics.load(heap, Control.AbandonedHead)),
    left,
    'the pool of abandoned segments',
  );
  checkList(
    context,
    Atomics.load(heap, Control.AbandonedVisited),
    left,
    'the list of abandoned segments put aside',
  );
  for (const segment of left) context.report(`abandoned segment ${segment} is in no list: it is lost`);
  const readers = Atomics.load(heap, Control.AbandonedReaders);
  context.expect(readers === 0, () => `${readers} threads look at abandoned segments although none runs`);
}

/** Takes what the list leads to out of `left`. */
function checkList(context: CheckContext, first: number, left: Set<number>, where: string): void {
  const heap = context.i32;
  for (let segment = first; segment !== 0; segment = Atomics.load(heap, segment + Segment.NextAbandoned)) {
    if (segment < 0 || segment >= heap.length || (segment & Geometry.SegmentMask) !== 0) {
      context.report(`${where} leads to ${segment}, which is no segment`);
      return;
    }
    if (!left.delete(segment)) {
      context.report(`${where} has ${segment}, which is none, or twice`);
      return;
    }
  }
}
