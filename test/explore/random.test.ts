import { describe, expect, it } from 'vitest';
import { Random, RandomState } from '#ungil/explore/random.js';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

describe('Random', () => {
  it('repeats the sequence of a seed, and no other seed has it', () => {
    const first = draw(new Random().seed(7), 100);
    expect(draw(new Random().seed(7), 100)).toEqual(first);
    for (const other of [8, -7, 7 + 2 ** 32, 0])
      expect(draw(new Random().seed(other), 100)).not.toEqual(first);
  });

  it('gives unsigned 32-bit integers that do not repeat soon', () => {
    const numbers = draw(new Random().seed(1), 10_000);
    for (const number of numbers) {
      expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
    }
    expect(new Set(numbers).size).toBeGreaterThan(9_990);
  });

  it('is sfc32: every word of the state counts', () => {
    const words = new Int32Array(RandomState.Words);
    // By hand: sum = a + b + counter; then a, b, c and the counter move on.
    words.set([1, 512, 3, 4]);
    const random = new Random(words);
    expect(random.next()).toBe(517);
    expect([...words]).toEqual([512 ^ 1, 27, (3 << 21) + 517, 5]);
  });

  it('shares one sequence between instances over the same words, and touches no others', () => {
    const words = new Int32Array(RandomState.Words + 2).fill(99);
    const one = new Random(words, 1).seed(5);
    const other = new Random(words, 1);
    const shared = [one.next(), other.next(), one.next(), other.next()];
    expect(shared).toEqual(draw(new Random().seed(5), 4));
    expect([words[0], words[RandomState.Words + 1]]).toEqual([99, 99]);
  });

  it.each([1, 2, 3, 7, 10])('draws evenly below %i', (n) => {
    const random = new Random().seed(n);
    const counts = new Array<number>(n).fill(0);
    const draws = 7_000 * n;
    for (let i = 0; i < draws; i++) counts[random.below(n)]++;
    expect(counts.reduce((a, b) => a + b)).toBe(draws);
    // Standard deviation below 84: 6 of them.
    for (const count of counts) expect(Math.abs(count - 7_000)).toBeLessThan(504);
  });

  it('stays below the largest bounds', () => {
    const words = new Int32Array(RandomState.Words);
    for (const n of [2 ** 31, 2 ** 32 - 1, 2 ** 32]) {
      words.set([-1, 0, 0, 0]);
      const number = new Random(words).below(n);
      expect(number).toBe(n === 2 ** 31 ? 2 ** 31 - 1 : n - 1);
    }
  });

  it('sets each bit half of the time', () => {
    const random = new Random().seed(3);
    const ones = new Array<number>(32).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const number = random.next();
      for (let bit = 0; bit < 32; bit++) ones[bit] += (number >>> bit) & 1;
    }
    for (const count of ones) expect(Math.abs(count - 5_000)).toBeLessThan(300);
  });

  it('shuffles into every order about as often, and only the first items where told so', () => {
    const random = new Random().seed(11);
    const orders = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const items = [1, 2, 3, 4, 5];
      random.shuffle(items, 4);
      expect(items[4]).toBe(5);
      const order = items.join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    for (const count of orders.values()) expect(Math.abs(count - 1_000)).toBeLessThan(190);
  });
});
