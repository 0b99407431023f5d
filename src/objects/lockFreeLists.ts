import type { AtomicOps } from '../memory/atomicOps.js';
import { Counter, GcBits, Header, HeapTag, ListArray, ListObject, ThreadBlock } from '../memory/layout.js';
import type { LockFreeCounter, Ref } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';
import { Lists, outOfRange } from './lists.js';

/** Owner and SHARED bit, as one mask over word 0: equal to the own id = nobody reads this list without its lock. */
const enum Word0 {
  SharedBit = GcBits.Shared << 24,
  PrivateMask = Header.OwnerMask | SharedBit,
}

/**
 * list in the free-threaded build: reads take no lock (optimistic load, try-incref, re-check), writes run in a
 * critical section, old arrays of shared lists are freed through QSBR.
 *
 * A list is *private* while its owner is this thread and SHARED is not set: others then read it under its lock
 * only, and set SHARED there. So its owner, holding the lock, writes with plain stores; everybody else, and the
 * owner from then on, writes words that lock-free readers load with Atomics.
 */
export class LockFreeLists extends Lists {
  private readonly u8: Uint8Array;
  protected readonly atomics: AtomicOps;
  protected readonly id: number;
  private readonly lockedReads: number;
  private readonly counter: LockFreeCounter;
  private readonly mutex: Mutex;

  constructor(context: ObjectContext, counter: LockFreeCounter) {
    super(context);
    this.u8 = context.memory.u8;
    this.atomics = context.atomics;
    this.id = context.id;
    this.lockedReads = context.block + ThreadBlock.Counters + Counter.LockedReads;
    this.counter = counter;
    this.mutex = context.mutex;
  }

  /**
   * list[index] without the lock. Of another thread's list, first the SHARED bit and then the array are loaded (`AtomicOps.loadShared`), both
   * atomically: in the other order the array could be one that was freed at once while the list was private, and its
   * contents were written plainly then. Declared racy reads (size, capacity, slot): the index is checked against
   * the capacity of the very array that is read, QSBR keeps that array and the object's header mapped, unused
   * slots are null, and an increment that is not the owner's is followed by a re-check of slot and array. The own
   * increment needs none: an object that this thread owns, only this thread can free. Nor does an immortal.
   */
  override get(list: Ref, index: number): Ref {
    const heap = this.i32;
    const owned = (heap[list] & Header.OwnerMask) === this.id;
    const array = owned ? heap[list + ListObject.Items] : this.atomics.loadShared(list, ListObject.Items);
    if (index >>> 0 < heap[list + ListObject.Size] >>> 0 && array !== 0 && index < heap[array]) {
      const item = heap[array + ListArray.Items + index];
      if (item !== 0) {
        // May touch a freed block: from here to the increment the item may be gone.
        const local = (heap[item + Header.Local] + 1) | 0;
        if (local === 0) return item;
        // May touch a freed block: it does not have this thread's id.
        if ((heap[item] & Header.OwnerMask) === this.id) {
          heap[item + Header.Local] = local;
          return item;
        }
        if (this.getForeign(list, array, array + ListArray.Items + index, item)) return item;
      }
    }
    return this.getLocked(list, index);
  }

  /** With room and a free lock, the whole critical section in one step (`AtomicOps.listAppend`). */
  override append(list: Ref, item: Ref): void {
    this.refs.incref(item);
    const done = this.atomics.listAppend(list, item, this.id);
    if (done !== 1) this.appendSlow(list, item, done);
  }

  /** As append, for an index from the start (`AtomicOps.listReplace`). */
  override set(list: Ref, index: number, value: Ref): void {
    this.refs.incref(value);
    const old = this.atomics.listReplace(list, index, value, this.id);
    if (old > 0) this.refs.decref(old);
    else this.setSlow(list, index, value, old);
  }

  private appendSlow(list: Ref, item: Ref, done: number): void {
    if (done < 0) this.mutex.unlockSlow((list << 2) + Header.MutexByte);
    if (done === -1) return;
    this.refs.decref(item);
    super.append(list, item);
  }

  private setSlow(list: Ref, index: number, value: Ref, old: number): void {
    if (old < 0) this.mutex.unlockSlow((list << 2) + Header.MutexByte);
    if (old < -1) {
      this.refs.decref(-old);
      return;
    }
    this.refs.decref(value);
    super.set(list, index, value);
  }

  /** Size as it is somewhere during the call. Declared racy read of one word. */
  override length(list: Ref): number {
    return this.i32[list + ListObject.Size];
  }

  /**
   * The item belongs to another thread: a conditional increment, then slot *and* array are looked at again (PEP
   * 703; CPython since 3.13 looks at the slot only, which a stale array makes unsound: PIT-10.2).
   */
  protected getForeign(list: Ref, array: number, slot: number, item: Ref): boolean {
    if (!this.counter.tryIncrefSharedCompare(slot, item)) return false;
    if (this.arrayUnchanged(list, array)) return true;
    this.refs.decref(item);
    return false;
  }

  protected arrayUnchanged(list: Ref, array: number): boolean {
    return this.atomics.load(list + ListObject.Items) === array;
  }

  /** The slow read: under the lock, which also makes the next read of list and item succeed without it. */
  protected getLocked(list: Ref, index: number): Ref {
    this.i32[this.lockedReads]++;
    const token = this.guard.begin(list);
    this.markShared(list);
    const item = this.itemAt(list, index);
    if (item !== 0) this.refs.newRefWithLock(item);
    this.guard.end(token);
    return item !== 0 ? item : outOfRange(index);
  }

  /** Under the lock: from here somebody who is not the owner may read without it. Declared racy read: `isPrivate`. */
  private markShared(list: Ref): void {
    if ((this.i32[list] & Word0.PrivateMask) === this.id || this.isShared(list)) return;
    Atomics.or(this.u8, (list << 2) + Header.GcBitsByte, GcBits.Shared);
  }

  /**
   * Declared racy read: owner and mutex, in the same word, may be changing. The bit is set under the lock and stays;
   * who asks after letting go of the lock asks about an array that was shown under it.
   */
  private isShared(list: Ref): boolean {
    return (this.i32[list] & Word0.SharedBit) !== 0;
  }

  /**
   * Under the lock. Declared racy read: the owner may give the list up, and the mutex beside it may get its parked
   * bit, meanwhile. The own id is never wrong, and SHARED is set under the lock only.
   */
  private isPrivate(list: Ref): boolean {
    return (this.i32[list] & Word0.PrivateMask) === this.id;
  }

  protected override storeItem(list: Ref, slot: number, item: Ref): void {
    if (this.isPrivate(list)) this.i32[slot] = item;
    else this.atomics.store(slot, item);
  }

  /**
   * Readers may find an item in two slots, never in none, and each of these slots anew after they have counted it (CPython
   * `ptr_wise_atomic_memmove`).
   */
  protected override closeGap(list: Ref, slot: number, last: number): void {
    if (this.isPrivate(list)) super.closeGap(list, slot, last);
    else for (let to = slot; to < last; to++) this.atomics.store(to, this.i32[to + 1]);
  }

  protected override storeSize(list: Ref, size: number): void {
    if (this.isPrivate(list)) this.i32[list + ListObject.Size] = size;
    else this.atomics.store(list + ListObject.Size, size);
  }

  /** The item first: a reader that sees the new size finds the item, or null and takes the lock. */
  protected override storeAppended(list: Ref, slot: number, item: Ref, size: number): void {
    if (this.isPrivate(list)) {
      const heap = this.i32;
      heap[slot] = item;
      heap[list + ListObject.Size] = size;
    } else {
      this.atomics.store(slot, item);
      this.atomics.store(list + ListObject.Size, size);
    }
  }

  /** By another thread than the owner: the owner may be reading the old array without the lock (gh-127521). */
  protected override publishArray(list: Ref, array: number): void {
    if (this.isPrivate(list)) {
      this.i32[list + ListObject.Items] = array;
      return;
    }
    this.markShared(list);
    this.atomics.store(list + ListObject.Items, array);
  }

  protected override freeArray(list: Ref, array: number): void {
    if (this.isShared(list)) this.allocator.freeDelayed(array);
    else this.allocator.free(array, HeapTag.Mem);
  }

  /** Never in place: readers may hold the old array. The rest is zeroed, for readers trust null slots. */
  protected override moveArray(list: Ref, capacity: number, keep: number): void {
    const heap = this.i32;
    const old = heap[list + ListObject.Items];
    const array = this.allocator.alloc(ListArray.Items + capacity, HeapTag.Mem);
    heap[array + ListArray.Capacity] = capacity;
    const items = array + ListArray.Items;
    if (keep > 0) heap.copyWithin(items, old + ListArray.Items, old + ListArray.Items + keep);
    heap.fill(0, items + keep, items + capacity);
    this.publishArray(list, array);
    if (old !== 0) this.freeArray(list, old);
  }
}
