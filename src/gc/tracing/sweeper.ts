import {
  BuiltinType,
  Control,
  DictObject,
  GcBits,
  Header,
  HeapTag,
  ListObject,
  TypeKind,
  TypeObject,
} from '../../memory/layout.js';
import { objectInBlock } from '../../memory/objectInBlock.js';
import { weakrefHead } from '../../objects/weakrefLists.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import { RefList } from './refList.js';
import { OBJECT_TAGS } from './tracer.js';

/**
 * What a collection that traces has found dead: found in the pause, given back when the world runs again, since nobody
 * can reach it. Classes go last, for whoever frees an instance looks at its class.
 */
export class Sweeper {
  /** Objects that the last `findDead` has found alive, and looked at in all. */
  live = 0;
  visited = 0;
  /** Bytes of the dead objects' own blocks. */
  deadBytes = 0;
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  /** By `HeapTag`. */
  private readonly dead = [new RefList(), new RefList(), new RefList(), new RefList()];
  private readonly types = new RefList();

  constructor(private readonly thread: GcThread) {
    this.i32 = thread.i32;
    this.u8 = thread.memory.u8;
  }

  /**
   * Behind `Tracer.markFromRoots`, in its pause: takes the marks away, and remembers who had none, with
   * `GcBits.Unreachable`.
   */
  findDead(): void {
    const { u8, i32: heap, dead, types } = this;
    for (const list of dead) list.truncate(0);
    types.truncate(0);
    this.live = 0;
    this.visited = 0;
    this.deadBytes = 0;
    this.thread.allocator.visit((block, words, tag) => {
      const object = objectInBlock(block, tag);
      const byte = (object << 2) + Header.GcBitsByte;
      const bits = u8[byte];
      this.visited++;
      if ((bits & GcBits.Alive) !== 0) {
        u8[byte] = bits & (0xff ^ GcBits.Alive);
        this.live++;
        return;
      }
      u8[byte] = bits | GcBits.Unreachable;
      this.deadBytes += words * 4;
      if (heap[object + Header.Type] === BuiltinType.Type) types.push(object);
      else dead[tag].push(object);
    }, OBJECT_TAGS);
  }

  /** How many are dead. */
  get deadCount(): number {
    return this.visited - this.live;
  }

  isUnreachable(object: Ref): boolean {
    return (this.u8[(object << 2) + Header.GcBitsByte] & GcBits.Unreachable) !== 0;
  }

  /** Calls `visit` for each dead object that has weak references to it, or is one. */
  eachWeak(visit: (object: Ref) => void): void {
    const heap = this.i32;
    for (const list of [this.dead[HeapTag.GcPre], this.dead[HeapTag.Gc], this.types]) {
      for (let i = 0; i < list.length; i++) {
        const object = list.at(i);
        const head = weakrefHead(heap, object);
        if ((head !== 0 && heap[head] !== 0) || heap[object + Header.Type] === BuiltinType.Weakref)
          visit(object);
      }
    }
  }

  /** Calls `visit` for each dead instance. */
  eachInstance(visit: (object: Ref) => void): void {
    const instances = this.dead[HeapTag.GcPre];
    for (let i = 0; i < instances.length; i++) visit(instances.at(i));
  }

  /** Who has a mark now was dead and is no longer. Returns how many. */
  spareMarked(isMarked: (object: Ref) => boolean): number {
    let spared = 0;
    for (const list of this.dead) spared += this.spareIn(list, isMarked);
    return spared + this.spareIn(this.types, isMarked);
  }

  /** Gives all dead objects back, with their arrays and tables. The world runs. */
  freeDead(): void {
    for (let tag = HeapTag.Object; tag < this.dead.length; tag++) this.freeAll(this.dead[tag], tag);
    this.freeAll(this.types, HeapTag.Gc);
  }

  private spareIn(list: RefList, isMarked: (object: Ref) => boolean): number {
    let kept = 0;
    for (let i = 0; i < list.length; i++) {
      const object = list.at(i);
      if (!isMarked(object)) list.set(kept++, object);
      else this.u8[(object << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Unreachable;
    }
    const spared = list.length - kept;
    list.truncate(kept);
    return spared;
  }

  private freeAll(list: RefList, tag: HeapTag): void {
    const { allocator } = this.thread;
    const before = objectInBlock(0, tag);
    for (let i = 0; i < list.length; i++) {
      const object = list.at(i);
      if (tag === HeapTag.Gc) this.freeArrays(object);
      allocator.free(object - before, tag);
    }
    list.truncate(0);
  }

  private freeArrays(object: Ref): void {
    const heap = this.i32;
    const { allocator } = this.thread;
    switch (this.kindOf(object)) {
      case TypeKind.List: {
        const array = heap[object + ListObject.Items];
        if (array !== 0) allocator.free(array, HeapTag.Mem);
        return;
      }
      case TypeKind.Dict: {
        const keys = heap[object + DictObject.Keys];
        if (keys !== Control.EmptyKeys) allocator.free(keys, HeapTag.Mem);
        return;
      }
      case TypeKind.Type:
        allocator.free(heap[object + TypeObject.SharedKeys], HeapTag.Mem);
        return;
    }
  }

  private kindOf(object: Ref): TypeKind {
    const heap = this.i32;
    return heap[heap[object + Header.Type] + TypeObject.Kind];
  }
}
