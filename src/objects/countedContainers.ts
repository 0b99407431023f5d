import { DictObject, GcBits, Header, InstanceObject, ListArray, ListObject } from '../memory/layout.js';
import type { Tally } from '../memory/tally.js';
import type { LockFreeCounter, Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import { Dicts } from './dicts.js';
import type { Hashing } from './hash.js';
import { Instances } from './instances.js';
import type { LifeEnd } from './lifeEnd.js';
import { Lists } from './lists.js';
import { LockFreeDicts } from './lockFreeDicts.js';
import { LockFreeInstances } from './lockFreeInstances.js';
import { LockFreeLists } from './lockFreeLists.js';
import type { Strings } from './strings.js';

/**
 * Containers of a counted build. Reads are counted; where production has inlined an increment for speed, the counter's own
 * method is called here, which counts. What is read without a lock, and why that is sound, is as in the base classes.
 */

const SHARED = GcBits.Shared << 24;

export class CountedLists extends Lists {
  constructor(
    context: ObjectContext,
    private readonly tally: Tally,
  ) {
    super(context);
  }

  override get(list: Ref, index: number): Ref {
    this.tally.reads++;
    return super.get(list, index);
  }
}

export class CountedDicts extends Dicts {
  constructor(
    context: ObjectContext,
    hashing: Hashing,
    strings: Strings,
    private readonly tally: Tally,
  ) {
    super(context, hashing, strings);
  }

  override get(dict: Ref, key: Ref): Ref {
    this.tally.reads++;
    return super.get(dict, key);
  }

  override contains(dict: Ref, key: Ref): boolean {
    this.tally.reads++;
    return super.contains(dict, key);
  }

  override next(dict: Ref, position: number): number {
    this.tally.reads++;
    return super.next(dict, position);
  }
}

export class CountedInstances extends Instances {
  constructor(
    context: ObjectContext,
    strings: Strings,
    dicts: Dicts,
    lifeEnd: LifeEnd,
    private readonly tally: Tally,
  ) {
    super(context, strings, dicts, lifeEnd);
  }

  override getSlot(object: Ref, index: number): Ref {
    this.tally.reads++;
    return super.getSlot(object, index);
  }
}

export class CountedLockFreeLists extends LockFreeLists {
  constructor(
    context: ObjectContext,
    counter: LockFreeCounter,
    private readonly tally: Tally,
  ) {
    super(context, counter);
  }

  /** Declared racy reads, which may touch a freed block: as in `LockFreeLists.get`. */
  override get(list: Ref, index: number): Ref {
    this.tally.reads++;
    const heap = this.i32;
    const array =
      (heap[list] & Header.OwnerMask) === this.id
        ? heap[list + ListObject.Items]
        : this.atomics.loadShared(list, ListObject.Items);
    if (index >>> 0 < heap[list + ListObject.Size] >>> 0 && array !== 0 && index < heap[array]) {
      const slot = array + ListArray.Items + index;
      const item = heap[slot];
      if (item !== 0) {
        if (this.refs.tryIncrefFast(item)) return item;
        if (this.getForeign(list, array, slot, item)) return item;
      }
    }
    return this.getLocked(list, index);
  }
}

export class CountedLockFreeDicts extends LockFreeDicts {
  constructor(
    context: ObjectContext,
    hashing: Hashing,
    strings: Strings,
    private readonly tally: Tally,
  ) {
    super(context, hashing, strings);
  }

  override get(dict: Ref, key: Ref): Ref {
    this.tally.reads++;
    return super.get(dict, key);
  }

  override contains(dict: Ref, key: Ref): boolean {
    this.tally.reads++;
    return super.contains(dict, key);
  }

  override next(dict: Ref, position: number): number {
    this.tally.reads++;
    return super.next(dict, position);
  }

  /** Declared racy reads, which may touch a freed block: as in `LockFreeDicts.take`. */
  protected override take(dict: Ref, keys: number, slot: number): Ref {
    const heap = this.i32;
    const object = heap[slot];
    if (object === 0) return 0;
    if (!this.refs.tryIncrefFast(object)) return this.takeForeign(dict, keys, slot, object);
    if (heap[dict + DictObject.Keys] === keys) return object;
    this.refs.decref(object);
    return 0;
  }
}

export class CountedLockFreeInstances extends LockFreeInstances {
  constructor(
    context: ObjectContext,
    strings: Strings,
    dicts: Dicts,
    lifeEnd: LifeEnd,
    private readonly tally: Tally,
  ) {
    super(context, strings, dicts, lifeEnd);
  }

  /** Declared racy reads, which may touch a freed block: as in `LockFreeInstances.getSlot`. */
  override getSlot(object: Ref, index: number): Ref {
    this.tally.reads++;
    const heap = this.i32;
    const word = heap[object];
    if ((word & Header.OwnerMask) === this.id || (word & SHARED) !== 0) {
      const slot = object + InstanceObject.Values + index;
      const value = heap[slot];
      if (value === 0) return this.getMissing(object, slot, index);
      if (this.refs.tryIncrefCompare(slot, value)) return value;
    }
    return this.getSlotLocked(object, index);
  }
}
