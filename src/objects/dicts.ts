import { PythonError } from '../memory/errors.js';
import {
  BuiltinType,
  Control,
  DictEntry,
  DictKeys,
  DictKeysKind,
  DictLimits,
  DictObject,
  FreeListMax,
  FreeLists,
  GcBits,
  HeapTag,
} from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import { describeKey } from './describe.js';
import {
  entryHash,
  entryWords,
  firstValue,
  grownLog2,
  KeyTables,
  kindFor,
  log2ForEntries,
  usableEntries,
  valueOfEntry,
} from './dictKeys.js';
import { FreeListed } from './freeListed.js';
import type { Guard } from './guard.js';
import type { Hashing } from './hash.js';
import type { Strings } from './strings.js';

/**
 * dict (CPython `Objects/dictobject.c`): insertion-ordered, a table of str keys until another key comes, then a
 * general one.
 *
 * This class reads and writes under the build's guard: none (gil, unsafe), or a mutex an object (gilectomy).
 * `LockFreeDicts` adds what the free-threaded build does. Methods take borrowed references and return new ones;
 * attached threads only. Every method that takes a key throws TypeError if the key cannot be hashed. After an
 * exception the dict is as it was.
 */
export class Dicts extends FreeListed {
  protected readonly memory: SharedMemory;
  protected readonly i8: Int8Array;
  protected readonly guard: Guard;
  protected readonly hashing: Hashing;
  protected readonly strings: Strings;
  protected readonly tables: KeyTables;
  /** What `next` found: new references, 0 before the first call and after the last. */
  lastKey: Ref = 0;
  lastValue: Ref = 0;
  /** The table that `valueSlot` has searched. */
  lastTable = 0;

  constructor(context: ObjectContext, hashing: Hashing, strings: Strings) {
    super(context);
    this.memory = context.memory;
    this.i8 = context.memory.i8;
    this.guard = context.guard;
    this.hashing = hashing;
    this.strings = strings;
    this.tables = new KeyTables(context);
  }

  /** An empty dict. Throws MemoryError. */
  create(): Ref {
    const heap = this.i32;
    let dict = this.popFree(FreeLists.Dicts);
    if (dict === 0) dict = this.gcHeap.alloc(DictObject.Words);
    this.refs.init(dict, BuiltinType.Dict, GcBits.Tracked);
    heap[dict + DictObject.Used] = 0;
    heap[dict + DictObject.Keys] = Control.EmptyKeys;
    heap[dict + DictObject.UniqueId] = 0;
    this.gcHeap.track(dict);
    return dict;
  }

  /**
   * Has a dict that functions will have as their globals counted per thread where the build does that (CPython
   * `_PyDict_EnablePerThreadRefcounting`). Not one that other threads have counted already: it stays as it is.
   */
  enablePerThread(dict: Ref): void {
    const id = this.refs.assignUniqueId(dict);
    if (id !== 0) this.i32[dict + DictObject.UniqueId] = id;
  }

  /** Number of entries. Declared racy read: while others write, any value it had during the call. */
  length(dict: Ref): number {
    return this.i32[dict + DictObject.Used];
  }

  /** dict.get(key): 0 when missing. */
  get(dict: Ref, key: Ref): Ref {
    return this.getLocked(dict, key, this.hashing.hash(key));
  }

  /** dict[key]. Throws KeyError. */
  getItem(dict: Ref, key: Ref): Ref {
    const value = this.get(dict, key);
    return value !== 0 ? value : this.missing(key);
  }

  /** key in dict. */
  contains(dict: Ref, key: Ref): boolean {
    return this.containsLocked(dict, key, this.hashing.hash(key));
  }

  /** dict[key] = value. An existing entry keeps its place and its key. Throws MemoryError. */
  set(dict: Ref, key: Ref, value: Ref): void {
    const hash = this.hashing.hash(key);
    const token = this.guard.begin(dict);
    const heap = this.i32;
    const slot = this.find(heap[dict + DictObject.Keys], key, hash);
    if (slot === 0) {
      this.insertLocked(dict, key, hash, value, token);
      this.guard.end(token);
      return;
    }
    const old = heap[slot];
    this.refs.incref(value);
    this.storeValue(dict, slot, value);
    this.guard.end(token);
    this.refs.decref(old);
  }

  /** dict.setdefault(key, value): the value that the dict has afterwards. Throws MemoryError. */
  setDefault(dict: Ref, key: Ref, value: Ref): Ref {
    const hash = this.hashing.hash(key);
    const token = this.guard.begin(dict);
    const heap = this.i32;
    const slot = this.find(heap[dict + DictObject.Keys], key, hash);
    let found = value;
    if (slot === 0) this.insertLocked(dict, key, hash, value, token);
    else found = heap[slot];
    this.refs.newRefWithLock(found);
    this.guard.end(token);
    return found;
  }

  /** del dict[key]. Throws KeyError. */
  del(dict: Ref, key: Ref): void {
    this.refs.decref(this.pop(dict, key));
  }

  /** dict.pop(key). Throws KeyError. */
  pop(dict: Ref, key: Ref): Ref {
    const hash = this.hashing.hash(key);
    const token = this.guard.begin(dict);
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    const slot = this.find(keys, key, hash);
    const value = slot === 0 ? 0 : heap[slot];
    const oldKey = slot === 0 ? 0 : heap[slot - 1];
    if (slot !== 0) this.removeLocked(dict, keys, slot, hash);
    this.guard.end(token);
    if (slot === 0) return this.missing(key);
    this.refs.decref(oldKey);
    return value;
  }

  /**
   * Removes the entry of the key if there is one, and if it has this very value, where one is given: one step, so that a
   * value that another thread has set meanwhile stays (CPython `_PyDict_DelItemIf`). Returns whether it was removed.
   */
  discard(dict: Ref, key: Ref, value: Ref = 0): boolean {
    const hash = this.hashing.hash(key);
    const token = this.guard.begin(dict);
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    let slot = this.find(keys, key, hash);
    if (slot !== 0 && value !== 0 && heap[slot] !== value) slot = 0;
    const oldValue = slot === 0 ? 0 : heap[slot];
    const oldKey = slot === 0 ? 0 : heap[slot - 1];
    if (slot !== 0) this.removeLocked(dict, keys, slot, hash);
    this.guard.end(token);
    if (slot === 0) return false;
    this.refs.decref(oldKey);
    this.refs.decref(oldValue);
    return true;
  }

  /** dict.clear(). Keys and values are dropped after the dict has let go of them. */
  clear(dict: Ref): void {
    const token = this.guard.begin(dict);
    const keys = this.i32[dict + DictObject.Keys];
    if (keys !== Control.EmptyKeys) {
      this.announceRetirement(dict);
      this.publishKeys(dict, Control.EmptyKeys);
      this.storeUsed(dict, 0);
    }
    this.guard.end(token);
    if (keys === Control.EmptyKeys) return;
    this.dropEntries(keys);
    this.retireTable(dict, keys);
  }

  /**
   * One step of an iteration in insertion order. Starts with position 0; returns the position for the next call,
   * or -1 at the end. The entry is in `lastKey` and `lastValue`, both new references of the caller. A caller with
   * Python's semantics compares `length` before each step: a dict that grew may show entries twice or not at all.
   */
  next(dict: Ref, position: number): number {
    return this.nextLocked(dict, position);
  }

  /**
   * Word address of the key's value in the table that the dict shows now, 0 if there is none; the key is in the
   * word before. For inline caches: both stay there until the table is replaced or the entry is deleted, which
   * sets them to 0, and from here on non-owners may read the table without the lock.
   */
  valueSlot(dict: Ref, key: Ref): number {
    const hash = this.hashing.hash(key);
    const token = this.guard.begin(dict);
    this.announceReading(dict);
    this.lastTable = this.i32[dict + DictObject.Keys];
    const slot = this.find(this.lastTable, key, hash);
    this.guard.end(token);
    return slot;
  }

  /** dict.copy(). Throws MemoryError. */
  copy(dict: Ref): Ref {
    const result = this.create();
    const token = this.guard.begin(dict);
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    const used = heap[dict + DictObject.Used];
    if (used > 0) {
      let table: number;
      try {
        table = this.tables.allocate(copyLog2(heap, keys, used), heap[keys + DictKeys.Kind]);
      } catch (error) {
        this.guard.end(token);
        this.refs.decref(result);
        throw error;
      }
      this.tables.copyEntries(keys, table);
      this.countEntries(table);
      // Nobody else knows the new dict.
      heap[result + DictObject.Used] = used;
      heap[result + DictObject.Keys] = table;
    }
    this.guard.end(token);
    return result;
  }

  /**
   * dict.update(other), both dicts, as one step. Throws MemoryError. Room for the worst case is made first
   * (CPython grows on the way), so that nothing can fail in the middle; the old values go last.
   */
  update(dict: Ref, other: Ref): void {
    if (dict === other) return;
    const token = this.guard.begin2(dict, other);
    const heap = this.i32;
    const added = heap[other + DictObject.Used];
    if (added === 0) {
      this.guard.end(token);
      return;
    }
    const replaced = this.prepareUpdate(dict, other, added, token);
    const count = this.mergeLocked(dict, heap[other + DictObject.Keys], replaced);
    this.guard.end(token);
    for (let i = 0; i < count; i++) this.refs.decref(heap[replaced + i]);
    if (replaced !== 0) this.allocator.free(replaced, HeapTag.Mem);
  }

  /** The last reference is gone: drops the entries, frees the table at once (no reader can exist). */
  dealloc(dict: Ref): void {
    this.gcHeap.untrack(dict);
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    if (keys !== Control.EmptyKeys) {
      this.dropEntries(keys);
      this.tables.recycle(keys);
    }
    if (!this.pushFree(FreeLists.Dicts, dict, FreeListMax.Dicts)) this.gcHeap.free(dict);
  }

  // Steps. The free-threaded build overrides how a word becomes visible to readers that take no lock.

  protected storeValue(_dict: Ref, slot: number, value: Ref): void {
    this.i32[slot] = value;
  }

  protected storeUsed(dict: Ref, used: number): void {
    this.i32[dict + DictObject.Used] = used;
  }

  protected publishKeys(dict: Ref, keys: number): void {
    this.i32[dict + DictObject.Keys] = keys;
  }

  /** Adds an entry at the end; `keys` has room. The references are the dict's already. */
  protected storeEntry(dict: Ref, keys: number, key: Ref, hash: number, value: Ref): void {
    this.tables.append(keys, key, hash, value);
    this.i32[dict + DictObject.Used]++;
  }

  /** Takes the entry of a value out; its position becomes a dummy. The references become the caller's. */
  protected clearEntry(dict: Ref, keys: number, position: number, slot: number): void {
    const heap = this.i32;
    heap[dict + DictObject.Used]--;
    this.tables.setIndex(keys, heap[keys + DictKeys.Log2Size], position, DictLimits.Dummy);
    heap[slot - 1] = 0;
    heap[slot] = 0;
    if (heap[keys + DictKeys.Kind] === DictKeysKind.General) heap[slot - 2] = 0;
  }

  /** Before a read that is followed by lock-free ones. Under the guard. */
  protected announceReading(_dict: Ref): void {}

  /** Before a table is replaced. Under the guard. */
  protected announceRetirement(_dict: Ref): void {}

  /** Frees a table that the dict no longer shows; its references are gone or have moved. */
  protected retireTable(_dict: Ref, keys: number): void {
    this.tables.recycle(keys);
  }

  // What both classes use.

  protected getLocked(dict: Ref, key: Ref, hash: number): Ref {
    const token = this.guard.begin(dict);
    const value = this.getUnderGuard(dict, key, hash);
    this.guard.end(token);
    return value;
  }

  protected getUnderGuard(dict: Ref, key: Ref, hash: number): Ref {
    const heap = this.i32;
    const slot = this.find(heap[dict + DictObject.Keys], key, hash);
    if (slot === 0) return 0;
    const value = heap[slot];
    this.refs.newRefWithLock(value);
    return value;
  }

  protected containsLocked(dict: Ref, key: Ref, hash: number): boolean {
    const token = this.guard.begin(dict);
    const slot = this.find(this.i32[dict + DictObject.Keys], key, hash);
    this.guard.end(token);
    return slot !== 0;
  }

  protected nextLocked(dict: Ref, position: number): number {
    const token = this.guard.begin(dict);
    const end = this.nextUnderGuard(dict, position);
    this.guard.end(token);
    return end;
  }

  protected nextUnderGuard(dict: Ref, position: number): number {
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    const index = this.liveEntry(keys, position);
    if (index < 0) return this.endIteration();
    const slot = valueOfEntry(heap, keys, index);
    this.lastKey = heap[slot - 1];
    this.lastValue = heap[slot];
    this.refs.newRefWithLock(this.lastKey);
    this.refs.newRefWithLock(this.lastValue);
    return index + 1;
  }

  /**
   * Number of the first entry from `position` on that has a value, -1 if there is none. Without the guard,
   * declared racy reads of the table (see `LockFreeDicts`).
   */
  protected liveEntry(keys: number, position: number): number {
    const heap = this.i32;
    const words = entryWords(heap[keys + DictKeys.Kind]);
    const first = firstValue(heap, keys);
    const entries = heap[keys + DictKeys.Entries];
    for (let index = position; index < entries; index++) {
      if (heap[first + index * words] !== 0) return index;
    }
    return -1;
  }

  /** What `next` leaves and returns after the last entry. */
  protected endIteration(): number {
    this.lastKey = 0;
    this.lastValue = 0;
    return -1;
  }

  /** Word address of the key's value, 0 if there is none. Under the guard. */
  protected find(keys: number, key: Ref, hash: number): number {
    const slot = this.firstProbe(keys, key, hash);
    return slot !== Probe.Undecided ? slot : this.findProbing(keys, key, hash);
  }

  /**
   * Serves what is most frequent, a small table whose first position decides: returns the address of the value
   * of this very key, 0 where no entry is, else `Probe.Undecided`. Keys are compared by identity only and never
   * looked into, so that it serves with the guard and without: then its reads of the table are declared racy reads
   * (see `LockFreeDicts`).
   */
  protected firstProbe(keys: number, key: Ref, hash: number): number {
    const heap = this.i32;
    const log2 = heap[keys + DictKeys.Log2Size];
    if (log2 > Probe.ByteIndexLog2) return Probe.Undecided;
    const index = this.i8[((keys + DictKeys.Indices) << 2) + (hash & ((1 << log2) - 1))];
    if (index < 0) return index === DictLimits.Empty ? 0 : Probe.Undecided;
    const entries = (keys + DictKeys.Indices + (1 << (log2 - 2))) | 0;
    const slot =
      heap[keys + DictKeys.Kind] === DictKeysKind.Unicode
        ? (entries + (index << 1) + DictEntry.UnicodeValue) | 0
        : (entries + (index << 1) + index + DictEntry.GeneralValue) | 0;
    return heap[slot - 1] === key ? slot : Probe.Undecided;
  }

  /** The whole probe sequence. */
  private findProbing(keys: number, key: Ref, hash: number): number {
    const heap = this.i32;
    const log2 = heap[keys + DictKeys.Log2Size];
    const tables = this.tables;
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
        if (entryHash(heap, kind, slot) === hash && this.hashing.equal(stored, key)) return slot;
      }
      perturb >>>= DictLimits.PerturbShift;
      position = (position * 5 + perturb + 1) & mask;
    }
  }

  /** Adds a key that is not there. On MemoryError the guard is ended and the dict is as it was. */
  private insertLocked(dict: Ref, key: Ref, hash: number, value: Ref, token: number): void {
    const heap = this.i32;
    const keys = heap[dict + DictObject.Keys];
    if (heap[keys + DictKeys.Usable] <= 0 || heap[keys + DictKeys.Kind] > kindFor(heap, key)) {
      this.growFor(dict, key, hash, value, token);
      return;
    }
    this.refs.incref(key);
    this.refs.incref(value);
    this.storeEntry(dict, keys, key, hash, value);
  }

  /** CPython `insert_to_emptydict`, `insertion_resize`. On MemoryError as insertLocked. */
  private growFor(dict: Ref, key: Ref, hash: number, value: Ref, token: number): void {
    const heap = this.i32;
    const used = heap[dict + DictObject.Used];
    let table: number;
    try {
      table = this.grownTable(dict, grownLog2(used), kindFor(heap, key));
    } catch (error) {
      this.guard.end(token);
      throw error;
    }
    this.refs.incref(key);
    this.refs.incref(value);
    this.tables.append(table, key, hash, value);
    this.storeUsed(dict, used + 1);
    this.replaceTable(dict, table);
  }

  /**
   * A table of 2^log2 slots with the dict's live entries, for `replaceTable`. A general table stays general. The
   * old table keeps its words, for readers that are still in it. Throws MemoryError.
   */
  private grownTable(dict: Ref, log2: number, kind: DictKeysKind): number {
    const heap = this.i32;
    const old = heap[dict + DictObject.Keys];
    const oldKind = heap[old + DictKeys.Kind];
    const table = this.tables.allocate(log2, oldKind < kind ? oldKind : kind);
    if (old !== Control.EmptyKeys) this.tables.copyEntries(old, table);
    return table;
  }

  /** Shows a complete table, which has taken over the old one's references. */
  private replaceTable(dict: Ref, table: number): void {
    const old = this.i32[dict + DictObject.Keys];
    this.announceRetirement(dict);
    this.publishKeys(dict, table);
    if (old !== Control.EmptyKeys) this.retireTable(dict, old);
  }

  private removeLocked(dict: Ref, keys: number, slot: number, hash: number): void {
    const heap = this.i32;
    const words = entryWords(heap[keys + DictKeys.Kind]);
    const index = ((slot - firstValue(heap, keys)) / words) | 0;
    this.clearEntry(dict, keys, this.tables.positionOf(keys, hash, index), slot);
  }

  /**
   * Makes room for `added` new keys, and for the values they may replace: returns an array for those, 0 if none
   * can be. On MemoryError the guard is ended.
   */
  private prepareUpdate(dict: Ref, other: Ref, added: number, token: number): number {
    const heap = this.i32;
    const used = heap[dict + DictObject.Used];
    const keys = heap[dict + DictObject.Keys];
    const otherKind = heap[heap[other + DictObject.Keys] + DictKeys.Kind];
    let replaced = 0;
    try {
      if (used > 0) replaced = this.allocator.alloc(Math.min(used, added), HeapTag.Mem);
      if (heap[keys + DictKeys.Usable] < added || heap[keys + DictKeys.Kind] > otherKind) {
        this.replaceTable(dict, this.grownTable(dict, log2ForEntries(used + added), otherKind));
      }
    } catch (error) {
      this.guard.end(token);
      if (replaced !== 0) this.allocator.free(replaced, HeapTag.Mem);
      throw error;
    }
    return replaced;
  }

  /** Sets every entry of `source`, writing the old values to `replaced`; returns how many. Cannot fail. */
  private mergeLocked(dict: Ref, source: number, replaced: number): number {
    const heap = this.i32;
    const kind = heap[source + DictKeys.Kind];
    const words = entryWords(kind);
    const first = firstValue(heap, source);
    const end = first + heap[source + DictKeys.Entries] * words;
    const keys = heap[dict + DictObject.Keys];
    let count = 0;
    for (let from = first; from < end; from += words) {
      const value = heap[from];
      if (value === 0) continue;
      const key = heap[from - 1];
      const hash = entryHash(heap, kind, from);
      const slot = this.find(keys, key, hash);
      this.refs.newRefWithLock(value);
      if (slot !== 0) {
        heap[replaced + count++] = heap[slot];
        this.storeValue(dict, slot, value);
      } else {
        this.refs.newRefWithLock(key);
        this.storeEntry(dict, keys, key, hash, value);
      }
    }
    return count;
  }

  /** Counts the references of a copied table. Under the original's guard. */
  private countEntries(keys: number): void {
    const heap = this.i32;
    const words = entryWords(heap[keys + DictKeys.Kind]);
    let slot = firstValue(heap, keys);
    const end = slot + heap[keys + DictKeys.Entries] * words;
    for (; slot < end; slot += words) {
      this.refs.newRefWithLock(heap[slot - 1]);
      this.refs.newRefWithLock(heap[slot]);
    }
  }

  /** Gives back the references of a table that no dict shows. */
  private dropEntries(keys: number): void {
    const heap = this.i32;
    const words = entryWords(heap[keys + DictKeys.Kind]);
    let slot = firstValue(heap, keys);
    const end = slot + heap[keys + DictKeys.Entries] * words;
    for (; slot < end; slot += words) {
      const value = heap[slot];
      if (value === 0) continue;
      this.refs.decref(heap[slot - 1]);
      this.refs.decref(value);
    }
  }

  private missing(key: Ref): never {
    throw new PythonError('KeyError', describeKey(this.memory, this.strings, key));
  }
}

export const enum Probe {
  /** Not an address. */
  Undecided = -1,
  /** Tables up to this size have one-byte indices. */
  ByteIndexLog2 = 7,
}

/**
 * A copy of a table that is mostly in use has the same size, so that it grows when the original would (CPython
 * `clone_combined_dict_keys`); one full of deleted entries shrinks.
 */
function copyLog2(heap: Int32Array, keys: number, used: number): number {
  const log2 = heap[keys + DictKeys.Log2Size];
  const dense = used >= (heap[keys + DictKeys.Entries] * 2) / 3;
  if (dense && used <= usableEntries(log2)) return log2;
  return log2ForEntries(used);
}
