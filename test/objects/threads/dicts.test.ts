import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { fixture, stressBuilds } from './support.js';

interface Tally {
  written: number;
  hits: number;
  steps: number;
  seen: number[];
}

const mixed = {
  get: 8,
  contains: 2,
  set: 5,
  del: 3,
  pop: 2,
  setDefault: 2,
  iterate: 1,
  clear: 1,
  update: 1,
  copy: 1,
};
const readers = { get: 8, contains: 2, iterate: 1 };
const writers = { set: 8, del: 4, pop: 2, setDefault: 2, clear: 1, update: 1 };
const resizers = { grow: 2, clear: 2, del: 4, set: 4 };

describe.each(stressBuilds())('dicts under stress, %s', (_name, build) => {
  const cases = [
    { name: 'all do everything', roles: [mixed], keys: 12, dicts: 1 },
    { name: 'the owner reads what others write', roles: [readers, writers], keys: 10, dicts: 1 },
    { name: 'others read what the owner writes', roles: [writers, readers], keys: 10, dicts: 1 },
    { name: 'tables grow and shrink under readers', roles: [resizers, readers], keys: 40, dicts: 1 },
    { name: 'dicts flow into each other', roles: [{ ...mixed, updateShared: 4 }], keys: 12, dicts: 3 },
  ];

  describe.each(['int', 'str', 'mixed'])('%s keys', (kind) => {
    it.each(cases)('$name', async ({ roles, keys, dicts }) => {
      for (const threads of [2, 4]) {
        const operations = build.operations / (keys > 12 ? 8 : 4);
        const args = { seed: build.seed(), operations, roles, keys, kind, dicts };
        const report = await build.run(fixture('dicts'), { threads, args });
        const tallies = report.results as Tally[];
        for (const { length, entries, counts } of report.teardown as {
          length: number;
          entries: number;
          counts: number[];
        }[]) {
          expect(entries).toBe(length);
          // The dict and the iteration; dicts that were merged share their values.
          for (const count of counts) expect(count - 1).toBeOneOf(dicts === 1 ? [1] : [1, 2, 3]);
        }
        for (const tally of tallies) {
          tally.seen.forEach((seen, writer) => {
            expect(seen).toBeLessThanOrEqual(tallies[writer]?.written ?? 0);
          });
        }
      }
    });

    it('has one entry a key, one winner of setDefault, and finds what was inserted', async () => {
      for (const threads of [2, 4]) {
        const keys = 400;
        const args = {
          seed: build.seed(),
          keys,
          kind: kind === 'int' ? 'int' : 'str',
          threads,
          scratch: Control.Scratch,
        };
        const report = await build.run(fixture('dictFacts'), { threads, args });
        const results = report.results as { found: number[]; lookups: number }[];
        for (const { found, lookups } of results) {
          expect(found).toEqual(results[0]?.found);
          expect(lookups).toBeGreaterThan(0);
        }
        expect(report.teardown).toEqual([keys, keys, keys * threads]);
      }
    });
  });
});
