import { GcBits, Header, InstanceObject, ListArray, ListObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { LockFreeDicts } from './lockFreeDicts.js';
import { LockFreeInstances } from './lockFreeInstances.js';
import { LockFreeLists } from './lockFreeLists.js';

/**
 * Containers that are read without a lock, in builds that count no references (refcount/none.ts). Who may read without
 * the lock, and what keeps arrays and tables mapped, is as in their base classes. What is read needs nothing more: it is
 * no object that could be freed before this thread's next safepoint, so that its header is not even looked at.
 */

const SHARED = GcBits.Shared << 24;

export class UncountedLists extends LockFreeLists {
  /** Declared racy reads: as in `LockFreeLists.get`, whose checks of index, array and slot these are. */
  override get(list: Ref, index: number): Ref {
    const heap = this.i32;
    const owned = (heap[list] & Header.OwnerMask) === this.id;
    const array = owned ? heap[list + ListObject.Items] : this.atomics.loadShared(list, ListObject.Items);
    if (index >>> 0 < heap[list + ListObject.Size] >>> 0 && array !== 0 && index < heap[array]) {
      const item = heap[array + ListArray.Items + index];
      if (item !== 0) return item;
    }
    return this.getLocked(list, index);
  }
}

export class UncountedInstances extends LockFreeInstances {
  /** Declared racy reads: as in `LockFreeInstances.getSlot`. */
  override getSlot(object: Ref, index: number): Ref {
    const heap = this.i32;
    const word = heap[object];
    if ((word & Header.OwnerMask) === this.id || (word & SHARED) !== 0) {
      const slot = object + InstanceObject.Values + index;
      const value = heap[slot];
      return value !== 0 ? value : this.getMissing(object, slot, index);
    }
    return this.getSlotLocked(object, index);
  }
}

export class UncountedDicts extends LockFreeDicts {
  /**
   * Declared racy reads: as in `LockFreeDicts.take`; the second look at `Keys` is not needed, for a value that the table
   * had when it was read is an answer, whatever table the dict shows by now.
   */
  protected override take(_dict: Ref, _keys: number, slot: number): Ref {
    return this.i32[slot];
  }
}
