import { BuiltinType, CodeFlags, CodeObject, DictObject, FunctionObject, GcBits } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { Weakrefs } from './weakrefs.js';

/**
 * function: code and globals, and what a call needs. Functions get deferred counts where the build has them
 * (PEP 703), but not those that another function makes, which are to die at once (`CO_NESTED`, gh-117657); their references
 * to code and globals are counted per thread.
 */
export class Functions {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly weakrefs: Weakrefs,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** A function. `code`: its code object; `globals`: dict or 0; both borrowed. Throws MemoryError. */
  create(code: Ref, globals: Ref): Ref {
    const heap = this.i32;
    const object = this.gcHeap.alloc(FunctionObject.Words);
    this.refs.init(object, BuiltinType.Function, GcBits.Tracked);
    this.refs.increfUnique(code, heap[code + CodeObject.UniqueId]);
    if (globals !== 0) this.increfGlobals(globals);
    heap[object + FunctionObject.Body] = heap[code + CodeObject.Body];
    heap[object + FunctionObject.Name] = heap[code + CodeObject.Name];
    heap[object + FunctionObject.Globals] = globals;
    heap[object + FunctionObject.Code] = code;
    heap[object + FunctionObject.Weakrefs] = 0;
    this.gcHeap.track(object);
    if ((heap[code + CodeObject.Flags] & CodeFlags.Nested) === 0) this.refs.enableDeferred(object);
    return object;
  }

  /**
   * Drops the reference to the globals, which most often hold the function: a cycle. The function cannot be called
   * any more. What a collector does with it (`func_clear`); without one, the end of the run.
   */
  clear(object: Ref): void {
    const heap = this.i32;
    const globals = heap[object + FunctionObject.Globals];
    heap[object + FunctionObject.Globals] = 0;
    if (globals !== 0) this.decrefGlobals(globals);
  }

  /** The last reference is gone. */
  dealloc(object: Ref): void {
    this.gcHeap.untrack(object);
    const heap = this.i32;
    this.weakrefs.clearDead(object);
    const code = heap[object + FunctionObject.Code];
    this.clear(object);
    this.refs.decrefUnique(code, heap[code + CodeObject.UniqueId]);
    this.gcHeap.free(object);
  }

  /**
   * Declared racy read of the id: a thread that misses one which another thread has just given to the dict counts in
   * the dict itself. Only the sum matters.
   */
  private increfGlobals(globals: Ref): void {
    this.refs.increfUnique(globals, this.i32[globals + DictObject.UniqueId]);
  }

  /** Declared racy read, as in `increfGlobals`. */
  private decrefGlobals(globals: Ref): void {
    this.refs.decrefUnique(globals, this.i32[globals + DictObject.UniqueId]);
  }
}
