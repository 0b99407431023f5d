import { describe, expect, it } from 'vitest';
import { toWaits } from '#ungil/report/explanations.js';
import { toResults } from '#ungil/report/results.js';
import { renderTable } from '#ungil/report/table.js';
import type { Explained } from '#ungil/report/types.js';
import { whyInWords } from '#ungil/report/whyWords.js';
import { measured, NAMES, WORKLOADS } from './fixtures.js';

const EXPLAINED: Explained = {
  operations: 1000,
  seconds: 0.1,
  threads: [{ lockMicroseconds: 40_000 }, { lockMicroseconds: 40_000 }],
  hotCount: null,
  hotLock: { what: 'list', count: 1000, share: 1, threads: 2 },
  hotMiss: null,
  wrong: null,
};

/** One and two threads of each workload; `speedup` by place. */
function results(names: readonly string[], build: string, speedup: (place: number) => number) {
  const measurements = names.flatMap((name, place) => [
    measured(name, build, 1, [10, 10, 10]),
    measured(
      name,
      build,
      2,
      [10, 10, 10].map((mops) => mops * speedup(place)),
      { explained: EXPLAINED },
    ),
  ]);
  return toResults(measurements, WORKLOADS);
}

describe('the reasons in words', () => {
  it('are given for what does not scale without a GIL, the worst first', () => {
    const rows = results(
      ['fib', 'int-add', 'shared-list-append'],
      'free-threaded',
      (place) => 1.9 - place * 0.6,
    );
    const words = whyInWords(rows);
    expect(words).toEqual([
      'Why the speed-up at 2 threads is less than it could be:',
      "shared-list-append, free-threaded (0.70): every operation takes one list's lock: they take turns, waiting 40 % of the time.",
      "int-add, free-threaded (1.30): every operation takes one list's lock: they take turns, waiting 40 % of the time.",
    ]);
    const table = renderTable(rows, { width: 80, paint: (_, text) => text, workloads: WORKLOADS });
    expect(table.join('\n')).toContain('Why the speed-up at 2 threads');
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('are not given where everything scales, under a GIL, or where nothing was explained', () => {
    expect(whyInWords(results(['fib'], 'free-threaded', () => 1.9))).toEqual([]);
    expect(whyInWords(results(['fib'], 'gil', () => 1))).toEqual([]);
    const bare = [measured('fib', 'free-threaded', 1, [10]), measured('fib', 'free-threaded', 2, [10])];
    expect(whyInWords(toResults(bare, WORKLOADS))).toEqual([]);
  });

  it('are few: the others are in the JSON', () => {
    const words = whyInWords(results(NAMES, 'free-threaded', () => 0.5));
    expect(words).toHaveLength(10);
    expect(words[9]).toBe('8 more rows with their reasons are in the JSON.');
  });
});

describe('results', () => {
  it('have the explanation with its diagnosis, null where there was none', () => {
    const [one, two] = results(['fib'], 'free-threaded', () => 1);
    expect(one.explanation).toBeNull();
    expect(two.explanation).toMatchObject({ operations: 1000, threads: EXPLAINED.threads });
    expect(two.explanation?.diagnosis).toContain('take turns');
  });

  it('have the waits for the GIL in milliseconds, by powers of two', () => {
    const histogram = Array.from({ length: 20 }, (_, bucket) => (bucket === 3 ? 2 : bucket === 12 ? 1 : 0));
    const waits = toWaits({ count: 3, microseconds: 4015, longestMicroseconds: 4000, histogram });
    expect(waits).toMatchObject({ count: 3, totalMs: 4.015, longestMs: 4 });
    expect(waits?.histogram).toHaveLength(13);
    expect(waits?.histogram.filter(([, count]) => count > 0)).toEqual([
      [8, 2],
      [4096, 1],
    ]);
    const endless = toWaits({
      count: 1,
      microseconds: 1,
      longestMicroseconds: 1,
      histogram: histogram.map(() => 1),
    });
    expect(endless?.histogram[19]).toEqual([Number.POSITIVE_INFINITY, 1]);
    expect(toWaits(null)).toBeNull();
  });
});
