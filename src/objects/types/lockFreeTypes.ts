import { TypeCacheEntry, TypeObject } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { CachedTypes } from './cachedTypes.js';

/**
 * The cache in the free-threaded build: each entry is under a sequence lock (CPython `_PyType_LookupStackRefAndVersion`,
 * `update_cache_gil_disabled`; gh-113743). A reader takes no lock and writes nothing.
 *
 * Two things are other than in CPython. The value of an entry is borrowed from a type that may lose it at any time; CPython
 * drops it at once, hence counts it conditionally. Here its last reference waits for a grace period (`Types.dropOld`):
 * what an unchanged entry shows is alive until this thread's next quiescent state. And nobody waits for a writer: a reader
 * looks into the dict instead, another writer leaves the entry to the first.
 */
export class LockFreeTypes extends CachedTypes {
  override lookup(type: Ref, name: Ref): Ref {
    const value = this.cached(type, name);
    if (value < 0) return this.lookupAndCache(type, name);
    if (value !== 0) this.refs.incref(value);
    return value;
  }

  /** Without a look at the count where the value has deferred counts. */
  override lookupStack(type: Ref, name: Ref): Ref {
    const value = this.cached(type, name);
    if (value < 0) return this.settle(this.lookupAndCache(type, name));
    if (value !== 0 && !this.refs.isDeferred(value)) this.refs.incref(value);
    return value;
  }

  /** The value, borrowed until this thread's next quiescent state; 0: no such attribute; -1: not in the cache. */
  private cached(type: Ref, name: Ref): Ref {
    const version = this.atomics.load(type + TypeObject.Version);
    if (version === 0) return -1;
    const entry = this.entryOf(version, name);
    const sequence = this.beginRead(entry);
    if ((sequence & 1) !== 0 || !this.matches(entry, version, name)) return -1;
    const value = this.atomics.load(entry + TypeCacheEntry.Value);
    return this.endRead(entry, sequence) ? value : -1;
  }

  protected override remember(entry: number, version: number, name: Ref, value: Ref): void {
    const sequence = this.atomics.load(entry + TypeCacheEntry.Sequence);
    if ((sequence & 1) !== 0 || !this.beginWrite(entry, sequence)) return;
    this.writeEntry(entry, version, name, value);
    this.endWrite(entry, sequence);
  }

  // --- Steps. All loads are atomic: those before the second look at the sequence must not slip behind it (gh-121368) ---

  protected beginRead(entry: number): number {
    return this.atomics.load(entry + TypeCacheEntry.Sequence);
  }

  protected matches(entry: number, version: number, name: Ref): boolean {
    return (
      this.atomics.load(entry + TypeCacheEntry.Version) === version &&
      this.atomics.load(entry + TypeCacheEntry.Name) === name
    );
  }

  protected endRead(entry: number, sequence: number): boolean {
    return this.atomics.load(entry + TypeCacheEntry.Sequence) === sequence;
  }

  protected beginWrite(entry: number, sequence: number): boolean {
    const word = entry + TypeCacheEntry.Sequence;
    return this.atomics.compareExchange(word, sequence, (sequence + 1) | 0) === sequence;
  }

  /**
   * The version last, as in CPython, where a reader counts the value before it looks at the sequence again, and must not find
   * one that was freed long ago behind a version that fits (gh-132942). Here nobody touches it before.
   */
  protected writeEntry(entry: number, version: number, name: Ref, value: Ref): void {
    this.atomics.store(entry + TypeCacheEntry.Value, value);
    this.atomics.store(entry + TypeCacheEntry.Name, name);
    this.atomics.store(entry + TypeCacheEntry.Version, version);
  }

  protected endWrite(entry: number, sequence: number): void {
    this.atomics.store(entry + TypeCacheEntry.Sequence, (sequence + 2) | 0);
  }
}
