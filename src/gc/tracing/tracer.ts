import {
  BuiltinType,
  Control,
  GcBits,
  GcState,
  Geometry,
  Header,
  HeapTag,
  ThreadBlock,
  TypeObject,
} from '../../memory/layout.js';
import { objectInBlock } from '../../memory/objectInBlock.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import type { GcThread } from '../collector.js';
import { RefList } from './refList.js';

/** Low bits of a word of a shadow stack that are no part of the address (runtime/calls.ts). */
const STACK_TAGS = 3;

/** Heaps whose blocks are objects. */
export const OBJECT_TAGS = (1 << HeapTag.Object) | (1 << HeapTag.Gc) | (1 << HeapTag.GcPre);

/**
 * Marks what is reachable: `GcBits.Alive` in the header, for objects of every type. In a `SafepointHold`, when all
 * references that a program can use are in one of these places, each of which is visited:
 *
 * - tables of roots: what handles hold, and the code objects that `Calls` keeps for its thread;
 * - shadow stacks: functions that run, and their arguments;
 * - `Control.RunGlobals`, the run's dict of shared names; `GcState.Garbage` and `Callbacks`;
 * - objects that are reachable from there.
 *
 * What is outside the heaps needs no root and holds none: built-in types, None, small ints, interned strings. Inline
 * caches of globals (runtime/globals.ts) have names that are interned, and a dict that its program keeps.
 */
export class Tracer {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  private readonly referents: Referents;
  private readonly stack = new RefList();

  constructor(private readonly thread: GcThread) {
    this.i32 = thread.i32;
    this.u8 = thread.memory.u8;
    this.referents = new Referents(thread.i32);
  }

  /** Marks everything that the roots lead to. */
  markFromRoots(): void {
    const heap = this.i32;
    this.mark(Atomics.load(heap, Control.RunGlobals));
    for (let type: number = BuiltinType.Type; type < BuiltinType.End; type += BuiltinType.Words) {
      this.mark(heap[type + TypeObject.Dict]);
    }
    this.mark(heap[Control.Gc + GcState.Garbage]);
    this.mark(heap[Control.Gc + GcState.Callbacks]);
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (heap[block + ThreadBlock.Alive] !== 0) this.markThread(block);
    }
    if (heap[Control.Gc + GcState.FreezeActive] !== 0) this.markFrozen();
    this.drain();
  }

  isMarked(object: Ref): boolean {
    return (this.u8[(object << 2) + Header.GcBitsByte] & GcBits.Alive) !== 0;
  }

  /** Nobody is marked any more. */
  clearMarks(): void {
    const { u8 } = this;
    this.stack.truncate(0);
    this.thread.allocator.visit((block, _words, tag) => {
      u8[(objectInBlock(block, tag) << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Alive;
    }, OBJECT_TAGS);
  }

  private markThread(block: number): void {
    const heap = this.i32;
    const table = heap[block + ThreadBlock.HandleTable];
    const end = table + heap[block + ThreadBlock.HandleCapacity];
    for (let word = table; word < end; word++) this.mark(heap[word]);
    const top = heap[block + ThreadBlock.StackTop];
    for (let word = heap[block + ThreadBlock.StackBase]; word < top; word++)
      this.mark(heap[word] & ~STACK_TAGS);
  }

  /** Frozen objects stay, and with them what they refer to. */
  private markFrozen(): void {
    const { u8 } = this;
    this.thread.allocator.visit((block, _words, tag) => {
      const object = objectInBlock(block, tag);
      if ((u8[(object << 2) + Header.GcBitsByte] & GcBits.Frozen) !== 0) this.mark(object);
    }, OBJECT_TAGS);
  }

  private drain(): void {
    const { stack, i32: heap, referents } = this;
    const { spans } = referents;
    while (stack.length > 0) {
      const count = referents.of(stack.pop()) * Span.Words;
      for (let at = 0; at < count; at += Span.Words) {
        const end = spans[at + Span.End];
        const step = spans[at + Span.Step];
        for (let word = spans[at + Span.Start]; word < end; word += step) this.mark(heap[word]);
      }
    }
  }

  /**
   * Everything below the heaps is static, 0 among it. Plain access to a byte of the header: its neighbour, the mutex, is
   * nobody's at a safepoint.
   */
  private mark(object: Ref): void {
    if (object < Control.StaticArenaEnd) return;
    const byte = (object << 2) + Header.GcBitsByte;
    const bits = this.u8[byte];
    if ((bits & GcBits.Alive) !== 0) return;
    this.u8[byte] = bits | GcBits.Alive;
    const type = this.i32[object + Header.Type];
    if (type === BuiltinType.Int || type === BuiltinType.Float || type === BuiltinType.Str) return;
    this.stack.push(object);
  }
}
