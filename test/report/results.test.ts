import { describe, expect, it } from 'vitest';
import { priceOfFreeThreading, toResults } from '#ungil/report/results.js';
import { grid, measured, WORKLOADS } from './fixtures.js';

describe('toResults', () => {
  it('derives every figure from the samples', () => {
    const [one, two] = toResults(
      [measured('fib', 'free-threaded', 1, [10, 30, 20]), measured('fib', 'free-threaded', 2, [32, 40])],
      WORKLOADS,
    );
    expect(one.opsPerSecond).toEqual({
      median: 20e6,
      min: 10e6,
      max: 30e6,
      samples: [10e6, 30e6, 20e6],
      interval: null,
    });
    expect(one).toMatchObject({
      unit: 'op',
      speedup: 1,
      efficiency: 1,
      fairness: 1,
      nsPerOp: 50,
      gcPauseMs: null,
    });
    expect(two.speedup).toBeCloseTo(1.8, 12);
    expect(two.efficiency).toBeCloseTo(0.9, 12);
    expect(two.cpython?.speedup).toBeCloseTo(55.5 / 29.3, 12);
    expect(two.cpython?.nsPerOp).toBeCloseTo(1000 / 55.5, 12);
  });

  it('compares with one thread of the same build and workload only', () => {
    const results = toResults(
      [
        measured('fib', 'gil', 1, [10]),
        measured('int-add', 'free-threaded', 1, [10]),
        measured('fib', 'free-threaded', 2, [10]),
      ],
      WORKLOADS,
    );
    expect(results[2].speedup).toBeNull();
    expect(results[2].efficiency).toBeNull();
  });

  it('takes the middle repeat for fairness', () => {
    const samples = [
      [1, 1],
      [1, 4],
      [1, 2],
    ].map((perThread) => ({ operations: 1, seconds: 1, perThread }));
    const [result] = toResults([measured('fib', 'gil', 2, [], { samples })], WORKLOADS);
    expect(result.fairness).toBeCloseTo(0.9, 12);
  });

  it('has no figures, but does not fail, for a run without samples or without operations', () => {
    const [none, idle] = toResults(
      [measured('fib', 'gil', 1, []), measured('int-add', 'gil', 1, [0])],
      WORKLOADS,
    );
    expect(none.opsPerSecond.median).toBeNaN();
    expect(none.speedup).toBeNull();
    expect(idle.nsPerOp).toBe(Number.POSITIVE_INFINITY);
    expect(idle.speedup).toBeNull();
  });

  it('has no CPython figures for builds that CPython does not have', () => {
    const [result] = toResults([measured('fib', 'gilectomy', 1, [10])], WORKLOADS);
    expect(result.cpython).toBeNull();
  });
});

describe('priceOfFreeThreading', () => {
  it("is free-threaded's time over gil's at one thread", () => {
    const results = toResults(
      [measured('fib', 'gil', 1, [20]), measured('fib', 'free-threaded', 1, [16])],
      WORKLOADS,
    );
    expect(priceOfFreeThreading(results, 'fib')).toBeCloseTo(1.25, 12);
    expect(priceOfFreeThreading(results, 'int-add')).toBeNull();
  });

  it('is not taken from a wrong result', () => {
    const results = toResults(
      [measured('fib', 'gil', 1, [20]), measured('fib', 'free-threaded', 1, [16], { wrong: 'no' })],
      WORKLOADS,
    );
    expect(priceOfFreeThreading(results, 'fib')).toBeNull();
  });

  it('needs both builds at one thread', () => {
    const results = toResults(grid(['fib'], ['gil', 'free-threaded'], [2]), WORKLOADS);
    expect(priceOfFreeThreading(results, 'fib')).toBeNull();
  });
});
