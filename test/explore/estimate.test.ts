import { describe, expect, it } from 'vitest';
import { TreeEstimate } from '#ungil/explore/estimate.js';
import { Random } from '#ungil/explore/random.js';

/** Children of a node that is named by the way to it; 0: a leaf. */
type Tree = (way: readonly number[]) => number;

interface Sample {
  /** Executions that have ended before the one at hand. */
  readonly executed: number;
  readonly total: number;
}

/** Searches the tree depth first and asks for an estimate during each execution. */
function search(tree: Tree): { leaves: number; samples: Sample[] } {
  const estimate = new TreeEstimate();
  const samples: Sample[] = [];
  const way: number[] = [];
  const known: number[] = [];
  for (;;) {
    for (let children = tree(way); children > 0; children = tree(way)) {
      known.push(children);
      way.push(0);
    }
    samples.push({ executed: estimate.executed, total: estimate.total(known) });
    while (way.length > 0 && way[way.length - 1] + 1 === known[known.length - 1]) {
      way.pop();
      known.pop();
    }
    if (way.length === 0) return { leaves: estimate.executed + 1, samples };
    estimate.advance(way.length - 1);
    way[way.length - 1]++;
  }
}

/** A number from 0 to 1 that belongs to the node. */
function chance(way: readonly number[], seed: number): number {
  const random = new Random().seed(seed + way.reduce((sum, step) => sum * 7 + step + 1, 1));
  return random.next() / 2 ** 32;
}

describe('TreeEstimate', () => {
  it('knows the size of an even tree from its first path', () => {
    const branching = [3, 1, 2, 4, 2];
    const { leaves, samples } = search((way) => branching[way.length] ?? 0);
    expect(leaves).toBe(48);
    for (const { total } of samples) expect(total).toBe(48);
  });

  it('is exact at the last execution of any tree', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { leaves, samples } = search((way) => (way.length < 7 ? Math.floor(chance(way, seed) * 4) : 0));
      expect(samples.at(-1)).toEqual({ executed: leaves - 1, total: leaves });
    }
  });

  it('is never below what has been done', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { samples } = search((way) => (way.length < 7 ? Math.floor(chance(way, seed) * 4) : 0));
      for (const { executed, total } of samples) expect(total).toBeGreaterThan(executed);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])('comes near the size of an uneven tree (seed %i)', (seed) => {
    const { leaves, samples } = search((way) =>
      way.length < 12 ? 1 + Math.floor(chance(way, seed) * 3) : 0,
    );
    expect(leaves).toBeGreaterThan(900);
    // The branching of the first path alone is wrong by a factor of up to 25 here.
    for (const [part, factor] of [
      [0.1, 6],
      [0.5, 2.5],
      [0.9, 1.5],
    ]) {
      const { total } = samples[Math.floor(leaves * part)];
      expect(total).toBeGreaterThan(leaves / factor);
      expect(total).toBeLessThan(leaves * factor);
    }
  });

  it('learns that later siblings are smaller, as sleep sets make them', () => {
    // The branching of the first path promises 2^14 leaves; but nothing branches behind a second child.
    const tree: Tree = (way) =>
      way.length < 14 && way.every((step) => step === 0) ? 2 : way.length < 14 ? 1 : 0;
    const { leaves, samples } = search(tree);
    expect(leaves).toBe(15);
    expect(samples[0].total).toBe(2 ** 14);
    expect(samples[7].total).toBeLessThan(2 ** 14 / 50);
  });

  it('takes alternatives that become known later', () => {
    const estimate = new TreeEstimate();
    expect(estimate.total([1, 1, 1])).toBe(1);
    expect(estimate.total([1, 2, 2])).toBe(4);
    estimate.advance(2);
    expect(estimate.total([1, 2, 2])).toBe(4);
    estimate.advance(1);
    expect(estimate.total([3, 2, 1])).toBeGreaterThan(3);
    expect(estimate.total([3, 2, 1], 2)).toBe(estimate.total([3, 2]));
  });

  it('stays a safe integer', () => {
    expect(new TreeEstimate().total(new Array<number>(2_000).fill(8))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('tells the time left from the rate, once there is one', () => {
    const estimate = new TreeEstimate();
    expect(estimate.leftMs(100, 50)).toBeNull();
    for (let i = 0; i < 20; i++) estimate.advance(0);
    expect(estimate.leftMs(100, 0)).toBeNull();
    expect(estimate.leftMs(100, 50)).toBe(200);
    expect(estimate.leftMs(20, 50)).toBe(0);
  });
});
