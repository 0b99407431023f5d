import { BuiltinType, CodeObject, GcBits } from '../memory/layout.js';
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

  /** A code object. `body`: index in the table of bodies; `name`: interned str. Throws MemoryError. */
  create(body: number, name: Ref, parameters: number): Ref {
    const heap = this.i32;
    const code = this.gcHeap.alloc(CodeObject.Words);
    const tracked = this.gcHeap.tracksCode;
    this.refs.init(code, BuiltinType.Code, tracked ? GcBits.Tracked : 0);
    heap[code + CodeObject.Body] = body;
    heap[code + CodeObject.Name] = name;
    heap[code + CodeObject.Arguments] = parameters;
    heap[code + CodeObject.UniqueId] = this.refs.assignUniqueId(code);
    if (tracked) this.gcHeap.track(code);
    return code;
  }

  /** The last reference is gone. The table of interned strings keeps the name. */
  dealloc(code: Ref): void {
    this.gcHeap.untrack(code);
    this.gcHeap.free(code);
  }
}
