import { PythonError } from '../memory/errors.js';
import { BuiltinType, Control, Header, TypeKind, TypeObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { FunctionHandle, MethodHandle } from './callHandles.js';
import { Handle, type Handles, type HandleThread, type Value } from './handle.js';
import { ClassHandle, InstanceHandle, WeakDictHandle, WeakrefHandle } from './objectHandles.js';

/** A shared list. */
export class ListHandle extends Handle {
  get length(): number {
    return this.t.lists.length(this.live());
  }
  /** list[index]; negative counts from the end. Throws IndexError. */
  get(index: number): Value {
    return this.t.handles.take(this.t.lists.get(this.live(), checkIndex(index)));
  }
  /** list[index] = value; negative counts from the end. Throws IndexError. */
  set(index: number, value: Value): void {
    checkIndex(index);
    const item = this.t.handles.toRef(value);
    try {
      this.t.lists.set(this.live(), index, item);
    } finally {
      this.t.refs.decref(item);
    }
  }
  append(value: Value): void {
    const item = this.t.handles.toRef(value);
    try {
      this.t.lists.append(this.live(), item);
    } finally {
      this.t.refs.decref(item);
    }
  }
  /** Removes and returns the last item. Throws IndexError. */
  pop(): Value {
    return this.t.handles.take(this.t.lists.pop(this.live()));
  }
  extend(other: ListHandle): void {
    this.t.lists.extend(this.live(), other.live());
  }
  clear(): void {
    this.t.lists.clear(this.live());
  }
  /** A copy of what the list holds now; other threads may change it meanwhile. */
  toArray(): Value[] {
    const values: Value[] = [];
    for (let i = 0; i < this.length; i++) {
      try {
        values.push(this.get(i));
      } catch (error) {
        if (error instanceof PythonError && error.kind === 'IndexError') break;
        throw error;
      }
    }
    return values;
  }
}

/** A shared dict. */
export class DictHandle extends Handle {
  get size(): number {
    return this.t.dicts.length(this.live());
  }
  /** dict.get(key): undefined when missing. */
  get(key: Value): Value | undefined {
    const name = this.t.handles.toRef(key);
    try {
      const found = this.t.dicts.get(this.live(), name);
      return found === 0 ? undefined : this.t.handles.take(found);
    } finally {
      this.t.refs.decref(name);
    }
  }
  set(key: Value, value: Value): void {
    const [name, item] = this.t.handles.toRefs([key, value]);
    try {
      this.t.dicts.set(this.live(), name, item);
    } finally {
      this.t.refs.decref(name);
      this.t.refs.decref(item);
    }
  }
  has(key: Value): boolean {
    const name = this.t.handles.toRef(key);
    try {
      return this.t.dicts.contains(this.live(), name);
    } finally {
      this.t.refs.decref(name);
    }
  }
  /** del dict[key]. Throws KeyError. */
  delete(key: Value): void {
    const name = this.t.handles.toRef(key);
    try {
      this.t.dicts.del(this.live(), name);
    } finally {
      this.t.refs.decref(name);
    }
  }
}

/** An immutable tuple. */
export class TupleHandle extends Handle {
  get length(): number {
    return this.t.tuples.length(this.live());
  }
  /** tuple[index]; negative counts from the end. Throws IndexError. */
  get(index: number): Value {
    return this.t.handles.take(this.t.tuples.get(this.live(), checkIndex(index)));
  }
}

/** threading.Lock. */
export class LockHandle extends Handle {
  acquire(): void {
    this.t.locks.acquire(this.live());
  }
  unlock(): void {
    this.t.locks.release(this.live());
  }
  /** `with lock: body()`. */
  with<T>(body: () => T): T {
    this.acquire();
    try {
      return body();
    } finally {
      this.unlock();
    }
  }
}

/** The scoped handles of one thread. */
export class HandleSpace implements Handles {
  private scope: Handle[] = [];

  constructor(private readonly t: HandleThread) {}

  /** Runs the body; handles made in it are released at its end. */
  run<T>(body: () => T): T {
    const outer = this.scope;
    const inner: Handle[] = [];
    this.scope = inner;
    try {
      return body();
    } finally {
      this.scope = outer;
      for (let i = inner.length - 1; i >= 0; i--) inner[i].release();
    }
  }

  /**
   * Enters a handle into the current scope, and its reference into the table of roots. Steals the reference, also when
   * it throws MemoryError.
   */
  adopt(ref: Ref): Handle {
    const root = this.enter(ref);
    const handle = this.wrap(ref);
    handle.root = root;
    this.scope.push(handle);
    return handle;
  }

  /**
   * A handle on a reference that somebody else keeps alive: it counts nothing, no scope releases it, and it is no root
   * of a collector, for that finds the object where the somebody has it.
   */
  borrow(ref: Ref): Handle {
    return this.wrap(ref);
  }

  /** A handle that was released early; if it is the newest of its scope, the scope need not remember it. */
  forget(handle: Handle): void {
    const scope = this.scope;
    if (scope[scope.length - 1] === handle) scope.pop();
    if (handle.root >= 0) this.t.roots.remove(handle.root);
  }

  /** A value for JavaScript from a new reference, which it steals. */
  take(ref: Ref): Value {
    const { t } = this;
    switch (t.i32[ref + Header.Type]) {
      case BuiltinType.None:
        t.refs.decref(ref);
        return null;
      case BuiltinType.Bool:
        t.refs.decref(ref);
        return ref === Control.True;
      case BuiltinType.Int:
      case BuiltinType.Float: {
        const value = t.numbers.value(ref);
        t.refs.decref(ref);
        return value;
      }
      case BuiltinType.Str: {
        const text = t.strings.text(ref);
        t.refs.decref(ref);
        return text;
      }
      default:
        return this.adopt(ref);
    }
  }

  /** A new reference for a value of JavaScript: integers become int, other numbers float. */
  toRef(value: Value): Ref {
    const { t } = this;
    if (value instanceof Handle) {
      if (value.ref === 0)
        throw new PythonError('ValueError', 'this handle was released at the end of its scope');
      t.refs.incref(value.ref);
      return value.ref;
    }
    switch (typeof value) {
      case 'number':
        return Number.isSafeInteger(value) ? t.numbers.int(value) : t.numbers.float(value);
      case 'string':
        return t.strings.create(value);
      case 'boolean':
        return t.refs.newStatic(value ? Control.True : Control.False);
      default:
        if (value === null) return t.refs.newStatic(Control.None);
        throw new PythonError(
          'TypeError',
          `a ${typeof value} cannot be shared; numbers, strings, booleans, null can`,
        );
    }
  }

  /** As `toRef` for several: all of them, or an error and none. */
  toRefs(values: readonly Value[]): Ref[] {
    const refs: Ref[] = [];
    try {
      for (const value of values) refs.push(this.toRef(value));
    } catch (error) {
      for (const ref of refs) this.t.refs.decref(ref);
      throw error;
    }
    return refs;
  }

  private enter(ref: Ref): number {
    try {
      return this.t.roots.add(ref);
    } catch (error) {
      this.t.refs.decref(ref);
      throw error;
    }
  }

  private wrap(ref: Ref): Handle {
    const heap = this.t.i32;
    const type = heap[ref + Header.Type];
    switch (type) {
      case BuiltinType.List:
        return new ListHandle(this.t, ref);
      case BuiltinType.Dict:
        return new DictHandle(this.t, ref);
      case BuiltinType.Tuple:
        return new TupleHandle(this.t, ref);
      case BuiltinType.Lock:
        return new LockHandle(this.t, ref);
      case BuiltinType.Function:
        return new FunctionHandle(this.t, ref);
      case BuiltinType.Method:
        return new MethodHandle(this.t, ref);
      case BuiltinType.Weakref:
        return new WeakrefHandle(this.t, ref);
      case BuiltinType.WeakKeyDict:
      case BuiltinType.WeakValueDict:
        return new WeakDictHandle(this.t, ref);
      case BuiltinType.Type:
        return new ClassHandle(this.t, ref);
      default:
        if (heap[type + TypeObject.Kind] === TypeKind.Instance) return new InstanceHandle(this.t, ref);
        return new Handle(this.t, ref);
    }
  }
}

function checkIndex(index: number): number {
  if (Number.isInteger(index)) return index;
  throw new PythonError('TypeError', `indices must be whole numbers, got ${String(index)}`);
}
