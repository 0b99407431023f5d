import type { Allocator } from '../allocators/allocator.js';
import { BuiltinType, CodeObject, GcBits, HeapTag } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';

/**
 * code: what all functions of one `def` share (CPython `Objects/codeobject.c`). The body is a JavaScript function of
 * the program module, by its index in the module's table, the same in every worker. Code objects are counted per
 * thread where the build does that.
 */
export class Codes {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly allocator: Allocator;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.allocator = context.allocator;
  }

  /** A code object. `body`: index in the table of bodies; `name`: interned str. Throws MemoryError. */
  create(body: number, name: Ref, parameters: number): Ref {
    const heap = this.i32;
    const code = this.allocator.alloc(CodeObject.Words, HeapTag.Gc);
    this.refs.init(code, BuiltinType.Code, GcBits.Tracked);
    heap[code + CodeObject.Body] = body;
    heap[code + CodeObject.Name] = name;
    heap[code + CodeObject.Arguments] = parameters;
    heap[code + CodeObject.UniqueId] = this.refs.assignUniqueId(code);
    return code;
  }

  /** The last reference is gone. The table of interned strings keeps the name. */
  dealloc(code: Ref): void {
    this.allocator.free(code, HeapTag.Gc);
  }
}
