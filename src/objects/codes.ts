import { BuiltinType, CodeObject, GcBits, TupleObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';

/**
 * code: what all functions of one `def` share (CPython `Objects/codeobject.c`). The body is a JavaScript function of
 * the program module, by its index in the module's table, the same in every worker. Code objects are counted per
 * thread where the build does that.
 */
export class Codes {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /**
   * A code object. `body`: index in the table of bodies; `name`: interned str; `constants`: tuple of what `Constants` has
   * made, borrowed, or 0; `flags`: `CodeFlags`. Throws MemoryError.
   */
  create(body: number, name: Ref, parameters: number, constants: Ref = 0, flags = 0): Ref {
    const heap = this.i32;
    const code = this.gcHeap.alloc(CodeObject.Words);
    const tracked = this.gcHeap.tracksCode;
    this.refs.init(code, BuiltinType.Code, tracked ? GcBits.Tracked : 0);
    heap[code + CodeObject.Body] = body;
    heap[code + CodeObject.Name] = name;
    heap[code + CodeObject.Arguments] = parameters;
    if (constants !== 0) this.refs.incref(constants);
    heap[code + CodeObject.Constants] = constants;
    heap[code + CodeObject.Flags] = flags;
    heap[code + CodeObject.UniqueId] = this.refs.assignUniqueId(code);
    if (tracked) this.gcHeap.track(code);
    return code;
  }

  /**
   * A constant, borrowed from the code (CPython `LOAD_CONST`): what is done with it must be within the life of the code, or
   * begin with `Calls.open`.
   */
  constant(code: Ref, index: number): Ref {
    const heap = this.i32;
    return heap[heap[code + CodeObject.Constants] + TupleObject.Items + index];
  }

  /** The last reference is gone. The table of interned strings keeps the name. */
  dealloc(code: Ref): void {
    this.gcHeap.untrack(code);
    const constants = this.i32[code + CodeObject.Constants];
    if (constants !== 0) this.refs.decref(constants);
    this.gcHeap.free(code);
  }
}
