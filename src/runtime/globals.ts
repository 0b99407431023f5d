import { PythonError } from '../memory/errors.js';
import { DictKeys, DictObject, Header } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import { readsUnderLocks } from './builds.js';
import type { ObjectThread } from './objectThread.js';

/** Sites of LOAD_GLOBAL that a program uses; an index into its thread's caches. */
export const enum GlobalSite {
  Count = 8,
}

/** Inline cache of one LOAD_GLOBAL (CPython's `LOAD_GLOBAL_MODULE`). */
class GlobalCache {
  dict: Ref = 0;
  name: Ref = 0;
  /** The table that the slot lies in, and its form. */
  keys = 0;
  log2 = 0;
  kind = 0;
  /** Word address of the value; its key is the word before. */
  slot = Header.Words;
  /** A value with deferred counts that this site has had a reference to; -1: none. */
  deferred: Ref = -1;
}

/**
 * Loads of module globals through inline caches. CPython guards its cache with the version of the key table. Here
 * the cache holds while the dict shows the table at the same address, in the same form, with the name in front of
 * the value: that is the entry of the name, whatever happened in between.
 */
export class Globals {
  private readonly i32: Int32Array;
  protected readonly refs: RefCounter;
  private readonly caches: GlobalCache[] = [];
  /** No read without the dict's lock. */
  private readonly locked: boolean;

  constructor(private readonly t: ObjectThread) {
    this.i32 = t.i32;
    this.refs = t.refs;
    this.locked = readsUnderLocks(t.build);
    for (let site = 0; site < GlobalSite.Count; site++) this.caches.push(new GlobalCache());
  }

  /** Tells a site which name of which dict it loads. The dict outlives the use of the site. */
  bind(site: number, dict: Ref, name: string): void {
    const cache = this.caches[site];
    cache.dict = dict;
    cache.name = this.t.strings.intern(name);
    cache.keys = 0;
    cache.deferred = -1;
  }

  /**
   * A collection may have freed what the sites know, and something else may be in its place: each looks again. The
   * dicts stay bound.
   */
  dropCaches(): void {
    for (const cache of this.caches) cache.deferred = -1;
  }

  /** End of a run: no site knows a dict any more; a finaliser that loads a name finds none. */
  unbind(): void {
    for (const cache of this.caches) {
      cache.dict = 0;
      cache.keys = 0;
      cache.deferred = -1;
    }
  }

  /**
   * The global as a stack reference: not counted if it has deferred counts, else new. Close it with
   * `Calls.close`, or let a call steal it. Throws AttributeError if the name does not exist.
   *
   * Declared racy reads, as in a lock-free dict lookup: table, key and value are loaded without the lock. A
   * deferred object that the site knows needs no more, for only a collector frees it, behind whose pause every thread
   * drops its caches. Any other is incremented, and then the table is looked at again, but for own and immortal ones.
   */
  load(site: number): Ref {
    const cache = this.caches[site];
    if (!this.holds(cache)) return this.loadSlow(cache);
    const value = this.i32[cache.slot];
    return this.isKnownDeferred(value, cache.deferred) ? value : this.loadCounted(cache, value);
  }

  /**
   * The deferred bit itself says nothing until there is a reference: the value may be gone, and its block a new
   * function that was never in this dict.
   */
  protected isKnownDeferred(value: Ref, known: Ref): boolean {
    return value === known;
  }

  /** Declared racy reads: see `load`. The table is looked into only while the dict shows it. */
  private holds(cache: GlobalCache): boolean {
    const heap = this.i32;
    const keys = cache.keys;
    return (
      keys !== 0 &&
      heap[cache.dict + DictObject.Keys] === keys &&
      heap[cache.slot - 1] === cache.name &&
      heap[keys + DictKeys.Log2Size] === cache.log2 &&
      heap[keys + DictKeys.Kind] === cache.kind
    );
  }

  private loadCounted(cache: GlobalCache, value: Ref): Ref {
    if (value === 0 || !this.refs.tryIncrefFast(value)) return this.loadForeign(cache, value);
    return this.settle(cache, value);
  }

  private loadForeign(cache: GlobalCache, value: Ref): Ref {
    if (value !== 0 && this.refs.tryIncrefCompare(cache.slot, value)) {
      if (this.unchanged(cache)) return this.settle(cache, value);
      this.refs.decref(value);
    }
    return this.loadSlow(cache);
  }

  private unchanged(cache: GlobalCache): boolean {
    return this.t.atomics.load(cache.dict + DictObject.Keys) === cache.keys;
  }

  private loadSlow(cache: GlobalCache): Ref {
    const { dicts, strings } = this.t;
    const value = cache.dict === 0 ? 0 : dicts.get(cache.dict, cache.name);
    if (value === 0) {
      throw new PythonError('AttributeError', `name '${strings.text(cache.name)}' is not defined`);
    }
    if (!this.locked) this.remember(cache);
    return this.settle(cache, value);
  }

  /** Makes a new reference one of the stack's. */
  private settle(cache: GlobalCache, value: Ref): Ref {
    if (!this.refs.isDeferred(value)) return value;
    cache.deferred = value;
    this.refs.decref(value);
    return value;
  }

  /** The slot goes with the table that was searched, whichever the dict shows by now. */
  private remember(cache: GlobalCache): void {
    const heap = this.i32;
    const slot = this.t.dicts.valueSlot(cache.dict, cache.name);
    const keys = this.t.dicts.lastTable;
    if (slot === 0) return;
    cache.keys = keys;
    cache.log2 = heap[keys + DictKeys.Log2Size];
    cache.kind = heap[keys + DictKeys.Kind];
    cache.slot = slot;
  }
}
