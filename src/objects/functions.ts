import type { Allocator } from '../allocators/allocator.js';
import { BuiltinType, FunctionObject, GcBits, HeapTag } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';

/**
 * function: what a call needs. Its body is a JavaScript function of the program module, by its index in the
 * module's table, the same in every worker. Functions get deferred counts where the build has them (PEP 703).
 */
export class Functions {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly allocator: Allocator;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.allocator = context.allocator;
  }

  /** A function. `name`: interned str; `globals`: dict or 0; `code`: index in the table of bodies. */
  create(code: number, name: Ref, globals: Ref, parameters: number): Ref {
    const heap = this.i32;
    const object = this.allocator.alloc(FunctionObject.Words, HeapTag.Gc);
    this.refs.init(object, BuiltinType.Function, GcBits.Tracked);
    if (globals !== 0) this.refs.incref(globals);
    heap[object + FunctionObject.Code] = code;
    heap[object + FunctionObject.Name] = name;
    heap[object + FunctionObject.Globals] = globals;
    heap[object + FunctionObject.Arguments] = parameters;
    this.refs.enableDeferred(object);
    return object;
  }

  dealloc(object: Ref): void {
    const globals = this.i32[object + FunctionObject.Globals];
    if (globals !== 0) this.refs.decref(globals);
    this.allocator.free(object, HeapTag.Gc);
  }
}
