import { BuiltinType, GcHead, Header, TupleObject } from '../../memory/layout.js';
import { HeaderBits } from './layout.js';
import { unlink } from './list.js';

/** No collector sees the object any more; it is in no list. Its other bits stay. */
export function untrackObject(heap: Int32Array, object: number): void {
  heap[object] &= ~HeaderBits.Tracked;
  heap[object + GcHead.Next] = 0;
}

/**
 * Tuples whose items can never be parts of cycles leave the list (`untrack_tuples`): nobody can put anything else in
 * them. An item that is not tracked now never will be. Returns how many left.
 */
export function untrackTuples(heap: Int32Array, young: number): number {
  let untracked = 0;
  let object = heap[young + GcHead.Next];
  while (object !== young) {
    const next = heap[object + GcHead.Next];
    if (heap[object + Header.Type] === BuiltinType.Tuple && !refersToTracked(heap, object)) {
      unlink(heap, object);
      untrackObject(heap, object);
      untracked++;
    }
    object = next;
  }
  return untracked;
}

function refersToTracked(heap: Int32Array, tuple: number): boolean {
  const first = tuple + TupleObject.Items;
  const end = first + heap[tuple + TupleObject.Length];
  for (let word = first; word < end; word++) if ((heap[heap[word]] & HeaderBits.Tracked) !== 0) return true;
  return false;
}
