import { GcBits, Header, TypeFlags, TypeKind, TypeObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { GcSlots } from './gcSlots.js';

/** Types whose objects can be parts of cycles, each with its tp_clear; and who runs finalisers. */
export interface ClearSlots {
  readonly i32: Int32Array;
  readonly lists: { clear(object: Ref): unknown };
  readonly dicts: { clear(object: Ref): unknown };
  readonly functions: { clear(object: Ref): void };
  readonly instances: { clearObject(object: Ref): void; clearType(type: Ref): void };
  readonly weakrefs: { clear(object: Ref): void };
  readonly weakDicts: { clear(object: Ref): void };
  readonly generators: { clear(object: Ref): void };
  readonly finalizers: { finalize(object: Ref): void };
}

/** The slots of types that a collector calls. */
export class TypeSlots implements GcSlots {
  constructor(private readonly types: ClearSlots) {}

  /** Tuples, code, methods and modules have no tp_clear: what else is in a cycle with them has (as in CPython). */
  clear(object: Ref): void {
    const { types } = this;
    switch (this.kindOf(object)) {
      case TypeKind.List:
        types.lists.clear(object);
        return;
      case TypeKind.Dict:
        types.dicts.clear(object);
        return;
      case TypeKind.Function:
        types.functions.clear(object);
        return;
      case TypeKind.Instance:
        types.instances.clearObject(object);
        return;
      case TypeKind.Type:
        types.instances.clearType(object);
        return;
      case TypeKind.Weakref:
        types.weakrefs.clear(object);
        return;
      case TypeKind.WeakDict:
        types.weakDicts.clear(object);
        return;
      case TypeKind.Generator:
        types.generators.clear(object);
        return;
    }
  }

  hasFinalizer(object: Ref): boolean {
    const heap = this.types.i32;
    const type = heap[object + Header.Type];
    const legacy = heap[type + TypeObject.Flags] & TypeFlags.LegacyFinalizer;
    if (legacy !== 0 || heap[type + TypeObject.Kind] !== TypeKind.Instance) return false;
    return heap[type + TypeObject.Finalize] !== 0 && ((heap[object] >>> 24) & GcBits.Finalized) === 0;
  }

  hasLegacyFinalizer(object: Ref): boolean {
    const heap = this.types.i32;
    return (heap[heap[object + Header.Type] + TypeObject.Flags] & TypeFlags.LegacyFinalizer) !== 0;
  }

  finalize(object: Ref): void {
    if (this.hasFinalizer(object)) this.types.finalizers.finalize(object);
  }

  private kindOf(object: Ref): TypeKind {
    const heap = this.types.i32;
    return heap[heap[object + Header.Type] + TypeObject.Kind];
  }
}
