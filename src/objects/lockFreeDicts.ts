import type { AtomicOps } from '../memory/atomicOps.js';
import {
  BuiltinType,
  Counter,
  DictKeys,
  DictKeysKind,
  DictLimits,
  DictObject,
  GcBits,
  Header,
  Immortal,
  StrObject,
  ThreadBlock,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';
import { entryWords, firstValue, valueOfEntry } from './dictKeys.js';
import { Dicts, Probe } from './dicts.js';
import type { Hashing } from './hash.js';
import type { Strings } from './strings.js';

/** Fields of a header's first word that say who may read without a lock. */
const enum Word0 {
  Shared = GcBits.Shared << 24,
  OwnerAndShared = Header.OwnerMask | Shared,
}

/**
 * dict of the free-threaded build (CPython `_Py_dict_lookup_threadsafe`, PEP 703): reads take no lock.
 *
 * Who reads without the lock: the owner, always; others once `GcBits.Shared` is set, which the first of them does
 * under the lock. So while a dict is owned and not shared, its owner is the only one who can be in a lock-free
 * read, and when he writes, nobody is: plain stores, immediate frees. Everybody else stores through Atomics in
 * CPython's order, and gives replaced tables to QSBR. A non-owner's resize sets the bit too, since the owner may be
 * reading (gh-127521).
 *
 * Why plain reads of a table are sound (declared racy reads): a table is complete before `Keys` shows it. After
 * that, an index goes from empty to its entry to dummy, a key from 0 to itself to 0, a value from 0 through the
 * values it had to 0, and no entry or position is used twice (D24). Each word read alone thus tells something that
 * was true during the call, in whatever order the reads happen; what the protocol needs in order, the counts and
 * what follows them, is atomic. A table that is replaced keeps its last words until all readers have left (QSBR).
 */
export class LockFreeDicts extends Dicts {
  private readonly u8: Uint8Array;
  private readonly atomics: AtomicOps;
  private readonly id: number;
  private readonly lockedReads: number;
  /** Word with the write sequence that this thread has observed. */
  protected readonly quiescence: number;
  private readonly mutex: Mutex;

  constructor(context: ObjectContext, hashing: Hashing, strings: Strings) {
    super(context, hashing, strings);
    this.u8 = context.memory.u8;
    this.atomics = context.atomics;
    this.id = context.id;
    this.mutex = context.mutex;
    this.lockedReads = context.block + ThreadBlock.Counters + Counter.LockedReads;
    this.quiescence = context.block + ThreadBlock.QsbrSequence;
  }

  override get(dict: Ref, key: Ref): Ref {
    const hash = this.hashing.hash(key);
    const keys = this.readableKeys(dict);
    if (keys !== 0) {
      const slot = this.search(dict, keys, key, hash);
      // A miss is final: it was true when `Keys` was read.
      if (slot === 0) return 0;
      if (slot !== Probe.Undecided) {
        const value = this.take(dict, keys, slot);
        if (value !== 0) return value;
      }
    }
    return this.getLocked(dict, key, hash);
  }

  /**
   * Replaces the value of a key that is found at once without the lock; the entry is looked at again under it, in
   * one step with the store (`AtomicOps.dictReplace`): no entry gets another key, so a live one is the key's.
   */
  override set(dict: Ref, key: Ref, value: Ref): void {
    const hash = this.hashing.hash(key);
    const keys = this.readableKeys(dict);
    const slot = keys === 0 ? 0 : this.firstProbe(keys, key, hash);
    if (slot === 0 || slot === Probe.Undecided) {
      super.set(dict, key, value);
      return;
    }
    this.refs.incref(value);
    const old = this.atomics.dictReplace(dict, keys, slot, value, this.id);
    if (old > 0) this.refs.decref(old);
    else this.setSlow(dict, key, value, old);
  }

  private setSlow(dict: Ref, key: Ref, value: Ref, old: number): void {
    if (old < 0) this.mutex.unlockSlow((dict << 2) + Header.MutexByte);
    if (old < -1) {
      this.refs.decref(-old);
      return;
    }
    this.refs.decref(value);
    super.set(dict, key, value);
  }

  /** Declared racy read of the value: any that the entry had during the call is an answer. */
  override contains(dict: Ref, key: Ref): boolean {
    const hash = this.hashing.hash(key);
    const keys = this.readableKeys(dict);
    if (keys !== 0) {
      const slot = this.search(dict, keys, key, hash);
      if (slot === 0) return false;
      if (slot !== Probe.Undecided && this.i32[slot] !== 0) return true;
    }
    return this.containsLocked(dict, key, hash);
  }

  override next(dict: Ref, position: number): number {
    const keys = this.readableKeys(dict);
    if (keys === 0) return this.nextLocked(dict, position);
    const index = this.liveEntry(keys, position);
    if (index < 0) return this.endIteration();
    const taken = this.takeEntry(dict, keys, valueOfEntry(this.i32, keys, index));
    return taken ? index + 1 : this.nextLocked(dict, position);
  }

  protected override getLocked(dict: Ref, key: Ref, hash: number): Ref {
    const token = this.beginRead(dict);
    const value = this.getUnderGuard(dict, key, hash);
    this.guard.end(token);
    return value;
  }

  protected override containsLocked(dict: Ref, key: Ref, hash: number): boolean {
    const token = this.beginRead(dict);
    const slot = this.find(this.i32[dict + DictObject.Keys], key, hash);
    this.guard.end(token);
    return slot !== 0;
  }

  protected override nextLocked(dict: Ref, position: number): number {
    const token = this.beginRead(dict);
    const end = this.nextUnderGuard(dict, position);
    this.guard.end(token);
    return end;
  }

  // Writers' steps.

  protected override storeValue(dict: Ref, slot: number, value: Ref): void {
    if (this.isPrivate(dict)) this.i32[slot] = value;
    else this.atomics.store(slot, value);
  }

  protected override storeUsed(dict: Ref, used: number): void {
    if (this.isPrivate(dict)) this.i32[dict + DictObject.Used] = used;
    else this.atomics.store(dict + DictObject.Used, used);
  }

  protected override publishKeys(dict: Ref, keys: number): void {
    if (this.isPrivate(dict)) this.i32[dict + DictObject.Keys] = keys;
    else this.atomics.store(dict + DictObject.Keys, keys);
  }

  /** CPython's order: a reader finds the index first, then a key or 0, then a value or 0 (D23). */
  protected override storeEntry(dict: Ref, keys: number, key: Ref, hash: number, value: Ref): void {
    if (this.isPrivate(dict)) {
      super.storeEntry(dict, keys, key, hash, value);
      return;
    }
    const heap = this.i32;
    const atomics = this.atomics;
    const entry = heap[keys + DictKeys.Entries];
    const kind = heap[keys + DictKeys.Kind];
    const slot = firstValue(heap, keys) + entry * entryWords(kind);
    const position = this.tables.emptyPosition(keys, hash);
    this.tables.publishIndex(keys, heap[keys + DictKeys.Log2Size], position, entry);
    atomics.store(slot - 1, key);
    atomics.store(slot, value);
    if (kind === DictKeysKind.General) atomics.store(slot - 2, hash);
    atomics.store(keys + DictKeys.Usable, heap[keys + DictKeys.Usable] - 1);
    atomics.store(keys + DictKeys.Entries, entry + 1);
    atomics.store(dict + DictObject.Used, heap[dict + DictObject.Used] + 1);
  }

  protected override clearEntry(dict: Ref, keys: number, position: number, slot: number): void {
    if (this.isPrivate(dict)) {
      super.clearEntry(dict, keys, position, slot);
      return;
    }
    const heap = this.i32;
    const atomics = this.atomics;
    atomics.store(dict + DictObject.Used, heap[dict + DictObject.Used] - 1);
    this.tables.publishIndex(keys, heap[keys + DictKeys.Log2Size], position, DictLimits.Dummy);
    atomics.store(slot - 1, 0);
    atomics.store(slot, 0);
    if (heap[keys + DictKeys.Kind] === DictKeysKind.General) atomics.store(slot - 2, 0);
  }

  protected override announceReading(dict: Ref): void {
    this.share(dict);
  }

  protected override announceRetirement(dict: Ref): void {
    this.share(dict);
  }

  /**
   * The bit never goes away again: what is private here was private when the table was replaced. Declared racy read,
   * as in `isPrivate`.
   */
  protected override retireTable(dict: Ref, keys: number): void {
    if ((this.i32[dict] & Word0.Shared) !== 0) this.allocator.freeDelayed(keys);
    else this.tables.recycle(keys);
  }

  // Lock-free reading.

  /**
   * The table to read, 0 if this thread must take the lock. Declared racy reads: the owner id of this thread is
   * never wrong. What the owner finds in `Keys` he has written himself, or a non-owner has under the lock, who sets
   * Shared before he gives the old table up: see above; the owner needs no order between the two. Others load first the
   * Shared bit and then the table, both atomically: in the other order the table could be one that was freed at once
   * while the dict was private.
   */
  private readableKeys(dict: Ref): number {
    const heap = this.i32;
    if ((heap[dict] & Header.OwnerMask) === this.id) return heap[dict + DictObject.Keys];
    return this.atomics.loadShared(dict, DictObject.Keys);
  }

  /**
   * A new reference to what `slot`, a key or value of the table, holds; 0 if the lock is needed. Declared racy reads:
   * of the slot, see above; of the local count, as in `BiasedRefCounter.incref`; and, for immortal and own objects,
   * the second look at `Keys`: the former have no count to protect, the latter only this thread can free, and it is
   * busy here. For others that look follows the atomic increment.
   */
  protected take(dict: Ref, keys: number, slot: number): Ref {
    const heap = this.i32;
    const object = heap[slot];
    if (object === 0) return 0;
    // May touch a freed block: from here to the increment the object may be gone.
    const local = (heap[object + Header.Local] + 1) | 0;
    if (local !== Immortal.Local + 1) {
      // May touch a freed block: it does not have this thread's id.
      if ((heap[object] & Header.OwnerMask) !== this.id) return this.takeForeign(dict, keys, slot, object);
      heap[object + Header.Local] = local;
    }
    if (heap[dict + DictObject.Keys] === keys) return object;
    this.refs.decref(object);
    return 0;
  }

  protected takeForeign(dict: Ref, keys: number, slot: number, object: Ref): Ref {
    if (!this.refs.tryIncrefCompare(slot, object)) return 0;
    if (this.atomics.load(dict + DictObject.Keys) === keys) return object;
    this.refs.decref(object);
    return 0;
  }

  /** Takes value and key of one entry, which existed together: an entry never gets another key. */
  private takeEntry(dict: Ref, keys: number, slot: number): boolean {
    const value = this.take(dict, keys, slot);
    if (value === 0) return false;
    const key = this.take(dict, keys, slot - 1);
    if (key === 0) {
      this.refs.decref(value);
      return false;
    }
    this.lastKey = key;
    this.lastValue = value;
    return true;
  }

  /** As `find`, without the lock: `Probe.Undecided` if it is needed. */
  private search(dict: Ref, keys: number, key: Ref, hash: number): number {
    const slot = this.firstProbe(keys, key, hash);
    return slot !== Probe.Undecided ? slot : this.findLockFree(dict, keys, key, hash);
  }

  /**
   * The probe sequence: address of the key's value, 0 on a miss, `Probe.Undecided` if the table changed under a
   * comparison (CPython's KEY_CHANGED): then take the lock. Declared racy reads of the table: see above.
   */
  private findLockFree(dict: Ref, keys: number, key: Ref, hash: number): number {
    const heap = this.i32;
    const tables = this.tables;
    const log2 = heap[keys + DictKeys.Log2Size];
    const kind = heap[keys + DictKeys.Kind];
    const words = entryWords(kind);
    const first = firstValue(heap, keys);
    const mask = (1 << log2) - 1;
    let perturb = hash;
    let position = hash & mask;
    for (;;) {
      const index = tables.indexAt(keys, log2, position);
      if (index === DictLimits.Empty) return 0;
      if (index >= 0) {
        const slot = first + index * words;
        const stored = heap[slot - 1];
        if (stored === key) return slot;
        // 0: being added or removed. Either way not there, for this call.
        if (stored !== 0 && (kind !== DictKeysKind.General || heap[slot - 2] === hash)) {
          const answer = this.compareKey(dict, keys, slot - 1, stored, key, hash);
          if (answer === Compare.Equal) return slot;
          if (answer === Compare.Changed) return Probe.Undecided;
        }
      }
      perturb >>>= DictLimits.PerturbShift;
      position = (position * 5 + perturb + 1) & mask;
    }
  }

  /**
   * Compares with a key that is not the same object. An immortal one can be looked into as it is: it never was
   * another object. Any other needs a reference first; in a stale table its block may be a different object by
   * now, of any type (PIT-10.4), which the comparison stands and the look at `Keys` finds out. CPython looks at the
   * entry's key again too, for a user's `__eq__` may have run; here nothing runs, and a key that has gone meanwhile
   * has left a value of 0.
   */
  private compareKey(dict: Ref, keys: number, slot: number, stored: Ref, key: Ref, hash: number): Compare {
    const heap = this.i32;
    // May touch a freed block, which is not immortal. Declared racy read: else its owner may be counting.
    if (heap[stored + Header.Local] === Immortal.Local) {
      return this.equalKeys(stored, key, hash) ? Compare.Equal : Compare.Different;
    }
    if (!this.refs.tryIncrefCompare(slot, stored)) return Compare.Changed;
    const equal = this.equalKeys(stored, key, hash);
    if (this.dropCompared(stored) || this.atomics.load(dict + DictObject.Keys) !== keys)
      return Compare.Changed;
    return equal ? Compare.Equal : Compare.Different;
  }

  /**
   * Drops the reference that a comparison took. True if this thread has passed a quiescent point in doing so: where
   * there is no memory to delay the free of a huge key, it waits for the grace period (`DelayedFree`). The table may
   * be gone then, and the one that `Keys` shows another one at its address.
   */
  protected dropCompared(stored: Ref): boolean {
    const before = this.i32[this.quiescence];
    this.refs.decref(stored);
    return this.i32[this.quiescence] !== before;
  }

  /** The cached hash tells most different strings apart. Declared racy read of it, as in `Strings.hash`. */
  private equalKeys(stored: Ref, key: Ref, hash: number): boolean {
    const heap = this.i32;
    if (heap[stored + Header.Type] === BuiltinType.Str) {
      const storedHash = heap[stored + StrObject.Hash];
      if (storedHash !== 0 && storedHash !== hash) return false;
    }
    return this.hashing.equal(stored, key);
  }

  // States.

  /**
   * Under the guard. Owned and not shared: nobody reads without the lock. Declared racy read: the owner may give the
   * dict up, and the mutex beside it may get its parked bit, meanwhile; the own id is never wrong, and Shared is set
   * under the guard only.
   */
  private isPrivate(dict: Ref): boolean {
    return (this.i32[dict] & Word0.OwnerAndShared) === this.id;
  }

  /** Takes the lock for a read that could not do without. From here others may read without it. */
  private beginRead(dict: Ref): number {
    this.i32[this.lockedReads]++;
    const token = this.guard.begin(dict);
    this.announceReading(dict);
    return token;
  }

  /**
   * Under the guard: sets the Shared bit unless this is the owner. The byte beside it is the locked mutex.
   * Declared racy read, as in `isPrivate`.
   */
  private share(dict: Ref): void {
    const word = this.i32[dict];
    if ((word & Header.OwnerMask) === this.id || (word & Word0.Shared) !== 0) return;
    Atomics.or(this.u8, (dict << 2) + Header.GcBitsByte, GcBits.Shared);
  }
}

/** What a comparison without the lock says. */
const enum Compare {
  Different = 0,
  Equal = 1,
  Changed = 2,
}
