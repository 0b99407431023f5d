import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError, PythonError } from '../memory/errors.js';
import {
  BuiltinType,
  DictKeys,
  DictKeysKind,
  DictLimits,
  GcBits,
  Header,
  HeapTag,
  InstanceObject,
  PreHeader,
  StrObject,
  TypeFlags,
  TypeKind,
  TypeObject,
} from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';
import { initKeys, KeyTables } from './dictKeys.js';
import type { Dicts } from './dicts.js';
import type { GcHeap } from './gcHeap.js';
import type { Guard } from './guard.js';
import type { LifeEnd } from './lifeEnd.js';
import type { Strings } from './strings.js';

/** Attributes that instances have from their class. */
export interface ClassAttributes {
  /** A new reference, 0 if the class has none. */
  lookup(type: Ref, name: Ref): Ref;
  /** A new bound method of both, borrowed. */
  bind(func: Ref, self: Ref): Ref;
}

/** `PreHeader.Dict` besides 0 and addresses. */
export const enum ManagedDict {
  /** Under the guard: the values are about to be in a dict, and no longer all where they were. */
  Moving = 1,
}

/**
 * Classes, and instances with inline values (CPython `Objects/typeobject.c`, `dictobject.c`): the names are in
 * one split key table of the class, the values behind the header of each instance, in the order of that table.
 *
 * `__dict__` is made when it is first asked for. CPython's shares the inline values then, where it can; here they
 * move into an ordinary dict, and from then on the instance has no values of its own.
 *
 * This class reads and writes under the build's guard on the instance; `LockFreeInstances` adds what the
 * free-threaded build does. Attribute names are interned strings, compared by identity. Methods take borrowed
 * references and return new ones; attached threads only.
 */
export class Instances {
  protected readonly i32: Int32Array;
  protected readonly refs: RefCounter;
  protected readonly guard: Guard;
  private readonly i8: Int8Array;
  protected readonly atomics: AtomicOps;
  protected readonly allocator: Allocator;
  private readonly gcHeap: GcHeap;
  private readonly mutex: Mutex;
  private readonly strings: Strings;
  private readonly tables: KeyTables;
  /** Set once by the composition. */
  classes!: ClassAttributes;

  constructor(
    context: ObjectContext,
    strings: Strings,
    private readonly dicts: Dicts,
    private readonly lifeEnd: LifeEnd,
  ) {
    this.i32 = context.i32;
    this.i8 = context.memory.i8;
    this.atomics = context.atomics;
    this.refs = context.refs;
    this.guard = context.guard;
    this.allocator = context.allocator;
    this.gcHeap = context.gcHeap;
    this.mutex = context.mutex;
    this.strings = strings;
    this.tables = new KeyTables(context);
  }

  /**
   * A class. `attributes`: the names that `__init__` sets, in its order. `init`: its function or 0. `capacity`:
   * values that an instance has room for, at most 30; by default what fits into the block that the names need, or
   * 30 if none are given (as CPython, which learns the size from the first instances).
   *
   * A new reference, also where classes have deferred counts and are counted per thread (CPython `uniqueid.c`), so
   * that making an instance does not touch a word that all threads write. Such a class ends with the run, at the
   * earliest. Throws ValueError for names that do not fit, MemoryError.
   */
  createType(
    name: string,
    attributes: readonly string[],
    init: Ref,
    capacity = room(attributes.length),
  ): Ref {
    if (!(attributes.length <= capacity && capacity <= DictLimits.SharedKeysMax)) {
      throw new PythonError(
        'ValueError',
        `class ${name}: ${attributes.length} attributes, room for ${capacity}, at most ${DictLimits.SharedKeysMax}`,
      );
    }
    const heap = this.i32;
    const names = attributes.map((attribute) => this.strings.intern(attribute));
    const typeName = this.strings.intern(name);
    const keys = this.allocator.alloc(SplitKeys.Words, HeapTag.Mem);
    const type = this.allocateType(keys);
    initKeys(heap, keys, DictLimits.SharedKeysLog2, DictKeysKind.Split, DictLimits.SharedKeysMax);
    heap[keys + DictKeys.Mutex] = 0;
    heap[keys + DictKeys.Usable] = capacity;
    this.refs.init(type, BuiltinType.Type, GcBits.Tracked);
    heap[type + TypeObject.Kind] = TypeKind.Instance;
    heap[type + TypeObject.Name] = typeName;
    heap[type + TypeObject.BasicWords] = InstanceObject.Values;
    heap[type + TypeObject.Flags] = TypeFlags.HaveGc | TypeFlags.PreHeader;
    heap[type + TypeObject.SharedKeys] = keys;
    heap[type + TypeObject.Init] = init;
    heap[type + TypeObject.InlineCapacity] = capacity;
    heap[type + TypeObject.Finalize] = 0;
    heap[type + TypeObject.Weakrefs] = 0;
    heap[type + TypeObject.Dict] = 0;
    heap[type + TypeObject.Version] = 0;
    heap[type + TypeObject.VersionsUsed] = 0;
    heap[type + TypeObject.UniqueId] = this.refs.assignUniqueId(type);
    if (init !== 0) this.refs.incref(init);
    for (const interned of names) this.addName(type, interned);
    this.gcHeap.track(type);
    return type;
  }

  /**
   * Gives a class its `__del__`: a function of one argument, borrowed; 0 takes it away. It runs once for each instance,
   * by whichever thread drops the last reference or collects it, and may make it reachable again; what it throws is
   * reported. `legacy`: as `tp_del` of old extension types: runs each time, after the weak references are cleared, and
   * no collector frees a cycle with such an instance. Before there are instances, by the thread that made the class.
   */
  setFinalizer(type: Ref, finalizer: Ref, legacy = false): void {
    const heap = this.i32;
    const old = heap[type + TypeObject.Finalize];
    const flags = heap[type + TypeObject.Flags] & ~TypeFlags.LegacyFinalizer;
    if (finalizer !== 0) this.refs.incref(finalizer);
    heap[type + TypeObject.Finalize] = finalizer;
    heap[type + TypeObject.Flags] = legacy && finalizer !== 0 ? flags | TypeFlags.LegacyFinalizer : flags;
    if (old !== 0) this.refs.decref(old);
  }

  /** An instance without attributes; `__init__` is not called. Throws MemoryError. */
  create(type: Ref): Ref {
    const heap = this.i32;
    const capacity = heap[type + TypeObject.InlineCapacity];
    const object = this.gcHeap.allocPre(InstanceObject.Values + capacity);
    for (let word = object - PreHeader.Words; word < object; word++) heap[word] = 0;
    this.refs.increfUnique(type, heap[type + TypeObject.UniqueId]);
    this.refs.init(object, type, GcBits.Tracked);
    const end = object + InstanceObject.Values + capacity;
    for (let word = object + InstanceObject.ValuesUsed; word < end; word++) heap[word] = 0;
    this.gcHeap.track(object);
    return object;
  }

  /** object.name: the instance's own, else the class's, a function of which becomes a bound method. Throws AttributeError. */
  getAttr(object: Ref, name: Ref): Ref {
    const value = this.getOwn(object, name);
    return value !== 0 ? value : this.getFromClass(object, name);
  }

  /** The attribute that the instance itself has, a new reference; 0 if it has none. */
  getOwn(object: Ref, name: Ref): Ref {
    const index = this.slotIndex(this.i32[object + Header.Type], name);
    return index < 0 ? this.getFromDict(object, name) : this.getSlot(object, index);
  }

  /**
   * object.name = value. A name that is new to the class is added to the shared keys, if the instance has no dict.
   * Throws AttributeError when the instances have no room for it.
   */
  setAttr(object: Ref, name: Ref, value: Ref): void {
    const type = this.i32[object + Header.Type];
    let index = this.slotIndex(type, name);
    if (index < 0 && this.setInDict(object, name, value)) return;
    if (index < 0) index = this.addName(type, name);
    if (index < 0) this.full(type, name);
    this.setSlot(object, index, value);
  }

  /** object.__dict__, made of the values if there is none yet. Throws MemoryError; nothing has changed then. */
  dictOf(object: Ref): Ref {
    const dict = this.takeDict(object);
    return dict !== 0 ? dict : this.materialise(object);
  }

  /**
   * object.__dict__ = dict. Who reads an attribute without a lock may have the old dict's address and no count yet,
   * so the instance's reference is dropped after a grace period (CPython `_PyObject_SetManagedDict`). The caller
   * holds no borrowed pointer. Throws MemoryError; nothing has changed then.
   */
  setDict(object: Ref, dict: Ref): void {
    // The values that the instance still has go with the dict that it has never been asked for.
    this.refs.decref(this.dictOf(object));
    this.refs.incref(dict);
    const token = this.guard.begin(object);
    const old = this.i32[object + PreHeader.Dict];
    this.storeDict(object, dict);
    this.guard.end(token);
    this.dropDict(old);
  }

  /**
   * The place of an attribute in the instances of a class, -1 if none has it yet; never changes. Reads without a
   * lock in every build (declared racy reads): names are only ever added, an index goes from empty to its entry, a
   * name from 0 to itself; seen in the middle of that, the name is not there yet.
   */
  slotIndex(type: Ref, name: Ref): number {
    const heap = this.i32;
    const indices = (heap[type + TypeObject.SharedKeys] + DictKeys.Indices) << 2;
    const entries = heap[type + TypeObject.SharedKeys] + SplitKeys.FirstEntry;
    const hash = heap[name + StrObject.Hash];
    let perturb = hash;
    let position = hash & SplitKeys.Mask;
    for (;;) {
      const index = this.i8[indices + position];
      if (index === DictLimits.Empty) return -1;
      if (heap[entries + index] === name) return index;
      perturb >>>= DictLimits.PerturbShift;
      position = (position * 5 + perturb + 1) & SplitKeys.Mask;
    }
  }

  /** The value at a place (CPython `LOAD_ATTR_INSTANCE_VALUE`), 0 if it was never set. */
  getSlot(object: Ref, index: number): Ref {
    const heap = this.i32;
    const token = this.guard.begin(object);
    const value = heap[object + InstanceObject.Values + index];
    if (value !== 0) this.refs.newRefWithLock(value);
    const hasDict = heap[object + PreHeader.Dict] !== 0;
    this.guard.end(token);
    return value !== 0 || !hasDict ? value : this.getFromDict(object, this.nameAt(object, index));
  }

  /** Sets the value at a place (CPython `STORE_ATTR_INSTANCE_VALUE`). */
  setSlot(object: Ref, index: number, value: Ref): void {
    const token = this.guard.begin(object);
    const heap = this.i32;
    if (heap[object + PreHeader.Dict] !== 0) {
      this.guard.end(token);
      this.setInDict(object, this.nameAt(object, index), value);
      return;
    }
    const slot = object + InstanceObject.Values + index;
    const old = heap[slot];
    this.refs.incref(value);
    this.storeValue(object, slot, value);
    if (old === 0) heap[object + InstanceObject.ValuesUsed]++;
    this.guard.end(token);
    if (old !== 0) this.refs.decref(old);
  }

  /**
   * The last reference is gone: finaliser, weak references and their callbacks, then values, dict and class, in CPython's
   * order (`subtype_dealloc`). Declared racy read of the list of weak references: see `Weakrefs.clearDead`.
   */
  dealloc(object: Ref): void {
    const heap = this.i32;
    if (heap[heap[object + Header.Type] + TypeObject.Finalize] !== 0) {
      if (!this.finalizeDying(object)) return;
    } else {
      this.gcHeap.untrack(object);
      if (heap[object + PreHeader.Weakrefs] !== 0) this.lifeEnd.weakrefs.clearDead(object);
    }
    this.deallocValues(object);
  }

  /** False: the finaliser has made the object reachable again. */
  private finalizeDying(object: Ref): boolean {
    const { finalizers, weakrefs } = this.lifeEnd;
    if (!finalizers.finalizeDying(object)) return false;
    this.gcHeap.untrack(object);
    weakrefs.clearDead(object);
    if (!finalizers.deleteDying(object)) return false;
    weakrefs.clearSilently(object);
    return true;
  }

  /** Frees the block. No reader can exist. */
  private deallocValues(object: Ref): void {
    const heap = this.i32;
    const type = heap[object + Header.Type];
    const dict = heap[object + PreHeader.Dict];
    if (dict !== 0) this.refs.decref(dict);
    const first = object + InstanceObject.Values;
    const end = first + heap[type + TypeObject.InlineCapacity];
    for (let slot = first; slot < end; slot++) {
      const value = heap[slot];
      if (value !== 0) this.refs.decref(value);
    }
    this.refs.decrefUnique(type, heap[type + TypeObject.UniqueId]);
    this.gcHeap.freePre(object);
  }

  /** The last reference to a class is gone, hence its last instance: nobody looks into the keys. */
  deallocType(type: Ref): void {
    this.gcHeap.untrack(type);
    const heap = this.i32;
    this.lifeEnd.weakrefs.clearDead(type);
    const dict = this.clearTypeButDict(type);
    if (dict !== 0) this.refs.decref(dict);
    this.allocator.free(heap[type + TypeObject.SharedKeys], HeapTag.Mem);
    this.gcHeap.free(type);
  }

  /**
   * tp_clear of a class: drops `__init__`, `__del__` and its attributes. The caller holds a reference. Somebody may just have
   * read the dict's address, and not counted it: see `endVersions`.
   */
  clearType(type: Ref): void {
    const dict = this.clearTypeButDict(type);
    if (dict !== 0) this.allocator.decrefDelayed(dict);
  }

  /** The dict, whose reference is the caller's now; 0 if there was none. */
  private clearTypeButDict(type: Ref): Ref {
    const heap = this.i32;
    const init = heap[type + TypeObject.Init];
    const finalizer = heap[type + TypeObject.Finalize];
    heap[type + TypeObject.Init] = 0;
    heap[type + TypeObject.Finalize] = 0;
    const dict = heap[type + TypeObject.Dict];
    this.atomics.store(type + TypeObject.Version, 0);
    this.atomics.store(type + TypeObject.Dict, 0);
    if (init !== 0) this.refs.decref(init);
    if (finalizer !== 0) this.refs.decref(finalizer);
    return dict;
  }

  /** tp_clear: drops values and dict; the class stays. The caller holds a reference. */
  clearObject(object: Ref): void {
    const heap = this.i32;
    const token = this.guard.begin(object);
    const dict = heap[object + PreHeader.Dict];
    if (dict !== 0) this.storeDict(object, 0);
    const first = object + InstanceObject.Values;
    const end = first + heap[heap[object + Header.Type] + TypeObject.InlineCapacity];
    const values: Ref[] = [];
    for (let slot = first; slot < end; slot++) {
      if (heap[slot] === 0) continue;
      values.push(heap[slot]);
      this.storeValue(object, slot, 0);
    }
    heap[object + InstanceObject.ValuesUsed] = 0;
    this.guard.end(token);
    if (dict !== 0) this.dropDict(dict);
    for (const value of values) this.refs.decref(value);
  }

  // --- `__dict__` ---

  /** The instance's dict, a new reference; 0 if it has none. It never loses it again. */
  protected takeDict(object: Ref): Ref {
    const token = this.guard.begin(object);
    const dict = this.i32[object + PreHeader.Dict];
    if (dict !== 0) this.refs.incref(dict);
    this.guard.end(token);
    return dict;
  }

  /** 0 if there is no dict, or the name is not in it. */
  protected getFromDict(object: Ref, name: Ref): Ref {
    const dict = this.takeDict(object);
    if (dict === 0) return 0;
    try {
      return this.dicts.get(dict, name);
    } finally {
      this.refs.decref(dict);
    }
  }

  /** False if there is no dict. */
  private setInDict(object: Ref, name: Ref, value: Ref): boolean {
    const dict = this.takeDict(object);
    if (dict === 0) return false;
    try {
      this.dicts.set(dict, name, value);
    } finally {
      this.refs.decref(dict);
    }
    return true;
  }

  /** The name of the place, borrowed from the class. Declared racy read: names are only ever added. */
  protected nameAt(object: Ref, index: number): Ref {
    const heap = this.i32;
    return heap[heap[heap[object + Header.Type] + TypeObject.SharedKeys] + SplitKeys.FirstEntry + index];
  }

  private materialise(object: Ref): Ref {
    const heap = this.i32;
    const dict = this.dicts.create();
    const token = this.guard.begin(object);
    const other = heap[object + PreHeader.Dict];
    if (other !== 0) {
      // Another thread was faster.
      this.refs.incref(other);
      this.guard.end(token);
      this.refs.decref(dict);
      return other;
    }
    try {
      this.copyValues(object, dict);
    } catch (error) {
      this.guard.end(token);
      this.refs.decref(dict);
      throw error;
    }
    this.showDict(object, dict);
    this.guard.end(token);
    return dict;
  }

  /** Under the guard. The dict is nobody else's: its own guard is free. */
  private copyValues(object: Ref, dict: Ref): void {
    const heap = this.i32;
    const capacity = heap[heap[object + Header.Type] + TypeObject.InlineCapacity];
    for (let index = 0; index < capacity; index++) {
      const value = heap[object + InstanceObject.Values + index];
      if (value !== 0) this.dicts.set(dict, this.nameAt(object, index), value);
    }
  }

  /**
   * Under the guard. The values go before the dict is there: who still found one afterwards could miss what
   * somebody has set in the dict meanwhile. Who finds none looks whether they are just moving.
   */
  protected showDict(object: Ref, dict: Ref): void {
    this.storeDict(object, ManagedDict.Moving);
    this.clearValues(object);
    this.refs.incref(dict);
    this.storeDict(object, dict);
  }

  /** Under the guard. The dict has a reference to each, so none of them dies here. */
  protected clearValues(object: Ref): void {
    const heap = this.i32;
    const end = object + InstanceObject.Values + heap[heap[object + Header.Type] + TypeObject.InlineCapacity];
    for (let slot = object + InstanceObject.Values; slot < end; slot++) {
      const value = heap[slot];
      if (value === 0) continue;
      this.storeValue(object, slot, 0);
      this.refs.decref(value);
    }
    heap[object + InstanceObject.ValuesUsed] = 0;
  }

  /** Gives up the reference to a dict that the instance has had. */
  protected dropDict(dict: Ref): void {
    this.allocator.decrefDelayed(dict);
  }

  // --- Steps ---

  /** Shows the dict to readers that take no lock. */
  protected storeDict(object: Ref, dict: Ref): void {
    this.i32[object + PreHeader.Dict] = dict;
  }

  /** Shows a value to readers that take no lock. */
  protected storeValue(_object: Ref, slot: number, value: Ref): void {
    this.i32[slot] = value;
  }

  /**
   * Appends a name to the keys of a class (CPython `insert_split_key`); its place, or -1 if there is no room. The
   * keys' mutex is a leaf lock. `Entries` grows before `Usable` shrinks, so that whoever reads them in the
   * opposite order never finds their sum too small (D25).
   */
  private addName(type: Ref, name: Ref): number {
    if (!this.strings.isInterned(name)) throw new FatalError('the name of an attribute must be interned');
    const heap = this.i32;
    const keys = heap[type + TypeObject.SharedKeys];
    const byte = (keys + DictKeys.Mutex) << 2;
    this.mutex.lock(byte, false);
    let index = this.slotIndex(type, name);
    if (index < 0 && heap[keys + DictKeys.Usable] > 0) {
      index = heap[keys + DictKeys.Entries];
      const position = this.tables.emptyPosition(keys, heap[name + StrObject.Hash]);
      this.tables.publishIndex(keys, DictLimits.SharedKeysLog2, position, index);
      this.atomics.store(keys + SplitKeys.FirstEntry + index, name);
      this.atomics.store(keys + DictKeys.Entries, index + 1);
      this.atomics.store(keys + DictKeys.Usable, heap[keys + DictKeys.Usable] - 1);
    }
    this.mutex.unlock(byte);
    return index;
  }

  private allocateType(keys: number): Ref {
    try {
      return this.gcHeap.alloc(TypeObject.Words);
    } catch (error) {
      this.allocator.free(keys, HeapTag.Mem);
      throw error;
    }
  }

  private getFromClass(object: Ref, name: Ref): Ref {
    const type = this.i32[object + Header.Type];
    const value = this.i32[type + TypeObject.Dict] === 0 ? 0 : this.classes.lookup(type, name);
    if (value === 0) return this.missing(object, name);
    if (this.i32[value + Header.Type] !== BuiltinType.Function) return value;
    try {
      return this.classes.bind(value, object);
    } finally {
      this.refs.decref(value);
    }
  }

  private missing(object: Ref, name: Ref): never {
    const type = this.strings.text(this.i32[this.i32[object + Header.Type] + TypeObject.Name]);
    throw new PythonError('AttributeError', `'${type}' object has no attribute '${this.strings.text(name)}'`);
  }

  private full(type: Ref, name: Ref): never {
    const typeName = this.strings.text(this.i32[type + TypeObject.Name]);
    const capacity = this.i32[type + TypeObject.InlineCapacity];
    throw new PythonError(
      'AttributeError',
      `'${typeName}' objects have room for ${capacity} attributes, none is left for '${this.strings.text(name)}'`,
    );
  }
}

/** The one size of split tables: 64 slots of a byte, 30 entries. */
const enum SplitKeys {
  Mask = (1 << DictLimits.SharedKeysLog2) - 1,
  FirstEntry = DictKeys.Indices + (1 << (DictLimits.SharedKeysLog2 - 2)),
  Words = FirstEntry + DictLimits.SharedKeysMax,
}

/** Values that fit into the block for `names` of them: blocks are multiples of four words. */
function room(names: number): number {
  if (names === 0) return DictLimits.SharedKeysMax;
  const fixed = PreHeader.Words + InstanceObject.Values;
  return Math.min(DictLimits.SharedKeysMax, ((fixed + names + 3) & ~3) - fixed);
}
