import { describe, expect, it } from 'vitest';
import { overlap } from '#ungil/report/agreement.js';
import { toResults } from '#ungil/report/results.js';
import { measured, WORKLOADS } from './fixtures.js';

const results = (...rows: [string, number[]][]) =>
  toResults(
    rows.map(([name, mops]) => measured(name, 'gil', 1, mops)),
    WORKLOADS,
  );

describe('two runs of a comparison', () => {
  it('agree with themselves', () => {
    const one = results(['fib', [10, 11, 12]], ['int-add', [5, 5, 5]]);
    expect(overlap(one, one)).toEqual({ rows: 2, share: 1, apart: [] });
  });

  it('agree in the rows whose intervals overlap', () => {
    const one = results(['fib', [10, 11, 12]], ['int-add', [5, 5.1, 5.2]], ['private-dict', [3, 3, 3]]);
    const two = results(['fib', [11, 12, 13]], ['int-add', [7, 7.1, 7.2]], ['private-dict', [3, 3, 3]]);
    const { rows, share, apart } = overlap(one, two);
    expect(rows).toBe(3);
    expect(share).toBeCloseTo(2 / 3, 12);
    expect(apart).toEqual([
      {
        workload: 'int-add',
        build: 'gil',
        threads: 1,
        first: one[1].opsPerSecond.interval,
        second: two[1].opsPerSecond.interval,
      },
    ]);
    expect(overlap(two, one).share).toBe(share);
  });

  it('are compared in what both have, and have an interval of', () => {
    const one = results(['fib', [10, 11, 12]], ['int-add', [5, 5]], ['private-dict', [3, 3, 3]]);
    const two = results(['fib', [10, 11, 12]], ['int-add', [5, 5, 5]]);
    expect(overlap(one, two)).toMatchObject({ rows: 1, share: 1 });
    expect(overlap(one, []).share).toBeNaN();
  });
});
