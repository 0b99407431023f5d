import {
  BuiltinType,
  Control,
  DictEntry,
  DictKeys,
  DictKeysKind,
  DictLimits,
  FreeListMax,
  FreeLists,
  Header,
  HeapTag,
  StrObject,
} from '../memory/layout.js';
import type { ObjectContext } from './context.js';
import { FreeListed } from './freeListed.js';

/**
 * Key tables of dicts (CPython `PyDictKeysObject`, `Objects/dictobject.c`): an open-addressed table of indices,
 * one, two or four bytes each, in front of the entries in insertion order. A table is private to the dict that
 * shows it; a dict that grows moves to another one.
 *
 * Nothing here locks or counts references: callers hold the dict's guard, or have not published the table.
 */
export class KeyTables extends FreeListed {
  private readonly i8: Int8Array;
  private readonly i16: Int16Array;

  constructor(context: ObjectContext) {
    super(context);
    this.i8 = context.memory.i8;
    this.i16 = context.memory.i16;
  }

  /** An empty table of 2^log2 slots, log2 >= 3. Throws MemoryError. */
  allocate(log2: number, kind: DictKeysKind): number {
    const keys =
      log2 === DictLimits.MinLog2 && kind === DictKeysKind.Unicode
        ? this.allocateSmall()
        : this.allocator.alloc(tableWords(log2, kind), HeapTag.Mem);
    initKeys(this.i32, keys, log2, kind, usableEntries(log2));
    return keys;
  }

  /** Takes back a table that no thread can be looking at; its references are gone. Not the empty table. */
  recycle(keys: number): void {
    const heap = this.i32;
    const small =
      heap[keys + DictKeys.Log2Size] === DictLimits.MinLog2 &&
      heap[keys + DictKeys.Kind] === DictKeysKind.Unicode;
    if (small && this.pushFree(FreeLists.DictKeys, keys, FreeListMax.DictKeys)) return;
    this.allocator.free(keys, HeapTag.Mem);
  }

  /**
   * The index at a position of the table: an entry, `DictLimits.Empty` or `Dummy`. Declared racy read where there is
   * no guard: it goes from empty to its entry to dummy, and each of these is an answer.
   */
  indexAt(keys: number, log2: number, position: number): number {
    const first = keys + DictKeys.Indices;
    if (log2 < IndexWidth.TwoBytes) return this.i8[(first << 2) + position];
    return log2 < IndexWidth.FourBytes ? this.i16[(first << 1) + position] : this.i32[first + position];
  }

  /** Stores an index where no lock-free reader looks. */
  setIndex(keys: number, log2: number, position: number, index: number): void {
    const first = keys + DictKeys.Indices;
    if (log2 < IndexWidth.TwoBytes) this.i8[(first << 2) + position] = index;
    else if (log2 < IndexWidth.FourBytes) this.i16[(first << 1) + position] = index;
    else this.i32[first + position] = index;
  }

  /** Stores an index that lock-free readers may be looking at. */
  publishIndex(keys: number, log2: number, position: number, index: number): void {
    const first = keys + DictKeys.Indices;
    if (log2 < IndexWidth.TwoBytes) Atomics.store(this.i8, (first << 2) + position, index);
    else if (log2 < IndexWidth.FourBytes) Atomics.store(this.i16, (first << 1) + position, index);
    else Atomics.store(this.i32, first + position, index);
  }

  /**
   * First position on the probe sequence of `hash` that was never used. Positions of deleted entries are not
   * used again: a reader without the lock, in the middle of the sequence, would see the key change under it (D24).
   * CPython's GIL build does use them; here no build does, so that all have one way to insert.
   */
  emptyPosition(keys: number, hash: number): number {
    return this.positionOf(keys, hash, DictLimits.Empty);
  }

  /** The position on the probe sequence of `hash` that holds `index`, which must be there. */
  positionOf(keys: number, hash: number, index: number): number {
    const log2 = this.i32[keys + DictKeys.Log2Size];
    const mask = (1 << log2) - 1;
    let perturb = hash;
    let position = hash & mask;
    while (this.indexAt(keys, log2, position) !== index) {
      perturb >>>= DictLimits.PerturbShift;
      position = (position * 5 + perturb + 1) & mask;
    }
    return position;
  }

  /**
   * Copies the live entries of `from`, in order, into the empty table `to`, which has room and may be of a more
   * general kind. The references are not counted: they move, or the caller counts them.
   */
  copyEntries(from: number, to: number): void {
    const heap = this.i32;
    const fromKind = heap[from + DictKeys.Kind];
    const words = entryWords(fromKind);
    const source = firstValue(heap, from);
    const end = source + heap[from + DictKeys.Entries] * words;
    for (let slot = source; slot < end; slot += words) {
      const value = heap[slot];
      if (value === 0) continue;
      this.append(to, heap[slot - 1], entryHash(heap, fromKind, slot), value);
    }
  }

  /** Adds an entry at the end of a table that has room and that nobody reads without a lock. */
  append(keys: number, key: number, hash: number, value: number): void {
    const heap = this.i32;
    const entry = heap[keys + DictKeys.Entries];
    const kind = heap[keys + DictKeys.Kind];
    this.setIndex(keys, heap[keys + DictKeys.Log2Size], this.emptyPosition(keys, hash), entry);
    const slot = firstValue(heap, keys) + entry * entryWords(kind);
    if (kind === DictKeysKind.General) heap[slot - 2] = hash;
    heap[slot - 1] = key;
    heap[slot] = value;
    heap[keys + DictKeys.Usable]--;
    heap[keys + DictKeys.Entries] = entry + 1;
  }

  /** 8-slot tables of str keys, the size of most dicts, have a free list. */
  private allocateSmall(): number {
    const keys = this.popFree(FreeLists.DictKeys);
    if (keys !== 0) return keys;
    return this.allocator.alloc(tableWords(DictLimits.MinLog2, DictKeysKind.Unicode), HeapTag.Mem);
  }
}

/** log2 of the sizes from which an index takes two and four bytes (CPython `dk_log2_index_bytes`). */
const enum IndexWidth {
  TwoBytes = 8,
  FourBytes = 16,
}

/** Words of the index part. The table of the empty dict has 8 bytes for its one slot. */
function indexWords(log2: number): number {
  if (log2 < DictLimits.MinLog2) return 2;
  if (log2 < IndexWidth.TwoBytes) return 1 << (log2 - 2);
  return log2 < IndexWidth.FourBytes ? 1 << (log2 - 1) : 1 << log2;
}

/** Words of an entry: 3 general, 2 unicode, 1 split. */
export function entryWords(kind: DictKeysKind): number {
  return DictEntry.GeneralWords - kind;
}

/**
 * Word address of the first entry. Declared racy read: the size never changes, but the owner of a dict may have found
 * a table that another thread made through a plain read of `Keys`.
 */
function firstEntry(heap: Int32Array, keys: number): number {
  return keys + DictKeys.Indices + indexWords(heap[keys + DictKeys.Log2Size]);
}

/**
 * Word address of the first entry's value, in a general or unicode table. The key is one word before a value,
 * the hash of a general entry two. Declared racy read, as in `firstEntry`.
 */
export function firstValue(heap: Int32Array, keys: number): number {
  return firstEntry(heap, keys) + DictEntry.GeneralValue - heap[keys + DictKeys.Kind];
}

/** Word address of the value of entry number `index`. Declared racy read, as in `firstEntry`. */
export function valueOfEntry(heap: Int32Array, keys: number, index: number): number {
  return firstValue(heap, keys) + index * entryWords(heap[keys + DictKeys.Kind]);
}

/**
 * Hash of the entry whose value is at `slot`. The keys of a unicode table are str, hashed when they came.
 * Declared racy read: another thread may be storing the same hash again (`Strings.hash`).
 */
export function entryHash(heap: Int32Array, kind: DictKeysKind, slot: number): number {
  return kind === DictKeysKind.General ? heap[slot - 2] : heap[heap[slot - 1] + StrObject.Hash];
}

/** Entries that a table of 2^log2 slots takes: two thirds, 8 -> 5. */
export function usableEntries(log2: number): number {
  return ((2 << log2) / 3) | 0;
}

/** log2 of the smallest table of at least `slots` slots. */
function log2For(slots: number): number {
  return slots <= 1 << DictLimits.MinLog2 ? DictLimits.MinLog2 : 32 - Math.clz32(slots - 1);
}

/** log2 of the table that holds `entries` entries without growing (CPython `estimate_log2_keysize`). */
export function log2ForEntries(entries: number): number {
  return log2For((entries * 3 + 1) >> 1);
}

/** log2 of the table that a full dict of `used` live entries moves to (CPython `GROWTH_RATE`). */
export function grownLog2(used: number): number {
  return log2For(used * 3);
}

/** The kind of table that can hold this key. */
export function kindFor(heap: Int32Array, key: number): DictKeysKind {
  return heap[key + Header.Type] === BuiltinType.Str ? DictKeysKind.Unicode : DictKeysKind.General;
}

/** Words of a table with `usableEntries(log2)` entries. */
function tableWords(log2: number, kind: DictKeysKind): number {
  return DictKeys.Indices + indexWords(log2) + usableEntries(log2) * entryWords(kind);
}

/** Writes an empty table of `usable` entries. Entries are zeroed: a reader takes 0 for "not there yet". */
export function initKeys(
  heap: Int32Array,
  keys: number,
  log2: number,
  kind: DictKeysKind,
  usable: number,
): void {
  heap[keys + DictKeys.Log2Size] = log2;
  heap[keys + DictKeys.Kind] = kind;
  heap[keys + DictKeys.Usable] = usable;
  heap[keys + DictKeys.Entries] = 0;
  heap[keys + DictKeys.Version] = 0;
  heap[keys + DictKeys.Mutex] = 0;
  heap[keys + DictKeys.RefCount] = 1;
  const entries = firstEntry(heap, keys);
  const end = entries + usable * entryWords(kind);
  if (log2 === DictLimits.MinLog2) {
    // Most tables: cheaper than two calls.
    heap[entries - 2] = DictLimits.Empty;
    heap[entries - 1] = DictLimits.Empty;
    for (let word = entries; word < end; word++) heap[word] = 0;
  } else {
    heap.fill(DictLimits.Empty, keys + DictKeys.Indices, entries);
    heap.fill(0, entries, end);
  }
}

/**
 * Makes the one table of all empty dicts, `Control.EmptyKeys`: one slot, no room, never freed (CPython
 * `Py_EMPTY_KEYS`). Once, before any dict.
 */
export function initialiseEmptyKeys(heap: Int32Array): void {
  initKeys(heap, Control.EmptyKeys, 0, DictKeysKind.Unicode, 0);
  heap[Control.EmptyKeys + DictKeys.Version] = 1;
}

/** Words of the tables that have a free list. */
export function smallTableWords(): number {
  return tableWords(DictLimits.MinLog2, DictKeysKind.Unicode);
}
