import { Control, GcBits, GcState, Header } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import type { HeapWalk, WalkTarget } from './heapWalk.js';

/** Questions and orders for all objects at once (CPython `gc.get_objects`, `gc.freeze`). World stopped. */

const enum Bits {
  Tracked = GcBits.Tracked << 24,
  Frozen = GcBits.Frozen << 24,
  Unreachable = GcBits.Unreachable << 24,
  Seen = Tracked | Frozen | Unreachable,
}

/** Everything that is tracked, and not on its way to be destroyed, is left alone by collections from here. */
export function freezeAll(memory: SharedMemory, walk: HeapWalk): void {
  const { i32, u8 } = memory;
  i32[Control.Gc + GcState.FreezeActive] = 1;
  walk.walk(
    null,
    new Each((object) => {
      if ((i32[object] & (Bits.Tracked | Bits.Unreachable)) === Bits.Tracked) {
        u8[(object << 2) + Header.GcBitsByte] |= GcBits.Frozen;
      }
    }),
  );
}

export function unfreezeAll(memory: SharedMemory, walk: HeapWalk): void {
  const { i32, u8 } = memory;
  i32[Control.Gc + GcState.FreezeActive] = 0;
  walk.walk(
    null,
    new Each((object) => {
      if ((i32[object] & (Bits.Tracked | Bits.Frozen)) === (Bits.Tracked | Bits.Frozen)) {
        u8[(object << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Frozen;
      }
    }),
  );
}

export function frozenCount(memory: SharedMemory, walk: HeapWalk): number {
  const heap = memory.i32;
  let count = 0;
  walk.walk(
    null,
    new Each((object) => {
      if ((heap[object] & (Bits.Tracked | Bits.Frozen)) === (Bits.Tracked | Bits.Frozen)) count++;
    }),
  );
  return count;
}

/** New references to all that is tracked, neither frozen nor unreachable. */
export function objectsOf(thread: GcThread, walk: HeapWalk): Ref[] {
  const heap = thread.i32;
  const found: Ref[] = [];
  walk.walk(
    null,
    new Each((object) => {
      if ((heap[object] & Bits.Seen) === Bits.Tracked) found.push(object);
    }),
  );
  for (const object of found) thread.refs.incref(object);
  return found;
}

/** New references to those of them that refer to a target. */
export function referrersOf(thread: GcThread, walk: HeapWalk, targets: readonly Ref[]): Ref[] {
  const heap = thread.i32;
  const wanted = new Set(targets);
  const referents = new Referents(heap);
  const found: Ref[] = [];
  walk.walk(
    null,
    new Each((object) => {
      if ((heap[object] & Bits.Seen) === Bits.Tracked && refersTo(heap, referents, object, wanted)) {
        found.push(object);
      }
    }),
  );
  for (const object of found) thread.refs.incref(object);
  return found;
}

function refersTo(heap: Int32Array, referents: Referents, object: Ref, wanted: ReadonlySet<Ref>): boolean {
  const { spans } = referents;
  const count = referents.of(object) * Span.Words;
  for (let i = 0; i < count; i += Span.Words) {
    const step = spans[i + Span.Step];
    for (let word = spans[i + Span.Start]; word < spans[i + Span.End]; word += step) {
      if (heap[word] !== 0 && wanted.has(heap[word])) return true;
    }
  }
  return false;
}

class Each implements WalkTarget {
  constructor(readonly visit: (object: Ref) => void) {}
}
