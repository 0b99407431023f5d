import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkDeque } from '#ungil/gc/marking/deque.js';
import { Deque } from '#ungil/gc/marking/layout.js';

const BASE = 64;

function deque(capacity: number): WorkDeque {
  const heap = new Int32Array(new SharedArrayBuffer(4 * (BASE + Deque.Ring + 2 * capacity)));
  return new WorkDeque(heap, BASE, capacity);
}

describe('a work-stealing deque', () => {
  it('does what an array with push, pop and shift does, up to its capacity', () => {
    const step = fc.constantFrom('push', 'pop', 'steal');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(1, 2, 4), (steps, capacity) => {
        const real = deque(capacity);
        const model: number[] = [];
        let next = 1;
        for (const step of steps) {
          if (step === 'push') {
            expect(real.push(next, -next)).toBe(model.length < capacity);
            if (model.length < capacity) model.push(next);
            next++;
          } else {
            const expected = step === 'pop' ? model.pop() : model.shift();
            expect(step === 'pop' ? real.pop() : real.steal()).toBe(expected !== undefined);
            if (expected !== undefined) expect([real.first, real.second]).toEqual([expected, -expected]);
          }
          expect(real.isEmpty()).toBe(model.length === 0);
        }
      }),
    );
  });

  it('is empty after a reset', () => {
    const real = deque(4);
    real.push(1, 2);
    real.reset();
    expect(real.isEmpty()).toBe(true);
    expect(real.pop()).toBe(false);
    expect(real.steal()).toBe(false);
  });
});
