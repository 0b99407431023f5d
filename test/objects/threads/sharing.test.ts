import { describe, expect, it } from 'vitest';
import { fixture, stressBuilds } from './support.js';

interface Tally {
  added: number;
  removed: number;
  written: number;
  passedOn: number;
  reads: number;
  segments: number;
  seen: number[];
}

function expectOnlyWritten(tallies: Tally[]): void {
  for (const tally of tallies) {
    tally.seen.forEach((seen, writer) => {
      expect(seen).toBeLessThanOrEqual(tallies[writer]?.written ?? 0);
    });
  }
}

describe.each(stressBuilds())('objects that several threads use, %s', (_name, build) => {
  it.each([
    { name: 'flat', depth: 0, limit: 20 },
    { name: 'nested', depth: 4, limit: 20 },
    { name: 'many in a mailbox', depth: 1, limit: 400 },
  ])('pass from hand to hand: $name', async ({ depth, limit }) => {
    for (const threads of [2, 4]) {
      const operations = build.operations / (depth + 2);
      const args = { seed: build.seed(), operations, threads, depth, limit };
      const report = await build.run(fixture('handover'), { threads, args });
      const tallies = report.results as Tally[];
      expectOnlyWritten(tallies);
      const sum = (name: 'added' | 'removed') => tallies.reduce((total, tally) => total + tally[name], 0);
      expect((report.teardown as { left: number }).left).toBe(sum('added') - sum('removed'));
    }
  });

  it('have attributes that all set and read', async () => {
    for (const threads of [2, 4]) {
      for (const objects of [1, 6]) {
        const args = { seed: build.seed(), operations: build.operations / 2, objects };
        const report = await build.run(fixture('attributes'), { threads, args });
        expectOnlyWritten(report.results as Tally[]);
        for (const { reads } of report.results as Tally[]) expect(reads).toBeGreaterThan(0);
      }
    }
  });

  it('are the same object, if they are interned strings of one text', async () => {
    for (const threads of [2, 4]) {
      const args = { seed: build.seed(), strings: 500, prefix: `${threads}:${build.seed()}:` };
      const found = (await build.run(fixture('interning'), { threads, args })).results as number[][];
      for (const refs of found) expect(refs).toEqual(found[0]);
      expect(new Set(found[0]).size).toBe(500);
    }
  });

  it('outlive their threads, and meet new ones with the same ids', async () => {
    for (const threads of [2, 4]) {
      const objects = 100;
      const left = await build.runLeaving(fixture('outlive'), { threads, args: { step: 'leave', objects } });
      await build.run(fixture('outlive'), { threads, args: { step: 'take', refs: left.results } });
    }
  });

  it('are freed without recursion, however deep they lie in each other', async () => {
    for (const foreign of [false, true]) {
      const args = { depth: 100_000, foreign };
      const report = await build.run(fixture('deep'), { threads: 2, args });
      expect(report.results).toEqual([0, 0]);
    }
  });

  it('are called, if they are functions, by threads that did not make them', async () => {
    for (const threads of [2, 4]) {
      const report = await build.run(fixture('functions'), { threads, args: { rounds: 100 } });
      expect(report.results).toEqual(new Array(threads).fill(50));
      expect(report.teardown).toBe(50 * threads);
    }
  });
});

// Segments of 4 MiB: each thread has one for its pages, and the data is small. Thousands of arrays pass through.
describe.each(stressBuilds(256 << 20, ['free-threaded', 'gilectomy']))(
  'memory stays bounded, %s',
  (_name, build) => {
    it('while arrays are replaced under readers', async () => {
      for (const writers of ['one', 'all']) {
        const args = { rounds: 40, length: 800, writers };
        const report = await build.run(fixture('churn'), { threads: 3, args });
        for (const { segments } of report.results as Tally[]) expect(segments).toBeLessThanOrEqual(8);
      }
    });

    it('while others free what one allocates', async () => {
      const args = { seed: build.seed(), operations: 3000, threads: 3, depth: 2, limit: 50 };
      const report = await build.run(fixture('handover'), { threads: 3, args });
      for (const { segments } of report.results as Tally[]) expect(segments).toBeLessThanOrEqual(8);
    });

    describe.each(['drop', 'empty'])('while others free large arrays: %s', (how) => {
      it.each([20_000, 100_000, 700_000])('of %d words', async (words) => {
        const args = { lists: 120, words, how };
        const report = await build.run(fixture('largeArrays'), { threads: 2, args });
        // Four in the mailbox, as many on their way; a segment holds one to ten.
        expect((report.results as Tally[])[0]?.segments).toBeLessThanOrEqual(16);
      });
    });
  },
);
