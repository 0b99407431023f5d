import type { AtomicOps } from '../memory/atomicOps.js';
import { PythonError } from '../memory/errors.js';
import {
  BuiltinFunctionObject,
  FunctionObject,
  GeneratorObject,
  Header,
  MethodObject,
  ModuleObject,
  PreHeader,
  ThreadLocalObject,
  TypeKind,
  TypeObject,
  WeakDictObject,
  WeakrefObject,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Strings } from './strings.js';

/**
 * The lists of weak references, one for each object that has any (CPython `Objects/weakrefobject.c`): first the basic
 * one, which has no callback, then the others, newest first. All methods but those that find the list: under the
 * list's stripe, or in a stopped world.
 */
export class WeakrefLists {
  private readonly i32: Int32Array;
  private readonly atomics: AtomicOps;

  constructor(
    context: ObjectContext,
    private readonly strings: Strings,
  ) {
    this.i32 = context.i32;
    this.atomics = context.atomics;
  }

  /** As `weakrefHead`. */
  headOf(object: Ref): number {
    return weakrefHead(this.i32, object);
  }

  /** As `headOf`. Throws TypeError, with CPython's words. */
  requireHead(object: Ref): number {
    const head = this.headOf(object);
    if (head !== 0) return head;
    const name = this.strings.text(this.i32[this.i32[object + Header.Type] + TypeObject.Name]);
    throw new PythonError('TypeError', `cannot create weak reference to '${name}' object`);
  }

  /** The weakref without callback, if the list begins with one; it may be dying. */
  basic(head: number): Ref {
    const heap = this.i32;
    const first = heap[head];
    return first !== 0 && heap[first + WeakrefObject.Callback] === 0 ? first : 0;
  }

  /** A weakref without callback goes to the front, one with a callback behind that (CPython `insert_weakref`). */
  insert(head: number, weakref: Ref): void {
    const heap = this.i32;
    const previous = heap[weakref + WeakrefObject.Callback] === 0 ? 0 : this.basic(head);
    const next = previous === 0 ? heap[head] : heap[previous + WeakrefObject.Next];
    heap[weakref + WeakrefObject.Previous] = previous;
    heap[weakref + WeakrefObject.Next] = next;
    if (next !== 0) heap[next + WeakrefObject.Previous] = weakref;
    if (previous === 0) this.storeHead(head, weakref);
    else heap[previous + WeakrefObject.Next] = weakref;
  }

  /** Takes a weakref out of its object's list; its object is gone for it. Harmless when done already. */
  detach(weakref: Ref): void {
    const heap = this.i32;
    const object = heap[weakref + WeakrefObject.Object];
    if (object === 0) return;
    const next = heap[weakref + WeakrefObject.Next];
    const previous = heap[weakref + WeakrefObject.Previous];
    if (next !== 0) heap[next + WeakrefObject.Previous] = previous;
    if (previous !== 0) heap[previous + WeakrefObject.Next] = next;
    else this.storeHead(this.headOf(object), next);
    heap[weakref + WeakrefObject.Next] = 0;
    heap[weakref + WeakrefObject.Previous] = 0;
    this.storeObject(weakref, 0);
  }

  // --- Steps: words that others read without the stripe ---

  /** Who destroys an object looks whether it has a list. */
  protected storeHead(head: number, weakref: Ref): void {
    this.atomics.store(head, weakref);
  }

  /** Who asks for the object looks whether it is gone. */
  protected storeObject(weakref: Ref, object: Ref): void {
    this.atomics.store(weakref + WeakrefObject.Object, object);
  }
}

/** Word address of the first weakref to the object; 0 if its type allows none. Any time: types do not change. */
export function weakrefHead(heap: Int32Array, object: Ref): number {
  switch (heap[heap[object + Header.Type] + TypeObject.Kind] as TypeKind) {
    case TypeKind.Instance:
      return object + PreHeader.Weakrefs;
    case TypeKind.Function:
      return object + FunctionObject.Weakrefs;
    case TypeKind.Type:
      return object + TypeObject.Weakrefs;
    case TypeKind.Method:
      return object + MethodObject.Weakrefs;
    case TypeKind.Module:
      return object + ModuleObject.Weakrefs;
    case TypeKind.BuiltinFunction:
      return object + BuiltinFunctionObject.Weakrefs;
    case TypeKind.Generator:
      return object + GeneratorObject.Weakrefs;
    case TypeKind.ThreadLocal:
      return object + ThreadLocalObject.Weakrefs;
    case TypeKind.WeakDict:
      return object + WeakDictObject.Weakrefs;
    default:
      return 0;
  }
}
