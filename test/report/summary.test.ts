import { describe, expect, it } from 'vitest';
import { toResults } from '#ungil/report/results.js';
import { summarise } from '#ungil/report/summary.js';
import { summaryInWords } from '#ungil/report/words.js';
import { grid, measured, NAMES, WORKLOADS } from './fixtures.js';

const summaryOf = (...measurements: Parameters<typeof toResults>[0]) =>
  summarise(toResults(measurements, WORKLOADS));

describe('summarise', () => {
  it('takes geometric means over the workloads', () => {
    const summary = summaryOf(
      measured('fib', 'gil', 1, [33]),
      measured('fib', 'free-threaded', 1, [66]),
      measured('fib', 'free-threaded', 2, [66 * 4]),
      measured('int-add', 'gil', 1, [33.6]),
      measured('int-add', 'free-threaded', 1, [4.2]),
      measured('int-add', 'free-threaded', 2, [4.2]),
    );
    // 0.5 and 8; speed-ups 4 and 1.
    expect(summary.priceOfFreeThreading?.ours).toBeCloseTo(2, 9);
    expect(summary.priceOfFreeThreading?.cpython).toBeCloseTo(Math.sqrt((33 / 29.3) * (33.6 / 31.4)), 9);
    expect(summary.speedup['free-threaded']).toMatchObject({ threads: 2, workloads: 2 });
    expect(summary.speedup['free-threaded'].ours).toBeCloseTo(2, 9);
    expect(summary.speedup.gil).toBeUndefined();
    expect(summary.nsPerOpOverCPython.gil.ratio).toBeCloseTo(1, 9);
    const free = summary.nsPerOpOverCPython['free-threaded'];
    expect(free.worst.workload).toBe('int-add');
    expect(free.worst.ratio).toBeCloseTo(31.4 / 4.2, 9);
  });

  it('leaves wrong results out', () => {
    const summary = summaryOf(
      measured('fib', 'gil', 1, [10]),
      measured('fib', 'free-threaded', 1, [10], { wrong: 'lost 3' }),
    );
    expect(summary.priceOfFreeThreading).toBeNull();
    expect(Object.keys(summary.nsPerOpOverCPython)).toEqual(['gil']);
  });

  it('sets nothing beside a mean whose workloads CPython did not all run', () => {
    const summary = summaryOf(...grid(['fib', 'racy-counter'], ['gil', 'free-threaded'], [1]));
    expect(summary.priceOfFreeThreading).toMatchObject({ workloads: 2, cpython: null });
    expect(summary.nsPerOpOverCPython.gil.workloads).toBe(1);
  });

  it('is empty for nothing', () => {
    const summary = summaryOf();
    expect(summary).toEqual({ priceOfFreeThreading: null, speedup: {}, nsPerOpOverCPython: {} });
    expect(summaryInWords(summary, '')).toEqual([]);
  });
});

describe('summaryInWords', () => {
  it('says the number of workloads once when all means share it', () => {
    const words = summaryInWords(
      summaryOf(...grid(NAMES, ['gil', 'free-threaded'], [1, 2])),
      'a quiet machine',
    );
    expect(words[0]).toBe('In short, geometric means of 16 workloads:');
    expect(words.filter((line) => line.includes('16 workloads'))).toHaveLength(1);
    expect(words[1]).toMatch(
      /^price of free threading at 1 thread: \d\.\d\d times gil's .*\(CPython: 1\.26\)\.$/,
    );
    expect(words.at(-1)).toBe("Source of CPython's figures: a quiet machine.");
  });

  it('says it with each sentence when they differ', () => {
    const words = summaryInWords(summaryOf(...grid(['fib', 'racy-counter'], ['gil'], [1, 2])), '');
    expect(words[0]).toContain('geometric means of 2 workloads');
    expect(words[1]).toContain('on 1 workload');
  });
});
