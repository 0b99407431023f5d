import { Control, TypeCache, TypeCacheEntry, TypeObject } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Types } from './types.js';

/**
 * Attributes of types through the cache that all threads of the interpreter share (CPython `struct type_cache`), under
 * the GIL: an entry is found by the type's version and the name's address, and holds the value without counting it. It
 * says nothing any more once the type has another version.
 */
export class CachedTypes extends Types {
  override lookup(type: Ref, name: Ref): Ref {
    const heap = this.i32;
    const version = heap[type + TypeObject.Version];
    const entry = this.entryOf(version, name);
    if (!this.isFor(entry, version, name)) return this.lookupAndCache(type, name);
    const value = heap[entry + TypeCacheEntry.Value];
    if (value !== 0) this.refs.incref(value);
    return value;
  }

  private isFor(entry: number, version: number, name: Ref): boolean {
    const heap = this.i32;
    return (
      version !== 0 &&
      heap[entry + TypeCacheEntry.Version] === version &&
      heap[entry + TypeCacheEntry.Name] === name
    );
  }

  /**
   * The version is taken before the dict is looked into: whatever changes the type in between leaves an entry for a
   * version that is none any more (gh-132942).
   */
  protected lookupAndCache(type: Ref, name: Ref): Ref {
    const version = this.version(type);
    const value = super.lookup(type, name);
    if (version !== 0) this.remember(this.entryOf(version, name), version, name, value);
    return value;
  }

  /** CPython's MCACHE_HASH. Any address of an entry will do for version 0, which no entry has. */
  protected entryOf(version: number, name: Ref): number {
    const index = (version ^ (name >> 2)) & TypeCache.Mask;
    return this.i32[Control.TypeCache] + index * TypeCacheEntry.Words;
  }

  /** Replaces what the entry had: its value is borrowed, its name static. */
  protected remember(entry: number, version: number, name: Ref, value: Ref): void {
    const heap = this.i32;
    heap[entry + TypeCacheEntry.Value] = value;
    heap[entry + TypeCacheEntry.Name] = name;
    heap[entry + TypeCacheEntry.Version] = version;
  }
}
