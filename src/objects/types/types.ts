import type { AtomicOps } from '../../memory/atomicOps.js';
import { FatalError, PythonError } from '../../memory/errors.js';
import { BuiltinType, Control, TypeObject } from '../../memory/layout.js';
import type { Ref, RefCounter } from '../../refcount/refCounter.js';
import type { ObjectContext } from '../context.js';
import type { Dicts } from '../dicts.js';
import type { Guard } from '../guard.js';
import type { Strings } from '../strings.js';

const enum Versions {
  /** CPython's MAX_VERSIONS_PER_CLASS: a class that changes all the time does not use them up. */
  PerType = 1000,
  /** So far below 2^31 that all threads together cannot step over it. */
  Last = 0x7fffff00,
}

/**
 * A collector is about to clear a class, or its dict, which may be cleared first. From here the class has no version, and
 * gets none: nobody finds in a cache what the dict has dropped. Somebody else may still get at the class, by a weak
 * reference that a finaliser has made (gh-135552 is of the same kind). While all other threads are at a safepoint.
 */
export function endVersions(heap: Int32Array, type: Ref): void {
  heap[type + TypeObject.Version] = 0;
  heap[type + TypeObject.VersionsUsed] = Versions.PerType;
}

/**
 * Attributes of types: methods and what else a class has (CPython `type_setattro`, `_PyType_Lookup`). A type's dict is
 * its own, and nobody else writes it. There is no inheritance: the method resolution order is the type itself.
 *
 * This class looks into the dict each time, under its lock. That is for builds whose reads all take locks, where a cache
 * that all threads share would need one of its own. The others have `CachedTypes` or `LockFreeTypes`.
 *
 * Names are interned strings, compared by identity. Arguments are borrowed; attached threads only.
 */
export class Types {
  protected readonly i32: Int32Array;
  protected readonly atomics: AtomicOps;
  protected readonly refs: RefCounter;
  protected readonly guard: Guard;
  protected readonly allocator: ObjectContext['allocator'];

  constructor(
    context: ObjectContext,
    protected readonly dicts: Dicts,
    private readonly strings: Strings,
  ) {
    this.i32 = context.i32;
    this.atomics = context.atomics;
    this.refs = context.refs;
    this.guard = context.guard;
    this.allocator = context.allocator;
  }

  /**
   * type.name = value. Any type, a built-in one too: its attributes end with the run. The old value is dropped after a
   * grace period, for who reads without a lock may have its address and no count yet. Throws MemoryError; nothing has
   * changed then.
   */
  setAttr(type: Ref, name: Ref, value: Ref): void {
    if (!this.strings.isInterned(name)) throw new FatalError('the name of an attribute must be interned');
    const dict = this.dictOf(type);
    // A collector may clear the class while a lock is waited for: see `endVersions`.
    this.refs.incref(dict);
    const token = this.guard.begin(type);
    let old: Ref;
    try {
      // Before, so that from here nobody finds the old value in the cache while others find the new one in the dict.
      this.modified(type);
      old = this.dicts.get(dict, name);
      // Where there is an old value, this takes no memory, and cannot fail.
      this.dicts.set(dict, name, value);
    } finally {
      // And after: where the dict's lock was waited for, the type's was free meanwhile, and somebody may have given the
      // type a version (gh-132942).
      this.modified(type);
      this.guard.end(token);
      this.refs.decref(dict);
    }
    if (old !== 0) this.dropOld(old);
  }

  /** The attribute of the type itself, a new reference; 0 if it has none. */
  lookup(type: Ref, name: Ref): Ref {
    const dict = this.atomics.load(type + TypeObject.Dict);
    return dict === 0 ? 0 : this.dicts.get(dict, name);
  }

  /**
   * As `lookup`, a stack reference: not counted if the value has deferred counts (CPython 3.14
   * `_PyType_LookupStackRefAndVersion`). Ends with `Calls.close`, or a call steals it.
   */
  lookupStack(type: Ref, name: Ref): Ref {
    return this.settle(this.lookup(type, name));
  }

  /**
   * As `lookupStack`, for operations that look past the object (CPython `_PyObject_LookupSpecialMethod`): `__enter__`,
   * `__round__`. Throws TypeError if the type has no such attribute.
   */
  lookupSpecial(type: Ref, name: Ref): Ref {
    const found = this.lookupStack(type, name);
    return found !== 0 ? found : this.missing(type, name);
  }

  /**
   * The version of the type's attributes, for an inline cache: what was looked up behind this holds while the type
   * shows the same version. 0: it has none that could be relied on. The lock is for giving it one.
   */
  version(type: Ref): number {
    const known = this.atomics.load(type + TypeObject.Version);
    if (known !== 0) return known;
    const token = this.guard.begin(type);
    const version = this.versionLocked(type);
    this.guard.end(token);
    return version;
  }

  /** End of a run, by one thread: built-in types lose the attributes that programs gave them. */
  releaseBuiltins(): void {
    const heap = this.i32;
    for (let type: Ref = BuiltinType.Type; type < BuiltinType.End; type += BuiltinType.Words) {
      const dict = heap[type + TypeObject.Dict];
      if (dict === 0) continue;
      this.modified(type);
      this.atomics.store(type + TypeObject.Dict, 0);
      this.refs.decref(dict);
    }
  }

  /** A new reference becomes one of the stack's. */
  protected settle(value: Ref): Ref {
    if (value !== 0 && this.refs.isDeferred(value)) this.refs.decref(value);
    return value;
  }

  /** Under the type's guard: its version, a new one if it has none; 0 if it may have no more. */
  protected versionLocked(type: Ref): number {
    const heap = this.i32;
    const known = heap[type + TypeObject.Version];
    if (known !== 0) return known;
    if (heap[type + TypeObject.VersionsUsed] >= Versions.PerType) return 0;
    if (this.atomics.load(Control.NextTypeVersion) >= Versions.Last) return 0;
    heap[type + TypeObject.VersionsUsed]++;
    const version = this.atomics.add(Control.NextTypeVersion, 1) + 1;
    this.atomics.store(type + TypeObject.Version, version);
    return version;
  }

  // --- Steps ---

  /** Under the type's guard. Caches that know the old version know nothing (CPython `PyType_Modified`). */
  protected modified(type: Ref): void {
    this.atomics.store(type + TypeObject.Version, 0);
  }

  protected dropOld(value: Ref): void {
    this.allocator.decrefDelayed(value);
  }

  /** The type's dict, borrowed; made when the first attribute is set, and the type keeps it. */
  private dictOf(type: Ref): Ref {
    const known = this.atomics.load(type + TypeObject.Dict);
    if (known !== 0) return known;
    const made = this.dicts.create();
    const other = this.atomics.compareExchange(type + TypeObject.Dict, 0, made);
    if (other === 0) return made;
    this.refs.decref(made);
    return other;
  }

  private missing(type: Ref, name: Ref): never {
    const typeName = this.strings.text(this.i32[type + TypeObject.Name]);
    throw new PythonError('TypeError', `type ${typeName} doesn't define ${this.strings.text(name)} method`);
  }
}
