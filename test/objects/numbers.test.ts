import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { smallInt } from '#ungil/objects/numbers.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';

function threadOf(build: string): Thread {
  const thread = new Thread(SharedMemory.create(32 << 20), buildNamed(build), 0);
  thread.start();
  thread.initialiseInterpreter();
  return thread;
}

describe.each(['gil', 'free-threaded', 'gilectomy'])('%s', (build) => {
  const t = threadOf(build);
  const { numbers, refs } = t;
  /** The value of a new reference, which it gives back. */
  const take = (ref: number): number => {
    const value = numbers.value(ref);
    refs.decref(ref);
    return value;
  };
  const binary = (operation: (a: number, b: number) => number, a: number, b: number): number => {
    const [left, right] = [numbers.int(a), numbers.int(b)];
    const result = take(operation.call(numbers, left, right));
    refs.decref(left);
    refs.decref(right);
    return result;
  };

  test('ints add, subtract, multiply and take the remainder as in Python', () => {
    const int = fc.integer({ min: -(2 ** 26), max: 2 ** 26 });
    fc.assert(
      fc.property(int, int, (a, b) => {
        expect(binary(numbers.addInt, a, b)).toBe(a + b);
        expect(binary(numbers.subtractInt, a, b)).toBe(a - b);
        expect(binary(numbers.multiplyInt, a, b)).toBe(a * b + 0);
        if (b === 0) return;
        const rest = binary(numbers.moduloInt, a, b);
        expect((a - rest) / b + 0).toBe(Math.floor(a / b) + 0);
        expect(rest === 0 || rest < 0 === b < 0).toBe(true);
      }),
    );
  });

  test('-5 to 256 are the static ones, whatever made them', () => {
    for (const value of [-5, 0, 256]) expect(numbers.int(value)).toBe(smallInt(value));
    for (const value of [-6, 257]) {
      const made = numbers.int(value);
      expect(refs.isUnique(made)).toBe(true);
      refs.decref(made);
    }
    expect(numbers.subtractInt(smallInt(3), smallInt(8))).toBe(smallInt(-5));
  });

  test('an int ends at 2**53, and nothing but an int is one', () => {
    const most = numbers.int(Number.MAX_SAFE_INTEGER);
    expect(() => numbers.addInt(most, smallInt(1))).toThrow('2**53');
    expect(() => numbers.int(1.5)).toThrow('no int');
    const float = numbers.float(1.5);
    expect(() => numbers.addInt(float, smallInt(1))).toThrow('two ints');
    expect(() => numbers.moduloInt(most, smallInt(0))).toThrow('modulo by zero');
    refs.decref(most);
    refs.decref(float);
  });

  test('floats take ints along', () => {
    const float = numbers.float(1.5);
    expect(take(numbers.addFloat(float, smallInt(2)))).toBe(3.5);
    expect(take(numbers.multiplyFloat(smallInt(2), float))).toBe(3);
    refs.decref(float);
  });

  test('a lock is tried for a time, and released once', () => {
    const lock = t.locks.create();
    expect(t.locks.acquireTimed(lock, 0)).toBe(true);
    expect(t.locks.acquireTimed(lock, 0)).toBe(false);
    expect(t.locks.acquireTimed(lock, 5)).toBe(false);
    t.locks.release(lock);
    expect(() => t.locks.release(lock)).toThrow('release unlocked lock');
    refs.decref(lock);
  });
});
