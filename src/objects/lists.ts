import { MemoryError, PythonError } from '../memory/errors.js';
import {
  BuiltinType,
  FreeListMax,
  FreeLists,
  GcBits,
  HeapTag,
  ListArray,
  ListObject,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import { FreeListed } from './freeListed.js';
import type { Guard } from './guard.js';

/**
 * list (CPython `Objects/listobject.c`).
 *
 * This class reads and writes under the build's guard: none (gil, unsafe), or a mutex an object (gilectomy).
 * `LockFreeLists` adds what the free-threaded build does. Methods take borrowed references unless they say
 * "steals", and return new references unless they say "borrowed".
 */
export class Lists extends FreeListed {
  protected readonly guard: Guard;

  constructor(context: ObjectContext) {
    super(context);
    this.guard = context.guard;
  }

  /** An empty list. Throws MemoryError. */
  create(): Ref {
    const heap = this.i32;
    let list = this.popFree(FreeLists.Lists);
    if (list === 0) list = this.gcHeap.alloc(ListObject.Words);
    this.refs.init(list, BuiltinType.List, GcBits.Tracked);
    heap[list + ListObject.Size] = 0;
    heap[list + ListObject.Items] = 0;
    this.gcHeap.track(list);
    return list;
  }

  /** Number of items. Declared racy read: while others write, any value it had during the call. */
  length(list: Ref): number {
    return this.i32[list + ListObject.Size];
  }

  /** list[index]; negative counts from the end. Throws IndexError. */
  get(list: Ref, index: number): Ref {
    const token = this.guard.begin(list);
    const item = this.itemAt(list, index);
    if (item !== 0) this.refs.incref(item);
    this.guard.end(token);
    return item !== 0 ? item : outOfRange(index);
  }

  /** list[index] = value. Throws IndexError. */
  set(list: Ref, index: number, value: Ref): void {
    const token = this.guard.begin(list);
    const old = this.itemAt(list, index);
    if (old !== 0) {
      this.refs.incref(value);
      this.storeItem(list, this.slotOf(list, index), value);
    }
    this.guard.end(token);
    if (old === 0) outOfRange(index);
    this.refs.decref(old);
  }

  /** As set, but the old item is not dropped: its reference is the caller's. */
  exchange(list: Ref, index: number, value: Ref): Ref {
    const token = this.guard.begin(list);
    const old = this.itemAt(list, index);
    if (old !== 0) {
      this.refs.incref(value);
      this.storeItem(list, this.slotOf(list, index), value);
    }
    this.guard.end(token);
    return old !== 0 ? old : outOfRange(index);
  }

  /** list.append(item). Throws MemoryError. */
  append(list: Ref, item: Ref): void {
    const token = this.guard.begin(list);
    const heap = this.i32;
    const size = heap[list + ListObject.Size];
    const array = heap[list + ListObject.Items];
    if (array === 0 || size >= heap[array + ListArray.Capacity]) {
      this.growLocked(list, size + 1, token);
    }
    this.refs.incref(item);
    this.storeAppended(list, heap[list + ListObject.Items] + ListArray.Items + size, item, size + 1);
    this.guard.end(token);
  }

  /** list.pop(): the last item. Throws IndexError. */
  pop(list: Ref): Ref {
    const token = this.guard.begin(list);
    const heap = this.i32;
    const size = heap[list + ListObject.Size];
    const item = size === 0 ? 0 : this.itemAt(list, size - 1);
    if (item !== 0) {
      // The slot is cleared, so that a reader with a stale size finds null and takes the lock.
      this.storeItem(list, this.slotOf(list, size - 1), 0);
      this.storeSize(list, size - 1);
      this.shrinkLocked(list, size - 1);
    }
    this.guard.end(token);
    if (item === 0) throw new PythonError('IndexError', 'pop from empty list');
    return item;
  }

  /** list.pop(index); negative counts from the end. Those behind it move up. Throws IndexError. */
  popAt(list: Ref, index: number): Ref {
    const token = this.guard.begin(list);
    const heap = this.i32;
    const item = this.itemAt(list, index);
    if (item !== 0) {
      const size = heap[list + ListObject.Size];
      const last = heap[list + ListObject.Items] + ListArray.Items + size - 1;
      this.closeGap(list, this.slotOf(list, index), last);
      this.storeItem(list, last, 0);
      this.storeSize(list, size - 1);
      this.shrinkLocked(list, size - 1);
    }
    this.guard.end(token);
    return item !== 0 ? item : outOfRange(index);
  }

  /** list.clear(). Items are dropped after the list has let go of them. Returns how many there were. */
  clear(list: Ref): number {
    const token = this.guard.begin(list);
    const heap = this.i32;
    const array = heap[list + ListObject.Items];
    const size = heap[list + ListObject.Size];
    this.storeSize(list, 0);
    this.publishArray(list, 0);
    this.guard.end(token);
    if (array === 0) return 0;
    for (let i = size - 1; i >= 0; i--) this.refs.decref(heap[array + ListArray.Items + i]);
    this.freeArray(list, array);
    return size;
  }

  /** Makes room for `capacity` items in all, so that appends up to there do not move the array. */
  reserve(list: Ref, capacity: number): void {
    const token = this.guard.begin(list);
    const array = this.i32[list + ListObject.Items];
    if (array === 0 || capacity > this.i32[array + ListArray.Capacity])
      this.growLocked(list, capacity, token);
    this.guard.end(token);
  }

  /** first.extend(second), both lists; also with itself. Throws MemoryError. */
  extend(first: Ref, second: Ref): void {
    const token = this.guard.begin2(first, second);
    const heap = this.i32;
    const size = heap[first + ListObject.Size];
    const added = heap[second + ListObject.Size];
    if (added > 0) {
      const array = heap[first + ListObject.Items];
      if (array === 0 || size + added > heap[array + ListArray.Capacity]) {
        this.growLocked(first, size + added, token);
      }
      const target = heap[first + ListObject.Items] + ListArray.Items + size;
      const source = heap[second + ListObject.Items] + ListArray.Items;
      for (let i = 0; i < added; i++) {
        const item = heap[source + i];
        this.refs.newRefWithLock(item);
        this.storeItem(first, target + i, item);
      }
      this.storeSize(first, size + added);
    }
    this.guard.end(token);
  }

  /** The last reference is gone: drops the items, frees the array at once (no reader can exist). */
  dealloc(list: Ref): void {
    this.gcHeap.untrack(list);
    const array = this.i32[list + ListObject.Items];
    if (array !== 0) this.dropArray(list, array);
    if (!this.pushFree(FreeLists.Lists, list, FreeListMax.Lists)) this.gcHeap.free(list);
  }

  private dropArray(list: Ref, array: number): void {
    const heap = this.i32;
    for (let i = heap[list + ListObject.Size] - 1; i >= 0; i--) {
      this.refs.decref(heap[array + ListArray.Items + i]);
    }
    this.allocator.free(array, HeapTag.Mem);
  }

  // Steps. The free-threaded build overrides how a word becomes visible to readers that take no lock.

  protected storeItem(_list: Ref, slot: number, item: Ref): void {
    this.i32[slot] = item;
  }

  /** Items up to the one at `last` move one slot down. */
  protected closeGap(_list: Ref, slot: number, last: number): void {
    this.i32.copyWithin(slot, slot + 1, last + 1);
  }

  protected storeSize(list: Ref, size: number): void {
    this.i32[list + ListObject.Size] = size;
  }

  protected storeAppended(list: Ref, slot: number, item: Ref, size: number): void {
    const heap = this.i32;
    heap[slot] = item;
    heap[list + ListObject.Size] = size;
  }

  protected publishArray(list: Ref, array: number): void {
    this.i32[list + ListObject.Items] = array;
  }

  /** Frees an array that the list no longer shows. */
  protected freeArray(_list: Ref, array: number): void {
    this.allocator.free(array, HeapTag.Mem);
  }

  /** A new array of `capacity` items with the first `keep` copied; the old one is given back. */
  protected moveArray(list: Ref, capacity: number, _keep: number): void {
    const heap = this.i32;
    const old = heap[list + ListObject.Items];
    const words = ListArray.Items + capacity;
    const array =
      old === 0 ? this.allocator.alloc(words, HeapTag.Mem) : this.allocator.realloc(old, words, HeapTag.Mem);
    heap[array + ListArray.Capacity] = capacity;
    heap[list + ListObject.Items] = array;
  }

  /** Borrowed item or 0 if out of range. Under the guard. */
  protected itemAt(list: Ref, index: number): Ref {
    const heap = this.i32;
    const size = heap[list + ListObject.Size];
    const position = index < 0 ? index + size : index;
    if (position < 0 || position >= size) return 0;
    return heap[heap[list + ListObject.Items] + ListArray.Items + position];
  }

  /** Word address of an item that exists. Under the guard. */
  private slotOf(list: Ref, index: number): number {
    const heap = this.i32;
    const position = index < 0 ? index + heap[list + ListObject.Size] : index;
    return heap[list + ListObject.Items] + ListArray.Items + position;
  }

  /** Makes room for `needed` items; on MemoryError the guard is ended and the list is as it was. */
  private growLocked(list: Ref, needed: number, token: number): void {
    const heap = this.i32;
    const size = heap[list + ListObject.Size];
    const empty = heap[list + ListObject.Items] === 0;
    try {
      this.moveArray(list, listCapacity(needed, size, empty), size);
    } catch (error) {
      this.guard.end(token);
      throw error;
    }
  }

  /** After a pop: gives memory back when less than half of the array is used. */
  private shrinkLocked(list: Ref, size: number): void {
    const heap = this.i32;
    const capacity = heap[heap[list + ListObject.Items] + ListArray.Capacity];
    if (size >= capacity >> 1) return;
    if (size === 0) {
      const array = heap[list + ListObject.Items];
      this.publishArray(list, 0);
      this.freeArray(list, array);
    } else {
      this.tryShrink(list, size);
    }
  }

  /** Without memory for a smaller array the larger one stays. */
  private tryShrink(list: Ref, size: number): void {
    try {
      this.moveArray(list, listCapacity(size, size, false), size);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  }
}

/**
 * Capacity for `needed` items, CPython's `list_resize`: 0, 4, 8, 16, 24, 32, 40, 52, 64, 76, ... by append; a
 * jump beyond the usual growth gets just what it needs, rounded to 4; the first extend is exact, rounded to 2.
 */
function listCapacity(needed: number, size: number, empty: boolean): number {
  if (needed === 0) return 0;
  if (empty && needed > 1) return (needed + 1) & ~1;
  const capacity = (needed + (needed >> 3) + 6) & ~3;
  return needed - size > capacity - needed ? (needed + 3) & ~3 : capacity;
}

export function outOfRange(index: number): never {
  throw new PythonError('IndexError', `list index ${index} out of range`);
}
