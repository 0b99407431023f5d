import { BuiltinType, GcBits, Header, WeakDictObject, WeakrefObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Dicts } from './dicts.js';
import type { GcHeap } from './gcHeap.js';
import type { EntryRemover, Weakrefs } from './weakrefs.js';

/** An entry of a weak dict, both of them alive, new references. */
export type WeakEntry = readonly [key: Ref, value: Ref];

/**
 * WeakKeyDictionary and WeakValueDictionary (CPython `Lib/weakref.py`): a dict of weakrefs whose entries go when the key
 * or the value dies. What CPython does with a Python function as callback is done here by the weakref's own kind of
 * callback, a weakref to the weak dict: it keeps nothing alive, and runs no code of the program.
 *
 * Methods take borrowed references and return new ones; attached threads only. They throw TypeError for a key or value
 * that allows no weak references, and for a key that cannot be hashed; MemoryError, with the dict as it was.
 */
export class WeakDicts implements EntryRemover {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly dicts: Dicts,
    private readonly weakrefs: Weakrefs,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  createWithWeakKeys(): Ref {
    return this.create(BuiltinType.WeakKeyDict);
  }

  createWithWeakValues(): Ref {
    return this.create(BuiltinType.WeakValueDict);
  }

  /** len(dict): entries whose key or value is just dying may still count. */
  length(dict: Ref): number {
    return this.dicts.length(this.dataOf(dict));
  }

  /** dict.get(key): 0 when missing. */
  get(dict: Ref, key: Ref): Ref {
    const data = this.dataOf(dict);
    if (!this.hasWeakKeys(dict)) return this.strongValue(this.dicts.get(data, key));
    const weakref = this.weakrefs.create(key);
    try {
      return this.dicts.get(data, weakref);
    } finally {
      this.refs.decref(weakref);
    }
  }

  /** dict[key] = value. An existing entry keeps its place and its key. */
  set(dict: Ref, key: Ref, value: Ref): void {
    const self = this.i32[dict + WeakDictObject.Self];
    const weakKeys = this.hasWeakKeys(dict);
    const weakref = weakKeys ? this.weakrefs.create(key, self) : this.weakrefs.create(value, self, key);
    try {
      if (weakKeys) this.dicts.set(this.dataOf(dict), weakref, value);
      else this.dicts.set(this.dataOf(dict), key, weakref);
    } finally {
      this.refs.decref(weakref);
    }
  }

  /** del dict[key]. False: there was no such entry, or its value is dead. */
  delete(dict: Ref, key: Ref): boolean {
    const data = this.dataOf(dict);
    if (this.hasWeakKeys(dict)) {
      const weakref = this.weakrefs.create(key);
      try {
        return this.dicts.discard(data, weakref);
      } finally {
        this.refs.decref(weakref);
      }
    }
    const value = this.get(dict, key);
    if (value === 0) return false;
    this.refs.decref(value);
    return this.dicts.discard(data, key);
  }

  /** What is alive now, in insertion order: a copy, so that entries may come and go meanwhile (CPython 3.14). */
  entries(dict: Ref): WeakEntry[] {
    const entries: WeakEntry[] = [];
    const copy = this.dicts.copy(this.dataOf(dict));
    const weakKeys = this.hasWeakKeys(dict);
    let position = this.dicts.next(copy, 0);
    while (position >= 0) {
      const { lastKey, lastValue } = this.dicts;
      const strong = this.weakrefs.get(weakKeys ? lastKey : lastValue);
      this.refs.decref(weakKeys ? lastKey : lastValue);
      if (strong === 0) this.refs.decref(weakKeys ? lastValue : lastKey);
      else entries.push(weakKeys ? [strong, lastValue] : [lastKey, strong]);
      position = this.dicts.next(copy, position);
    }
    this.refs.decref(copy);
    return entries;
  }

  /** The weakref of the entry has been cleared by its object's death. A value that was set since stays. */
  entryDied(weakref: Ref, self: Ref): void {
    const dict = this.weakrefs.get(self);
    if (dict === 0) return;
    const data = this.dataOf(dict);
    if (this.hasWeakKeys(dict)) this.dicts.discard(data, weakref);
    else this.dicts.discard(data, this.i32[weakref + WeakrefObject.Key], weakref);
    this.refs.decref(dict);
  }

  /** tp_clear, and dict.clear(). */
  clear(dict: Ref): void {
    this.dicts.clear(this.dataOf(dict));
  }

  /** The last reference is gone: the entries' weakrefs find nothing here any more. */
  dealloc(dict: Ref): void {
    this.gcHeap.untrack(dict);
    const heap = this.i32;
    this.weakrefs.clearDead(dict);
    this.refs.decref(heap[dict + WeakDictObject.Self]);
    this.refs.decref(heap[dict + WeakDictObject.Data]);
    this.gcHeap.free(dict);
  }

  private create(type: Ref): Ref {
    const heap = this.i32;
    const data = this.dicts.create();
    const dict = this.allocate(data);
    this.refs.init(dict, type, GcBits.Tracked);
    heap[dict + WeakDictObject.Data] = data;
    heap[dict + WeakDictObject.Self] = 0;
    heap[dict + WeakDictObject.Weakrefs] = 0;
    try {
      heap[dict + WeakDictObject.Self] = this.weakrefs.create(dict);
    } catch (error) {
      this.gcHeap.free(dict);
      this.refs.decref(data);
      throw error;
    }
    this.gcHeap.track(dict);
    return dict;
  }

  private allocate(data: Ref): Ref {
    try {
      return this.gcHeap.alloc(WeakDictObject.Words);
    } catch (error) {
      this.refs.decref(data);
      throw error;
    }
  }

  /** Steals a weakref to a value, or 0. */
  private strongValue(weakref: Ref): Ref {
    if (weakref === 0) return 0;
    const value = this.weakrefs.get(weakref);
    this.refs.decref(weakref);
    return value;
  }

  /** Borrowed: never replaced. */
  private dataOf(dict: Ref): Ref {
    return this.i32[dict + WeakDictObject.Data];
  }

  private hasWeakKeys(dict: Ref): boolean {
    return this.i32[dict + Header.Type] === BuiltinType.WeakKeyDict;
  }
}
