import { PythonError } from '../memory/errors.js';
import { BuiltinType, Header, TypeObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { FunctionHandle } from './callHandles.js';
import { Handle, type HandleThread, type Value } from './handle.js';

/** What a class may have besides its attributes; see `Thread.class`. */
export interface ClassOptions {
  /** `__init__`: called with the new instance, and with the argument of `create` if there is one. */
  readonly init?: FunctionHandle;
  /**
   * `__del__`: called once with each instance when its last reference is gone, or a collector has found it. May make
   * it reachable again. What it throws is reported with the run.
   */
  readonly finalizer?: FunctionHandle;
  /** The finaliser is one of old extension types (`tp_del`): a cycle with an instance is never freed. */
  readonly legacyFinalizer?: boolean;
}

/** A class. */
export class ClassHandle extends Handle {
  get name(): string {
    return this.t.strings.text(this.t.i32[this.live() + TypeObject.Name]);
  }

  /** A new instance, `init` called with it and the arguments, one at most. Throws what `init` throws; MemoryError. */
  create(...args: Value[]): InstanceHandle {
    const { t } = this;
    const type = this.live();
    if (t.i32[type + Header.Type] !== BuiltinType.Type || t.i32[type + TypeObject.SharedKeys] === 0) {
      throw new PythonError('TypeError', `cannot create '${this.name}' instances`);
    }
    const init = t.i32[type + TypeObject.Init];
    if (args.length > 1 || (args.length > 0 && init === 0)) {
      throw new PythonError(
        'TypeError',
        `${this.name}() takes ${init === 0 ? 'no' : 'at most one'} argument`,
      );
    }
    const instance = t.handles.adopt(t.instances.create(type)) as InstanceHandle;
    if (init !== 0) this.initialise(init, instance, args);
    return instance;
  }

  private initialise(init: Ref, instance: Handle, args: readonly Value[]): void {
    const { calls, handles, refs } = this.t;
    const passed = handles.toRefs([instance, ...args]);
    calls.open(init);
    const [self, argument] = passed;
    const result: Ref | undefined =
      passed.length === 1 ? calls.call1(init, self) : calls.call2(init, self, argument);
    if (result !== undefined) refs.decref(result);
  }
}

/** An instance of a class of the program's. */
export class InstanceHandle extends Handle {
  /** object.name. Throws AttributeError. */
  get(name: string): Value {
    const { t } = this;
    return t.handles.take(t.instances.getAttr(this.live(), t.strings.intern(name)));
  }

  /** object.name = value. Throws AttributeError if the class has no room for it. */
  set(name: string, value: Value): void {
    const { t } = this;
    const ref = t.handles.toRef(value);
    try {
      t.instances.setAttr(this.live(), t.strings.intern(name), ref);
    } finally {
      t.refs.decref(ref);
    }
  }

  /** object.__dict__, a `DictHandle`. From here the attributes are in it. */
  dict(): Handle {
    return this.t.handles.adopt(this.t.instances.dictOf(this.live()));
  }
}

/** weakref.ref. */
export class WeakrefHandle extends Handle {
  /** The object; null when it is dead. */
  get(): Handle | null {
    const object = this.t.weakrefs.get(this.live());
    return object === 0 ? null : this.t.handles.adopt(object);
  }

  /** Whether the weakrefs are equal: to one object while that lives, else the same. */
  equals(other: WeakrefHandle): boolean {
    return this.t.hashing.equal(this.live(), refOf(other));
  }
}

/** weakref.WeakKeyDictionary, weakref.WeakValueDictionary: entries go when their key, or value, dies. */
export class WeakDictHandle extends Handle {
  /** Entries; one that is dying in another thread may still count. */
  get size(): number {
    return this.t.weakDicts.length(this.live());
  }

  /** dict.get(key): undefined when missing. */
  get(key: Value): Value | undefined {
    return this.withKey(key, (dict, name) => {
      const found = this.t.weakDicts.get(dict, name);
      return found === 0 ? undefined : this.t.handles.take(found);
    });
  }

  has(key: Value): boolean {
    return this.withKey(key, (dict, name) => {
      const found = this.t.weakDicts.get(dict, name);
      if (found !== 0) this.t.refs.decref(found);
      return found !== 0;
    });
  }

  /** dict[key] = value. Throws TypeError for a key, or value, that allows no weak references. */
  set(key: Value, value: Value): void {
    const { handles, refs, weakDicts } = this.t;
    const [name, item] = handles.toRefs([key, value]);
    try {
      weakDicts.set(this.live(), name, item);
    } finally {
      refs.decref(name);
      refs.decref(item);
    }
  }

  /** Returns whether there was such an entry. */
  delete(key: Value): boolean {
    return this.withKey(key, (dict, name) => this.t.weakDicts.delete(dict, name));
  }

  clear(): void {
    this.t.weakDicts.clear(this.live());
  }

  /** What is alive now, in insertion order. The handles keep it alive. */
  entries(): [key: Value, value: Value][] {
    const { handles } = this.t;
    return this.t.weakDicts
      .entries(this.live())
      .map(([key, value]) => [handles.take(key), handles.take(value)]);
  }

  private withKey<T>(key: Value, body: (dict: Ref, name: Ref) => T): T {
    const name = this.t.handles.toRef(key);
    try {
      return body(this.live(), name);
    } finally {
      this.t.refs.decref(name);
    }
  }
}

/** The reference of a handle; throws TypeError for what is none, ValueError if it has been given back. */
export function refOf(handle: Handle): Ref {
  if (!(handle instanceof Handle)) {
    throw new PythonError('TypeError', `a handle is wanted here, not a ${typeof handle}`);
  }
  if (handle.ref !== 0) return handle.ref;
  throw new PythonError('ValueError', 'this handle was released at the end of its scope');
}

/** As `refOf` of a function or method that the runtime is to call. */
function callableOf(handle: FunctionHandle | undefined): Ref {
  if (handle === undefined) return 0;
  if (handle instanceof FunctionHandle) return refOf(handle);
  throw new PythonError('TypeError', 'what is to be called must come from t.function or t.method');
}

/** Makes what `Thread` offers under the same names. One a thread. */
export class ObjectFactory {
  constructor(private readonly t: HandleThread) {}

  class(name: string, attributes: readonly string[], options: ClassOptions): ClassHandle {
    const { init, finalizer, legacyFinalizer = false } = options;
    const { instances, handles } = this.t;
    const del = callableOf(finalizer);
    const type = instances.createType(name, attributes, callableOf(init));
    const handle = handles.adopt(type) as ClassHandle;
    if (del !== 0) instances.setFinalizer(type, del, legacyFinalizer);
    return handle;
  }

  weakref(object: Handle, callback?: FunctionHandle): WeakrefHandle {
    const { weakrefs, handles } = this.t;
    const weakref = weakrefs.create(refOf(object), callableOf(callback));
    return handles.adopt(weakref) as WeakrefHandle;
  }

  weakrefs(object: Handle): WeakrefHandle[] {
    return this.t.weakrefs.list(refOf(object)).map((ref) => this.t.handles.adopt(ref) as WeakrefHandle);
  }
}
