import { BuiltinFunctionObject, BuiltinType, GcBits, MethodDescriptorObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { Strings } from './strings.js';

/**
 * Functions of C modules, and methods of built-in types (CPython `Objects/methodobject.c`, `descrobject.c`): a number in the
 * table of native bodies (runtime/natives.ts) and what belongs to it. Free-threaded: both have deferred counts
 * (`_add_methods_to_object`, `descr_new`), so that calling them writes no word that threads share.
 */
export class BuiltinFunctions {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly strings: Strings,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** A function of a C module. `self`: the module, or 0; borrowed. Throws MemoryError. */
  create(native: number, name: string, self: Ref): Ref {
    const heap = this.i32;
    const interned = this.strings.intern(name);
    const object = this.gcHeap.alloc(BuiltinFunctionObject.Words);
    this.refs.init(object, BuiltinType.BuiltinFunction, GcBits.Tracked);
    if (self !== 0) this.refs.incref(self);
    heap[object + BuiltinFunctionObject.Native] = native;
    heap[object + BuiltinFunctionObject.Name] = interned;
    heap[object + BuiltinFunctionObject.Self] = self;
    heap[object + BuiltinFunctionObject.Weakrefs] = 0;
    this.gcHeap.track(object);
    this.refs.enableDeferred(object);
    return object;
  }

  /** A method of a built-in type, to be set as its attribute. Throws MemoryError. */
  createDescriptor(native: number, name: string, owner: Ref): Ref {
    const heap = this.i32;
    const interned = this.strings.intern(name);
    const object = this.gcHeap.alloc(MethodDescriptorObject.Words);
    this.refs.init(object, BuiltinType.MethodDescriptor, GcBits.Tracked);
    this.refs.incref(owner);
    heap[object + MethodDescriptorObject.Native] = native;
    heap[object + MethodDescriptorObject.Name] = interned;
    heap[object + MethodDescriptorObject.Owner] = owner;
    this.gcHeap.track(object);
    this.refs.enableDeferred(object);
    return object;
  }
}
