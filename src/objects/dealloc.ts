import { FatalError } from '../memory/errors.js';
import { BuiltinType, Header, TypeKind, TypeObject } from '../memory/layout.js';
import type { Deallocator, Ref, RefCounter } from '../refcount/refCounter.js';
import type { GcHeap } from './gcHeap.js';

/** One slot a type: gives back what the object references and its memory. */
export interface DeallocSlots {
  readonly refs: RefCounter;
  readonly gcHeap: GcHeap;
  readonly numbers: { deallocInt(object: Ref): void; deallocFloat(object: Ref): void };
  readonly strings: { dealloc(object: Ref): void };
  readonly tuples: { dealloc(object: Ref): void };
  readonly lists: { dealloc(object: Ref): void };
  readonly dicts: { dealloc(object: Ref): void };
  readonly functions: { dealloc(object: Ref): void };
  readonly codes: { dealloc(object: Ref): void };
  readonly locks: { dealloc(object: Ref): void };
  readonly instances: { dealloc(object: Ref): void; deallocType(type: Ref): void };
  readonly weakrefs: { dealloc(object: Ref): void };
  readonly weakDicts: { dealloc(object: Ref): void };
  readonly methods: { dealloc(object: Ref): void };
  readonly records: { dealloc(object: Ref): void };
  readonly generators: { dealloc(object: Ref): void };
}

/**
 * Containers within containers, before the rest waits its turn; and how far the stack must have been unwound for that
 * (CPython measures its C stack: less than 2 units left, and 4). Apart from each other, so that a chain is taken apart
 * in stretches, not with one object waiting at each step.
 */
const enum Nesting {
  Limit = 200,
  Resume = 100,
}

/**
 * Destroys objects by their type (CPython `_Py_Dealloc`), with the trashcan: a chain of containers of any depth
 * is taken apart without using the stack for it. Waiting objects are untracked and linked (CPython
 * `tstate->delete_later`); nobody else can get a reference to them any more. Their finalisers and callbacks run when
 * their turn comes.
 */
export class TypeDeallocator implements Deallocator {
  private readonly i32: Int32Array;
  private numbers!: DeallocSlots['numbers'];
  private lists!: DeallocSlots['lists'];
  private instances!: DeallocSlots['instances'];
  private slots!: DeallocSlots;
  private gcHeap!: GcHeap;
  /** Word of the header that links what waits. */
  private link: number = Header.Local;
  private nesting = 0;
  private deleteLater: Ref = 0;

  constructor(i32: Int32Array) {
    this.i32 = i32;
  }

  /** Set once by the composition: the types need the counter, which needs this. */
  connect(slots: DeallocSlots): void {
    this.slots = slots;
    this.gcHeap = slots.gcHeap;
    this.link = slots.refs.idleWord;
    this.numbers = slots.numbers;
    this.lists = slots.lists;
    this.instances = slots.instances;
  }

  dealloc(object: Ref): void {
    const type = this.i32[object + Header.Type];
    if (type === BuiltinType.Int) this.numbers.deallocInt(object);
    else this.deallocOther(object, this.i32[type + TypeObject.Kind]);
  }

  private deallocOther(object: Ref, kind: TypeKind): void {
    switch (kind) {
      case TypeKind.Float:
        this.numbers.deallocFloat(object);
        return;
      case TypeKind.Str:
        this.slots.strings.dealloc(object);
        return;
      case TypeKind.Lock:
        this.slots.locks.dealloc(object);
        return;
      default:
        if (this.nesting >= Nesting.Limit) this.discard(object);
        else this.deallocContainer(object, kind);
    }
  }

  private deallocContainer(object: Ref, kind: TypeKind): void {
    this.nesting++;
    if (kind === TypeKind.List) this.lists.dealloc(object);
    else if (kind === TypeKind.Instance) this.instances.dealloc(object);
    else this.deallocRareContainer(object, kind);
    this.nesting--;
    if (this.deleteLater !== 0 && this.nesting <= Nesting.Resume) this.emptyTrashcan();
  }

  private deallocRareContainer(object: Ref, kind: TypeKind): void {
    switch (kind) {
      case TypeKind.Dict:
        this.slots.dicts.dealloc(object);
        return;
      case TypeKind.Tuple:
        this.slots.tuples.dealloc(object);
        return;
      case TypeKind.Function:
        this.slots.functions.dealloc(object);
        return;
      case TypeKind.Weakref:
        this.slots.weakrefs.dealloc(object);
        return;
      case TypeKind.Method:
        this.slots.methods.dealloc(object);
        return;
      case TypeKind.WeakDict:
        this.slots.weakDicts.dealloc(object);
        return;
      case TypeKind.Code:
        this.slots.codes.dealloc(object);
        return;
      case TypeKind.Type:
        this.slots.instances.deallocType(object);
        return;
      case TypeKind.Generator:
        this.slots.generators.dealloc(object);
        return;
      case TypeKind.Module:
      case TypeKind.BuiltinFunction:
      case TypeKind.MethodDescriptor:
      case TypeKind.ThreadLocal:
      case TypeKind.MethodCaller:
        this.slots.records.dealloc(object);
        return;
      default:
        throw new FatalError(`an object of type kind ${kind} at ${object} cannot be freed`);
    }
  }

  /**
   * The link is in a word that means nothing to whoever looks at a dead object: through a stale slot, or through a weak
   * reference, which is cleared when the object's turn comes.
   */
  private discard(object: Ref): void {
    this.gcHeap.untrack(object);
    this.i32[object + this.link] = this.deleteLater;
    this.deleteLater = object;
  }

  /** One loop at a time: whatever is destroyed in it is above `Resume`, and brings what gets too deep back here. */
  private emptyTrashcan(): void {
    const heap = this.i32;
    const before = this.nesting;
    this.nesting = Nesting.Resume + 1;
    while (this.deleteLater !== 0) {
      const object = this.deleteLater;
      this.deleteLater = heap[object + this.link];
      heap[object + this.link] = 0;
      this.deallocContainer(object, heap[heap[object + Header.Type] + TypeObject.Kind]);
    }
    this.nesting = before;
  }
}
