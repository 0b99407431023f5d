import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { describeKey } from '#ungil/objects/describe.js';
import { ObjectWorld } from './support/objectWorld.js';

const whole = new ObjectWorld('free-threaded');
const thread = whole.threads[0];
const { hashing, numbers, strings, tuples, lists, dicts } = thread;
const True = Control.True;
const False = Control.False;
const None = Control.None;
const EmptyTuple = Control.EmptyTuple;

describe('Hashing', () => {
  it('makes equal numbers equal whatever their type', () => {
    const sets = [
      [numbers.int(1), numbers.float(1), True],
      [numbers.int(0), numbers.float(0), numbers.float(-0), False],
      [numbers.int(2 ** 40), numbers.float(2 ** 40)],
      [numbers.int(-(2 ** 31)), numbers.float(-(2 ** 31))],
      [numbers.float(0.5)],
      [numbers.float(Number.POSITIVE_INFINITY)],
      [strings.create('1')],
      [None],
    ];
    for (const a of sets) {
      for (const b of sets) {
        for (const x of a) {
          for (const y of b) {
            expect(hashing.equal(x, y)).toBe(a === b);
            if (a === b) expect(hashing.hash(x)).toBe(hashing.hash(y));
          }
        }
      }
    }
  });

  it('uses the value of an int that fits 32 bits as its hash', () => {
    for (const value of [0, 1, -1, 256, 257, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(hashing.hash(numbers.int(value))).toBe(value);
    }
  });

  it('gives every key a 32-bit integer', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const key = numbers.float(value);
        const hash = hashing.hash(key);
        expect(hash).toBe(hash | 0);
        expect(hashing.equal(key, key)).toBe(true);
        thread.drop(key);
      }),
    );
  });

  it('takes a NaN for itself only', () => {
    const a = numbers.float(Number.NaN);
    const b = numbers.float(Number.NaN);
    expect(hashing.equal(a, a)).toBe(true);
    expect(hashing.equal(a, b)).toBe(false);
    expect(hashing.hash(a)).not.toBe(hashing.hash(b));
  });

  it('compares tuples by their items, also nested', () => {
    const build = (first: number) => {
      const inner = tuples.create([strings.create('x'), numbers.float(first)]);
      return tuples.create([numbers.int(7), inner]);
    };
    const [a, b, c] = [build(1), build(1), build(2)];
    expect(hashing.hash(a)).toBe(hashing.hash(b));
    expect(hashing.hash(a)).toBe(hashing.hash(a));
    expect(hashing.equal(a, b)).toBe(true);
    expect(hashing.equal(a, c)).toBe(false);
    expect(hashing.hash(a)).not.toBe(hashing.hash(c));
    const swapped = tuples.create([numbers.int(2), numbers.int(1)]);
    const straight = tuples.create([numbers.int(1), numbers.int(2)]);
    expect(hashing.hash(swapped)).not.toBe(hashing.hash(straight));
    expect(hashing.equal(straight, tuples.create([numbers.int(1)]))).toBe(false);
    expect(hashing.equal(EmptyTuple, EmptyTuple)).toBe(true);
    expect(hashing.equal(straight, None)).toBe(false);
  });

  it('refuses lists and dicts, also within tuples', () => {
    const list = lists.create();
    const dict = dicts.create();
    expect(() => hashing.hash(list)).toThrow("unhashable type: 'list'");
    expect(() => hashing.hash(dict)).toThrow("unhashable type: 'dict'");
    expect(() => hashing.hash(tuples.create([list]))).toThrow("unhashable type: 'list'");
  });

  it('shows keys as Python does', () => {
    const shown = [
      numbers.int(-3),
      numbers.float(2),
      numbers.float(0.25),
      numbers.float(Number.NEGATIVE_INFINITY),
      strings.create('a b'),
      True,
      None,
      tuples.create([numbers.int(1)]),
      tuples.create([numbers.int(1), strings.create('x')]),
    ].map((key) => describeKey(whole.memory, strings, key));
    expect(shown).toEqual(['-3', '2.0', '0.25', '-inf', "'a b'", 'True', 'None', '(1,)', "(1, 'x')"]);
  });
});
