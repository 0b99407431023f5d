import {
  BuiltinType,
  GcBits,
  Geometry,
  Header,
  ThreadBlock,
  TupleObject,
  TypeFlags,
  TypeKind,
  TypeObject,
} from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import type { GcSlots } from '../../objects/gcSlots.js';
import { Referents, Span } from '../../objects/referents.js';
import { Chunk } from '../../refcount/mergeQueue.js';
import type { CollectedRefCounter, Ref } from '../../refcount/refCounter.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import type { MarkMap } from '../marking/markMap.js';
import type { ObjectList, ObjectStack, ObjectTest } from '../objectStack.js';
import { GcRefs } from './gcRefs.js';
import type { HeapWalk, WalkTarget } from './heapWalk.js';
import type { SegmentOwners } from './owners.js';
import { ReachableObjects } from './reachable.js';

const enum Bits {
  Tracked = GcBits.Tracked << 24,
  Frozen = GcBits.Frozen << 24,
  Unreachable = GcBits.Unreachable << 24,
  Deferred = GcBits.Deferred << 24,
  /** Of a word on a stack. */
  Tag = 3,
}

/** What the candidates need of their thread. */
export interface CandidateThread {
  readonly memory: SharedMemory;
  readonly gcSlots: GcSlots;
}

/**
 * Which of the objects that marking has left are unreachable: phases P4 to P8 of the first pause (CPython
 * `deduce_unreachable_heap`). While it runs `GcBits.Unreachable` is on every candidate that may be unreachable, and the
 * owners are not there (INV-8.5): nobody touches a count.
 */
export class Candidates implements WalkTarget, ObjectTest {
  readonly list: ObjectList;
  /** What a legacy finaliser keeps: these, and everything that they refer to. */
  legacy: Ref[] = [];
  /** Objects looked at; candidates, and live ones among them; frozen ones; tuples that are tracked no more. */
  visited = 0;
  gathered = 0;
  live = 0;
  frozen = 0;
  untracked = 0;
  /** Objects that were deferred until now. */
  deferred = 0;
  protected readonly i32: Int32Array;
  protected readonly u8: Uint8Array;
  protected readonly gcRefs: GcRefs;
  protected readonly referents: Referents;
  private readonly gcSlots: GcSlots;
  private readonly reachable: ReachableObjects;
  /** Some candidate has a legacy finaliser. */
  private hasLegacy = false;

  constructor(
    thread: CandidateThread,
    protected readonly refs: CollectedRefCounter,
    protected readonly stack: ObjectStack,
    list: ObjectList,
    protected readonly owners: SegmentOwners,
    /** The run is over: live objects are deferred no more, so that whoever drops them frees them. */
    private readonly isShutdown: boolean,
  ) {
    const { i32, u8, u16 } = thread.memory;
    this.i32 = i32;
    this.u8 = u8;
    this.list = list;
    this.gcSlots = thread.gcSlots;
    this.gcRefs = new GcRefs(u16);
    this.referents = new Referents(i32);
    this.reachable = new ReachableObjects(thread.memory, this.referents, stack);
  }

  /** P4, first half: every candidate with its count. Throws MemoryError. */
  gather(walk: HeapWalk, map: MarkMap | null): void {
    walk.walk(map, this);
  }

  /** WalkTarget. */
  visit(object: Ref): void {
    const header = this.i32[object];
    this.visited++;
    if ((header & Bits.Tracked) === 0) {
      if (this.isTuple(object) && this.refs.isInUse(object)) this.untracked++;
      return;
    }
    if ((header & Bits.Frozen) !== 0) {
      this.frozen++;
      return;
    }
    if (this.refs.isImmortal(object)) {
      this.untrack(object);
      return;
    }
    const refs = this.refs.stoppedCount(object);
    if (refs > 0 && (header & Bits.Deferred) === 0 && this.holdsNothingTracked(object)) {
      this.untrack(object);
      this.untracked++;
      return;
    }
    this.list.append(object);
    this.gathered++;
    if (this.gcSlots.hasLegacyFinalizer(object)) this.hasLegacy = true;
    this.owners.save(object);
    this.gcRefs.set(object, refs);
    this.setUnreachable(object);
  }

  /** P4, second half: takes away what the candidates hold of each other. */
  subtract(): void {
    const heap = this.i32;
    const { referents, gcRefs } = this;
    const { spans } = referents;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      const end = chunk + Chunk.Items + heap[chunk + Chunk.Count];
      for (let item = chunk + Chunk.Items; item < end; item++) {
        const count = referents.of(heap[item]) * Span.Words;
        for (let i = 0; i < count; i += Span.Words) {
          const step = spans[i + Span.Step];
          const last = spans[i + Span.End];
          for (let word = spans[i + Span.Start]; word < last; word += step) {
            const target = heap[word];
            if (target !== 0 && (heap[target] & Bits.Unreachable) !== 0) gcRefs.decrement(target);
          }
        }
      }
    }
  }

  /**
   * P5: stacks hold references that nobody has counted: borrowed ones, and those to deferred objects (PIT-8.1). One that
   * is counted as well makes no difference.
   */
  addStacks(): void {
    const heap = this.i32;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (heap[block + ThreadBlock.Alive] === 0) continue;
      const top = heap[block + ThreadBlock.StackTop];
      for (let word = heap[block + ThreadBlock.StackBase]; word < top; word++) this.addStackWord(heap[word]);
    }
  }

  private addStackWord(word: number): void {
    const object = word & ~Bits.Tag;
    if (object === 0) return;
    const header = this.i32[object];
    const counted = (word & Bits.Tag) === 0 && (header & Bits.Deferred) === 0;
    if (!counted && (header & Bits.Unreachable) !== 0) this.gcRefs.increment(object);
  }

  /** P6: what is referenced from elsewhere is alive, and all that it leads to. Throws MemoryError. */
  markReachable(): void {
    const heap = this.i32;
    const { gcRefs } = this;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      const end = chunk + Chunk.Items + heap[chunk + Chunk.Count];
      for (let item = chunk + Chunk.Items; item < end; item++) {
        const object = heap[item];
        if ((heap[object] & Bits.Unreachable) !== 0 && gcRefs.isReferenced(object))
          this.reachable.clearFrom(object);
      }
    }
  }

  /** P8, before anything is final: what has a legacy finaliser stays, and so does all that it leads to. Throws MemoryError. */
  keepLegacy(): void {
    if (!this.hasLegacy) return;
    const heap = this.i32;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      const end = chunk + Chunk.Items + heap[chunk + Chunk.Count];
      for (let item = chunk + Chunk.Items; item < end; item++) {
        const object = heap[item];
        if ((heap[object] & Bits.Unreachable) === 0 || !this.gcSlots.hasLegacyFinalizer(object)) continue;
        this.reachable.clearFrom(object, this.legacy);
      }
    }
  }

  /** P7: owners are restored, and the list holds what is unreachable, with a reference to each. Nothing can fail. */
  split(): void {
    this.list.filter(this);
    for (const object of this.legacy) this.refs.explicitMerge(object, 1);
    this.gcRefs.end();
    this.owners.end();
  }

  /** ObjectTest. */
  isKept(object: Ref): boolean {
    const header = this.i32[object];
    if ((header & Bits.Unreachable) === 0) {
      this.owners.restore(object);
      if (this.isShutdown) this.endDeferral(object);
      this.live++;
      return false;
    }
    if ((header & Bits.Deferred) !== 0) this.deferred++;
    this.refs.takeUnreachable(object);
    return true;
  }

  /** No memory: everything is as it was. Instead of `split`. */
  abandon(): void {
    const heap = this.i32;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      const end = chunk + Chunk.Items + heap[chunk + Chunk.Count];
      for (let item = chunk + Chunk.Items; item < end; item++) {
        this.reachable.clear(heap[item]);
        this.owners.restore(heap[item]);
      }
    }
    this.gcRefs.end();
    this.owners.end();
    this.list.free();
    this.stack.free();
  }

  // --- Steps ---

  private endDeferral(object: Ref): void {
    if (!this.refs.isDeferred(object)) return;
    this.deferred++;
    this.refs.endDeferral(object);
  }

  /** Bytes: the mutex beside them is others'. */
  private setUnreachable(object: Ref): void {
    this.u8[(object << 2) + Header.GcBitsByte] |= GcBits.Unreachable;
  }

  private untrack(object: Ref): void {
    this.u8[(object << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Tracked;
  }

  /** Also asked of blocks that hold no object yet, or any more: not by its type's kind. */
  private isTuple(object: Ref): boolean {
    return this.i32[object + Header.Type] === BuiltinType.Tuple;
  }

  /** A tuple that cannot be in a cycle, now or later (CPython `_PyTuple_MaybeUntrack`). */
  private holdsNothingTracked(object: Ref): boolean {
    const heap = this.i32;
    if (!this.isTuple(object)) return false;
    const end = object + TupleObject.Items + heap[object + TupleObject.Length];
    for (let word = object + TupleObject.Items; word < end; word++) {
      if (heap[word] === 0) return false;
      const type = heap[heap[word] + Header.Type];
      if ((heap[type + TypeObject.Flags] & TypeFlags.HaveGc) === 0) continue;
      const isTuple = heap[type + TypeObject.Kind] === TypeKind.Tuple;
      if (!isTuple || (heap[heap[word]] & Bits.Tracked) !== 0) return false;
    }
    return true;
  }
}
