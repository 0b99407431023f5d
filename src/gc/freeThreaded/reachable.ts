import { GcBits, Header } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { type Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { ObjectStack } from '../objectStack.js';

const enum Bits {
  Unreachable = GcBits.Unreachable << 24,
}

/** Objects that turn out to be reachable, in either pause: the mark of being unreachable goes. */
export class ReachableObjects {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;

  constructor(
    memory: SharedMemory,
    private readonly referents: Referents,
    private readonly stack: ObjectStack,
  ) {
    this.i32 = memory.i32;
    this.u8 = memory.u8;
  }

  /** The object and all that it leads to. `found`: gets each of them. Throws MemoryError. */
  clearFrom(object: Ref, found: Ref[] | null = null): void {
    const heap = this.i32;
    const { referents, stack } = this;
    const { spans } = referents;
    this.clear(object);
    found?.push(object);
    for (let next = object; next !== 0; next = stack.pop()) {
      const count = referents.of(next) * Span.Words;
      for (let i = 0; i < count; i += Span.Words) {
        const step = spans[i + Span.Step];
        const last = spans[i + Span.End];
        for (let word = spans[i + Span.Start]; word < last; word += step) {
          const target = heap[word];
          if (target === 0 || (heap[target] & Bits.Unreachable) === 0) continue;
          this.clear(target);
          found?.push(target);
          stack.push(target);
        }
      }
    }
  }

  /** Bytes: the mutex beside them is others'. */
  clear(object: Ref): void {
    this.u8[(object << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Unreachable;
  }
}
