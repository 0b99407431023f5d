import type { CheckContext } from '../../allocators/check/context.js';
import { Control, GcBits, GcHead, GcState } from '../../memory/layout.js';
import { generationHead } from '../gcHeap.js';
import { isLiveObject } from './objectBlock.js';

/** Lists of objects: the generations, the frozen ones, then those of a collection under way (gc/generational/). */
const NAMES = [
  'generation 0',
  'generation 1',
  'generation 2',
  'the frozen generation',
  'the unreachable objects',
  'the legacy finalisers',
  'the pending callbacks',
  'the objects that are still unreachable',
];

const GENERATIONS = 4;

/**
 * The lists of a generational collector: circular, linked alike in both directions, no object in two of them or twice,
 * each a live and tracked one; none of a collection outside of one, nor its marks in the links. Returns the objects in
 * them; null if the build's collector has no lists.
 */
export function checkGenerations(context: CheckContext): Set<number> | null {
  const heap = context.i32;
  const gc = Control.Gc;
  if (heap[gc + GcState.Generational] === 0) return null;
  const listed = new Set<number>();
  for (let list = 0; list < NAMES.length; list++) {
    checkList(context, generationHead(list), NAMES[list], listed);
    const busy = list >= GENERATIONS && heap[generationHead(list) + GcHead.Next] !== generationHead(list);
    context.expect(!busy || heap[gc + GcState.Collecting] !== 0, () => {
      return `${NAMES[list]} are a list, and no collection is under way`;
    });
  }
  for (const word of [GcState.Counts, GcState.Counts + 1, GcState.Counts + 2, GcState.LongLivedPending]) {
    context.expect(heap[gc + word] >= 0, () => `the collector counts ${heap[gc + word]} in its word ${word}`);
  }
  return listed;
}

/** Every tracked object is in one list. `objects`: all that are alive. */
export function checkListed(
  context: CheckContext,
  objects: Iterable<number>,
  listed: ReadonlySet<number>,
): void {
  for (const object of objects) {
    if (!isTracked(context.i32, object) || listed.has(object)) continue;
    context.report(`object ${object} is tracked and in no generation`);
  }
}

function checkList(context: CheckContext, head: number, name: string, listed: Set<number>): void {
  const heap = context.i32;
  let before = head;
  for (let object = heap[head + GcHead.Next]; object !== head; object = heap[object + GcHead.Next]) {
    const wrong = whyNotListed(context, object, listed);
    if (wrong !== null) {
      context.report(`${name}: ${object}, behind ${before}, ${wrong}`);
      return;
    }
    listed.add(object);
    const previous = heap[object + GcHead.Previous];
    context.expect(
      previous === before,
      () => `${name}: object ${object} is behind ${before}, its link says ${previous}`,
    );
    before = object;
  }
  const last = heap[head + GcHead.Previous];
  context.expect(last === before, () => `${name} ends with ${before}, its head says ${last}`);
}

function whyNotListed(context: CheckContext, object: number, listed: ReadonlySet<number>): string | null {
  if ((object & 3) !== 0) return 'has marks of a collection';
  if (listed.has(object)) return 'is in a list twice';
  if (!isLiveObject(context, object)) return 'is no live object';
  return isTracked(context.i32, object) ? null : 'is not tracked';
}

function isTracked(heap: Int32Array, object: number): boolean {
  return (heap[object] & (GcBits.Tracked << 24)) !== 0;
}
