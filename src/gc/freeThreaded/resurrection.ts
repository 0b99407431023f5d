import { BuiltinType, GcBits, Header } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { Referents, Span } from '../../objects/referents.js';
import { endVersions } from '../../objects/types/types.js';
import { weakrefHead } from '../../objects/weakrefLists.js';
import { Chunk } from '../../refcount/mergeQueue.js';
import type { CollectedRefCounter, Ref } from '../../refcount/refCounter.js';
import type { ObjectList, ObjectStack, ObjectTest } from '../objectStack.js';
import { ReachableObjects } from './reachable.js';

const enum Bits {
  Tracked = GcBits.Tracked << 24,
  Unreachable = GcBits.Unreachable << 24,
}

/**
 * The second pause: which of the unreachable objects finalisers and callbacks have brought back (CPython
 * `handle_resurrected_objects`). They are merged, hence their local counts are free to hold `gc_refs`; `list` holds a
 * reference to each.
 */
export class Resurrection implements ObjectTest {
  resurrected = 0;
  /** Destroyed as far as that goes while the world was running; the list's references are the caller's now. */
  readonly untracked: Ref[] = [];
  protected readonly i32: Int32Array;
  private readonly referents: Referents;
  private readonly reachable: ReachableObjects;

  constructor(
    memory: SharedMemory,
    private readonly refs: CollectedRefCounter,
    stack: ObjectStack,
    private readonly list: ObjectList,
  ) {
    this.i32 = memory.i32;
    this.referents = new Referents(memory.i32);
    this.reachable = new ReachableObjects(memory, this.referents, stack);
  }

  /**
   * Takes what came back, and all that it leads to, off the list, with the list's references to it. The rest is this
   * thread's own from here. Throws MemoryError: everything is to be left alive then, and is marked so; the list keeps its
   * references.
   */
  run(): void {
    this.setRefs();
    this.subtract();
    try {
      this.markReachable();
    } catch (error) {
      this.clearAll();
      throw error;
    }
    this.list.filter(this);
  }

  /** ObjectTest. */
  isKept(object: Ref): boolean {
    const header = this.i32[object];
    if ((header & Bits.Tracked) === 0) {
      this.untracked.push(object);
      return false;
    }
    if ((header & Bits.Unreachable) !== 0) {
      if (!this.isWeaklyReferenced(object)) this.refs.adopt(object);
      if (this.i32[object + Header.Type] === BuiltinType.Type) endVersions(this.i32, object);
      return true;
    }
    this.resurrected++;
    this.refs.explicitMerge(object, -1);
    return false;
  }

  // --- Steps ---

  /**
   * A finaliser has made a weak reference, through which others get at the object until it is destroyed. An owner would
   * take the object for alive by its own id, also where that waits in the trashcan.
   */
  private isWeaklyReferenced(object: Ref): boolean {
    const head = weakrefHead(this.i32, object);
    return head !== 0 && this.i32[head] !== 0;
  }

  /** An object that became immortal meanwhile keeps the mark of that, which is in the same place. */
  private setRefs(): void {
    const heap = this.i32;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        const object = heap[chunk + Chunk.Items + i];
        if (this.isCounted(object)) heap[object + Header.Local] = this.refs.stoppedCount(object) - 1;
      }
    }
  }

  private subtract(): void {
    const heap = this.i32;
    const { spans } = this.referents;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        const count = this.referents.of(heap[chunk + Chunk.Items + i]) * Span.Words;
        for (let span = 0; span < count; span += Span.Words) {
          const step = spans[span + Span.Step];
          const last = spans[span + Span.End];
          for (let word = spans[span + Span.Start]; word < last; word += step) this.subtractOne(heap[word]);
        }
      }
    }
  }

  /** Words that hold nothing are 0, which is no object's address. */
  private subtractOne(target: Ref): void {
    const heap = this.i32;
    if (target !== 0 && this.isCounted(target)) heap[target + Header.Local]--;
  }

  private isCounted(object: Ref): boolean {
    const both = Bits.Tracked | Bits.Unreachable;
    return (this.i32[object] & both) === both && !this.refs.isImmortal(object);
  }

  private markReachable(): void {
    const heap = this.i32;
    const seeds: Ref[] = [];
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        const object = heap[chunk + Chunk.Items + i];
        if (!this.isCounted(object)) {
          seeds.push(object);
        } else {
          if (heap[object + Header.Local] > 0) seeds.push(object);
          heap[object + Header.Local] = 0;
        }
      }
    }
    for (const object of seeds) if ((heap[object] & Bits.Unreachable) !== 0) this.reachable.clearFrom(object);
  }

  private clearAll(): void {
    const heap = this.i32;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        this.reachable.clear(heap[chunk + Chunk.Items + i]);
      }
    }
  }
}
