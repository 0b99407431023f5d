import { PythonError } from '../memory/errors.js';
import { BuiltinType, Control, FreeListMax, FreeLists, GcBits, TupleObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { FreeListed } from './freeListed.js';

/**
 * tuple (CPython `Objects/tupleobject.c`): immutable, so that readers need neither lock nor re-check: whoever
 * holds the tuple holds its items.
 */
export class Tuples extends FreeListed {
  /** A tuple of these items, borrowed. Throws MemoryError. */
  create(items: readonly Ref[]): Ref {
    const length = items.length;
    if (length === 0) return this.refs.newStatic(Control.EmptyTuple);
    const heap = this.i32;
    const tuple = this.allocate(length);
    for (let i = 0; i < length; i++) {
      this.refs.incref(items[i]);
      heap[tuple + TupleObject.Items + i] = items[i];
    }
    this.gcHeap.track(tuple);
    return tuple;
  }

  length(tuple: Ref): number {
    return this.i32[tuple + TupleObject.Length];
  }

  /** tuple[index]; negative counts from the end. Throws IndexError. */
  get(tuple: Ref, index: number): Ref {
    const heap = this.i32;
    const length = heap[tuple + TupleObject.Length];
    const position = index < 0 ? index + length : index;
    if (position < 0 || position >= length) throw outOfRange(index);
    const item = heap[tuple + TupleObject.Items + position];
    this.refs.incref(item);
    return item;
  }

  dealloc(tuple: Ref): void {
    this.gcHeap.untrack(tuple);
    const heap = this.i32;
    const length = heap[tuple + TupleObject.Length];
    for (let i = length - 1; i >= 0; i--) this.refs.decref(heap[tuple + TupleObject.Items + i]);
    const kept =
      length <= FreeListMax.TupleLength &&
      this.pushFree(FreeLists.Tuples + 2 * length, tuple, FreeListMax.Tuples);
    if (!kept) this.gcHeap.free(tuple);
  }

  private allocate(length: number): Ref {
    const heap = this.i32;
    let tuple = length <= FreeListMax.TupleLength ? this.popFree(FreeLists.Tuples + 2 * length) : 0;
    if (tuple === 0) tuple = this.gcHeap.alloc(TupleObject.Items + length);
    this.refs.init(tuple, BuiltinType.Tuple, GcBits.Tracked);
    heap[tuple + TupleObject.Length] = length;
    heap[tuple + TupleObject.Hash] = 0;
    return tuple;
  }
}

function outOfRange(index: number): PythonError {
  return new PythonError('IndexError', `tuple index ${index} out of range`);
}
