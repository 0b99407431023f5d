import {
  Counter,
  GcBits,
  Header,
  Immortal,
  InstanceObject,
  PreHeader,
  ThreadBlock,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Dicts } from './dicts.js';
import { Instances, ManagedDict } from './instances.js';
import type { LifeEnd } from './lifeEnd.js';
import type { Strings } from './strings.js';

/** Fields of a header's first word that say who may read without a lock. */
const enum Word0 {
  Shared = GcBits.Shared << 24,
  OwnerAndShared = Header.OwnerMask | Shared,
}

/**
 * Instances in the free-threaded build: values are read without a lock (CPython
 * `_PyObject_TryGetInstanceAttribute`), written under the instance's.
 *
 * As in lists and dicts, the Shared bit says that others than the owner read without the lock; the first of them
 * sets it, under the lock. CPython does without it here, and always stores with release order, which is free on
 * its machines; a JavaScript atomic store is not, so an instance that only its owner knows is written plainly.
 */
export class LockFreeInstances extends Instances {
  private readonly u8: Uint8Array;
  protected readonly id: number;
  private readonly lockedReads: number;

  constructor(context: ObjectContext, strings: Strings, dicts: Dicts, lifeEnd: LifeEnd) {
    super(context, strings, dicts, lifeEnd);
    this.u8 = context.memory.u8;
    this.id = context.id;
    this.lockedReads = context.block + ThreadBlock.Counters + Counter.LockedReads;
  }

  /**
   * Declared racy reads: the owner id of this thread is never wrong; the slot is part of the object, which the
   * caller keeps alive, and is looked at again after an increment that is not the owner's. The own increment
   * needs no second look: an object of this thread only this thread frees; nor does an immortal one.
   */
  override getSlot(object: Ref, index: number): Ref {
    const heap = this.i32;
    const word = heap[object];
    if ((word & Header.OwnerMask) === this.id || (word & Word0.Shared) !== 0) {
      const slot = object + InstanceObject.Values + index;
      const value = heap[slot];
      if (value === 0) return this.getMissing(object, slot, index);
      // May touch a freed block: from here to the increment the value may be gone.
      const local = (heap[value + Header.Local] + 1) | 0;
      if (local === Immortal.Local + 1) return value;
      // May touch a freed block: it does not have this thread's id.
      if ((heap[value] & Header.OwnerMask) === this.id) {
        heap[value + Header.Local] = local;
        return value;
      }
      if (this.refs.tryIncrefCompare(slot, value)) return value;
    }
    return this.getSlotLocked(object, index);
  }

  /**
   * A value that is not there was never set, if the dict's word, looked at afterwards, says that there has been no
   * dict: values leave for a dict behind that.
   */
  protected getMissing(object: Ref, slot: number, index: number): Ref {
    if (this.atomics.load(slot) !== 0) return this.getSlotLocked(object, index);
    return this.getFromDict(object, this.nameAt(object, index));
  }

  protected getSlotLocked(object: Ref, index: number): Ref {
    const heap = this.i32;
    heap[this.lockedReads]++;
    const token = this.guard.begin(object);
    this.share(object);
    const value = heap[object + InstanceObject.Values + index];
    if (value !== 0) this.refs.newRefWithLock(value);
    const hasDict = heap[object + PreHeader.Dict] !== 0;
    this.guard.end(token);
    return value !== 0 || !hasDict ? value : this.getFromDict(object, this.nameAt(object, index));
  }

  /**
   * Without the lock, and without a condition: a dict that is replaced keeps the instance's reference until this
   * thread has passed a quiescent state, and there is none between the two.
   */
  protected override takeDict(object: Ref): Ref {
    const dict = this.atomics.load(object + PreHeader.Dict);
    if (dict === ManagedDict.Moving) return super.takeDict(object);
    if (dict !== 0) this.refs.incref(dict);
    return dict;
  }

  protected override storeDict(object: Ref, dict: Ref): void {
    this.atomics.store(object + PreHeader.Dict, dict);
  }

  /**
   * Declared racy read of the header's first word: the owner may give the object up, and the mutex may get its parked
   * bit, meanwhile. The own id is never wrong, and Shared is set under the guard only.
   */
  protected override storeValue(object: Ref, slot: number, value: Ref): void {
    if ((this.i32[object] & Word0.OwnerAndShared) === this.id) this.i32[slot] = value;
    else this.atomics.store(slot, value);
  }

  /** Under the guard. The byte beside the bits is the locked mutex. Declared racy read: as in `storeValue`. */
  private share(object: Ref): void {
    const word = this.i32[object];
    if ((word & Header.OwnerMask) === this.id || (word & Word0.Shared) !== 0) return;
    Atomics.or(this.u8, (object << 2) + Header.GcBitsByte, GcBits.Shared);
  }
}
