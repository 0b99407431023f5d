import {
  BuiltinFunctionObject,
  Header,
  MethodDescriptorObject,
  ModuleObject,
  ThreadLocalObject,
  TypeKind,
  TypeObject,
} from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import { weakrefHead } from './weakrefLists.js';
import type { Weakrefs } from './weakrefs.js';

/** Word of the one reference that an object of a small type holds, 0 if it holds none. */
export function recordReference(kind: TypeKind): number {
  switch (kind) {
    case TypeKind.Module:
      return ModuleObject.Dict;
    case TypeKind.BuiltinFunction:
      return BuiltinFunctionObject.Self;
    case TypeKind.MethodDescriptor:
      return MethodDescriptorObject.Owner;
    case TypeKind.ThreadLocal:
      return ThreadLocalObject.Key;
    default:
      return 0;
  }
}

/** Types whose objects are a few words with one reference or none: how all of them are made and end. */
export class Records {
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

  /** The last reference is gone. Most of them allow weak references. */
  dealloc(object: Ref): void {
    const heap = this.i32;
    const kind = heap[heap[object + Header.Type] + TypeObject.Kind] as TypeKind;
    this.gcHeap.untrack(object);
    if (weakrefHead(heap, object) !== 0) this.weakrefs.clearDead(object);
    const word = recordReference(kind);
    const held = word === 0 ? 0 : heap[object + word];
    if (held !== 0) this.refs.decref(held);
    this.gcHeap.free(object);
  }
}
