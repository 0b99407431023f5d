import { BuiltinType, GcBits, MethodObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { Weakrefs } from './weakrefs.js';

/** Bound methods: a function together with its first argument (CPython `PyMethodObject`, `Objects/classobject.c`). */
export class Methods {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;
  /** Number of the body that calls a bound method, alike in every worker; set by the thread's `Calls`. */
  body = 0;

  constructor(
    context: ObjectContext,
    private readonly weakrefs: Weakrefs,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** function bound to self; both borrowed. Throws MemoryError. */
  create(func: Ref, self: Ref): Ref {
    const heap = this.i32;
    const method = this.gcHeap.alloc(MethodObject.Words);
    this.refs.init(method, BuiltinType.Method, GcBits.Tracked);
    this.refs.incref(func);
    this.refs.incref(self);
    heap[method + MethodObject.Body] = this.body;
    heap[method + MethodObject.Function] = func;
    heap[method + MethodObject.Self] = self;
    heap[method + MethodObject.Weakrefs] = 0;
    this.gcHeap.track(method);
    return method;
  }

  /** Function and object, borrowed from the method. */
  functionOf(method: Ref): Ref {
    return this.i32[method + MethodObject.Function];
  }

  selfOf(method: Ref): Ref {
    return this.i32[method + MethodObject.Self];
  }

  /** The last reference is gone. */
  dealloc(method: Ref): void {
    this.gcHeap.untrack(method);
    const heap = this.i32;
    this.weakrefs.clearDead(method);
    this.refs.decref(heap[method + MethodObject.Function]);
    this.refs.decref(heap[method + MethodObject.Self]);
    this.gcHeap.free(method);
  }
}
