import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DOCUMENTED, fidelityInWords, fidelityOf, rankCorrelation } from '#ungil/report/fidelity.js';
import { type Result, toResults } from '#ungil/report/results.js';
import { measured, NAMES, WORKLOADS } from './fixtures.js';

/** A row whose speed-up and CPython's are these. */
function row(ours: number | null, cpython: number | null, more: Partial<Result> = {}): Result {
  const [result] = toResults([measured('fib', 'gil', 2, [10])], WORKLOADS);
  const figures = cpython === null ? null : { speedup: cpython, nsPerOp: 1, source: 'bundled' };
  return { ...result, speedup: ours, cpython: figures, ...more };
}

describe('rankCorrelation', () => {
  it('is that of the textbook', () => {
    // The differences of the ranks are 1, 1, 1, 1, 0: 1 - 6 * 4 / (5 * 24).
    expect(rankCorrelation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12);
    expect(rankCorrelation([10, 20, 30], [0.1, 0.2, 900])).toBe(1);
    expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  });

  it('gives equal values the mean of their ranks', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    expect(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  it('is not defined for two pairs, or where one side has no order', () => {
    expect(rankCorrelation([1, 2], [1, 2])).toBeNull();
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNull();
  });

  const pairs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
    minLength: 3,
    maxLength: 20,
  });

  it('lies between -1 and 1, is symmetric, and is 1 with itself', () => {
    fc.assert(
      fc.property(pairs, (points) => {
        const [x, y] = [points.map(([a]) => a), points.map(([, b]) => b)];
        const value = rankCorrelation(x, y);
        expect(rankCorrelation(y, x)).toBe(value);
        if (value !== null) expect(Math.abs(value)).toBeLessThanOrEqual(1);
        const own = rankCorrelation(x, x);
        if (own !== null) expect(own).toBeCloseTo(1, 12);
      }),
    );
  });

  it('sees nothing of a rising map, and a falling one turns the sign', () => {
    fc.assert(
      fc.property(pairs, (points) => {
        const [x, y] = [points.map(([a]) => a), points.map(([, b]) => b)];
        const value = rankCorrelation(x, y);
        expect(
          rankCorrelation(
            x.map(Math.exp),
            y.map((b) => b ** 3 - 5),
          ),
        ).toEqual(value);
        const turned = rankCorrelation(
          x.map((a) => -a),
          y,
        );
        if (value === null) expect(turned).toBeNull();
        else expect(turned).toBeCloseTo(-value, 12);
      }),
    );
  });
});

describe('fidelityOf', () => {
  it('counts what is at most a quarter of CPython away, either way', () => {
    const rows = [row(1.25, 1), row(0.75, 1), row(1.26, 1), row(0.74, 1), row(2, 2)];
    expect(fidelityOf(rows)).toMatchObject({ rows: 5, threads: 2, within25Percent: 0.6 });
    // 1.5 / 1.2 is a little more than 1.25 in doubles.
    expect(fidelityOf([row(1.5, 1.2)])?.within25Percent).toBe(1);
  });

  it('lists the others, farthest first, and each build alone', () => {
    const fidelity = fidelityOf([
      row(1, 1, { workload: 'a' }),
      row(2, 1, { workload: 'b' }),
      row(0.25, 1, { workload: 'c', build: 'free-threaded' }),
    ]);
    expect(fidelity?.outside).toEqual([
      { workload: 'c', build: 'free-threaded', ours: 0.25, cpython: 1 },
      { workload: 'b', build: 'gil', ours: 2, cpython: 1 },
    ]);
    expect(fidelity?.builds).toEqual({
      gil: { rows: 2, rankCorrelation: null, within25Percent: 0.5 },
      'free-threaded': { rows: 1, rankCorrelation: null, within25Percent: 0 },
    });
  });

  it('takes the highest number of threads that both have, and what is right', () => {
    const rows = [
      row(1, 1, { threads: 1 }),
      row(9, 1, { threads: 2 }),
      row(1, 1, { threads: 4 }),
      row(9, 1, { threads: 4, wrong: 'lost 3' }),
      row(null, 1, { threads: 4 }),
      row(9, null, { threads: 8 }),
    ];
    expect(fidelityOf(rows)).toMatchObject({ rows: 1, threads: 4, within25Percent: 1 });
    expect(fidelityOf([row(1, 1, { threads: 1 }), row(1, null)])).toBeNull();
  });

  it('is perfect for CPython itself', () => {
    const rows = NAMES.map((workload, i) => row(1 + i / 10, 1 + i / 10, { workload }));
    const fidelity = fidelityOf(rows);
    expect(fidelity).toMatchObject({ rows: 16, within25Percent: 1, outside: [] });
    expect(fidelity?.rankCorrelation).toBeCloseTo(1, 12);
  });
});

describe('fidelityInWords', () => {
  it('says how many, how well ordered, and which are not', () => {
    const fidelity = fidelityOf([
      row(1, 1.1, { workload: 'fib' }),
      row(1.2, 1.2, { workload: 'int-add' }),
      row(1.31, 0.84, { workload: 'alloc-drop-list' }),
      row(2, 1.9, { workload: 'fib', build: 'free-threaded' }),
    ]);
    expect(fidelityInWords(fidelity)).toEqual([
      "Fidelity: 3 of 4 speed-ups at 2 threads within 25 % of CPython's, rank correlation 0.40; gil 2 of 3, " +
        'rank correlation -0.50; free-threaded 1 of 1.',
      'Outside: alloc-drop-list in gil 1.31 (CPython: 0.84). docs/fidelity.md says what is known of alloc-drop-list.',
    ]);
    expect(fidelityInWords(null)).toEqual([]);
  });

  it('lists the farthest eight', () => {
    const rows = NAMES.slice(0, 10).map((workload, i) => row(3 + i, 1, { workload }));
    const [, outside] = fidelityInWords(fidelityOf(rows));
    expect(outside).toContain('Outside: shared-dict-set in gil 12.00 (CPython: 1.00); ');
    expect(outside).toMatch(/private-list-append in gil 5\.00 \(CPython: 1\.00\); and 2 more\./);
  });
});

describe('docs/fidelity.md', () => {
  it('has a section for each row that it is said to speak of', () => {
    const text = readFileSync(new URL('../../docs/fidelity.md', import.meta.url), 'utf8');
    const sections = [...text.matchAll(/^### `([^`]+)`\n\nIn (gil|free-threaded)\b/gm)];
    expect(Object.fromEntries(sections.map(([, workload, build]) => [workload, build]))).toEqual(DOCUMENTED);
    expect(text.match(/^### /gm)).toHaveLength(sections.length);
    for (const name of Object.keys(DOCUMENTED)) expect(NAMES).toContain(name);
  });
});
