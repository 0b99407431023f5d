import { describe, expect, it } from 'vitest';
import { fixture, stressBuilds } from './support.js';

interface Tally {
  added: number;
  removed: number;
  written: number;
  reads: number;
  seen: number[];
}

const mixed = { get: 8, append: 6, pop: 3, set: 3, clear: 1, extend: 1 };
const readers = { get: 1 };
const writers = { append: 6, pop: 4, set: 2, clear: 1, extend: 1 };
const emptying = { append: 3, pop: 3, clear: 2 };

describe.each(stressBuilds())('lists under stress, %s', (_name, build) => {
  const cases = [
    { name: 'all do everything to one list', roles: [mixed], limit: 40, each: false },
    { name: 'all do everything to a list of each', roles: [mixed], limit: 40, each: true },
    { name: 'the owner reads what others write', roles: [readers, writers], limit: 100, each: false },
    { name: 'the owner reads what others empty', roles: [readers, emptying], limit: 6, each: false },
    { name: 'others read what the owner writes', roles: [writers, readers], limit: 100, each: false },
    { name: 'arrays of many sizes', roles: [mixed, writers], limit: 600, each: true },
  ];

  it.each(cases)('$name', async ({ roles, limit, each }) => {
    for (const threads of [2, 4]) {
      const args = { seed: build.seed(), operations: build.operations, roles, limit, each };
      const report = await build.run(fixture('lists'), { threads, args });
      const tallies = report.results as Tally[];
      const { left, counts } = report.teardown as { left: number; counts: number[] };
      const added = tallies.reduce((sum, tally) => sum + tally.added, 0);
      const removed = tallies.reduce((sum, tally) => sum + tally.removed, 0);
      expect(left).toBe(added - removed);
      // The list, and whoever asked.
      expect(counts.filter((count) => count !== 2)).toEqual([]);
      for (const tally of tallies) {
        tally.seen.forEach((seen, writer) => {
          expect(seen).toBeLessThanOrEqual(tallies[writer]?.written ?? 0);
        });
      }
    }
  });
});
