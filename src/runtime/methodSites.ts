import { PythonError } from '../memory/errors.js';
import { BuiltinType, DictKeys, Header, PreHeader, TypeFlags, TypeObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { readsUnderLocks, readsWithoutLocks } from './builds.js';
import type { Calls } from './calls.js';
import type { Natives } from './natives.js';
import type { ObjectThread } from './objectThread.js';

/** Sites of LOAD_ATTR with a method that a program uses; an index into its thread's caches. */
export const enum MethodSite {
  Count = 4,
}

/** Inline cache of one LOAD_ATTR_METHOD. */
class MethodCache {
  name: Ref = 0;
  /** Of the type's attributes when the method was found; 0: the cache knows nothing. */
  version = 0;
  /** Names that the type's instances could have had in their own values then. */
  names = 0;
  /** Not counted: the type has it while it has this version. */
  method: Ref = 0;
}

/**
 * Loads of methods through inline caches, without bound methods (CPython `LOAD_ATTR_METHOD_WITH_VALUES`,
 * `LOAD_ATTR_METHOD_NO_DICT`). A cache holds while the type has the version that it had, no name was added to the values of
 * its instances, and this instance has no dict of its own.
 *
 * Free-threaded: only methods with deferred counts are cached, as in CPython, so that nothing need be counted; a
 * collector that frees one has freed its type, or changed it. Where every read takes a lock nothing is cached.
 */
export class MethodSites {
  private readonly i32: Int32Array;
  private readonly caches: MethodCache[] = [];
  private readonly locked: boolean;
  private readonly deferredOnly: boolean;

  constructor(
    private readonly t: ObjectThread,
    private readonly calls: Calls,
    private readonly natives: Natives,
  ) {
    this.i32 = t.i32;
    this.locked = readsUnderLocks(t.build);
    this.deferredOnly = readsWithoutLocks(t.build);
    for (let site = 0; site < MethodSite.Count; site++) this.caches.push(new MethodCache());
  }

  /** Tells a site which name it loads. */
  bind(site: number, name: string): void {
    const cache = this.caches[site];
    cache.name = this.t.strings.intern(name);
    cache.version = 0;
  }

  /**
   * The method that `object.name(...)` calls, a stack reference, to be called with the object in front. Throws
   * AttributeError if the type has none, TypeError if the object has an attribute of this name itself.
   *
   * Declared racy reads: a version that is about to change is one from before the change; names are only added.
   */
  load(site: number, object: Ref): Ref {
    const heap = this.i32;
    const cache = this.caches[site];
    const type = heap[object + Header.Type];
    if (cache.version === 0 || heap[type + TypeObject.Version] !== cache.version)
      return this.loadSlow(cache, object);
    if ((heap[type + TypeObject.Flags] & TypeFlags.PreHeader) !== 0) {
      const unchanged = heap[heap[type + TypeObject.SharedKeys] + DictKeys.Entries] === cache.names;
      if (!unchanged || heap[object + PreHeader.Dict] !== 0) return this.loadSlow(cache, object);
    }
    return this.calls.open(cache.method);
  }

  /**
   * caller(object), of operator.methodcaller: its method is looked up in the type's cache each time (CPython
   * `PyObject_VectorcallMethod`). Both borrowed.
   */
  callWith(caller: Ref, object: Ref): Ref {
    const name = this.t.methodCallers.nameOf(caller);
    return this.call(this.find(name, object), object);
  }

  /** object.method(): the method is a stack reference, which this steals; the object is borrowed. */
  call(method: Ref, object: Ref): Ref {
    if (this.i32[method + Header.Type] === BuiltinType.MethodDescriptor) {
      return this.natives.callMethod(method, object, 0);
    }
    return this.calls.call1(method, this.calls.lend(object));
  }

  private loadSlow(cache: MethodCache, object: Ref): Ref {
    const heap = this.i32;
    const type = heap[object + Header.Type];
    // Before the lookup: whatever is changed from here on makes the cache useless.
    const version = this.t.types.version(type);
    const keys = heap[type + TypeObject.SharedKeys];
    const names = keys === 0 ? 0 : this.t.atomics.load(keys + DictKeys.Entries);
    const method = this.find(cache.name, object);
    if (this.locked || (this.deferredOnly && !this.t.refs.isDeferred(method))) return method;
    cache.version = version;
    cache.names = names;
    cache.method = method;
    return method;
  }

  private find(name: Ref, object: Ref): Ref {
    const { instances, refs, strings, types } = this.t;
    const type = this.i32[object + Header.Type];
    const text = (str: Ref): string => strings.text(str);
    if ((this.i32[type + TypeObject.Flags] & TypeFlags.PreHeader) !== 0) {
      const own = instances.getOwn(object, name);
      if (own !== 0) {
        refs.decref(own);
        throw new PythonError('TypeError', `'${text(name)}' of this object is no method of its class`);
      }
    }
    const method = types.lookupStack(type, name);
    if (method !== 0) return method;
    const typeName = text(this.i32[type + TypeObject.Name]);
    throw new PythonError('AttributeError', `'${typeName}' object has no attribute '${text(name)}'`);
  }
}
