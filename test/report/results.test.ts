import { describe, expect, it } from 'vitest';
import { priceOfFreeThreading, toResults } from '#ungil/report/results.js';
import { besides, grid, measured, WORKLOADS } from './fixtures.js';

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
      interval: { low: expect.closeTo(8.557e6, -4), high: expect.closeTo(32.86e6, -4) },
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

  it('has an interval of the speed-up where both have three samples, and none at one thread', () => {
    const [one, two, four] = toResults(
      [
        measured('fib', 'free-threaded', 1, [10, 10, 11]),
        measured('fib', 'free-threaded', 2, [20, 21, 20]),
        measured('fib', 'free-threaded', 4, [40, 40]),
      ],
      WORKLOADS,
    );
    expect(one.speedupInterval).toBeNull();
    expect(two.speedupInterval!.low).toBeLessThan(2);
    expect(two.speedupInterval!.high).toBeGreaterThan(2);
    expect(four.speedupInterval).toBeNull();
    expect(four.opsPerSecond.interval).toBeNull();
  });

  it('takes the ceiling of its own samples for efficiency', () => {
    const alone = besides(measured('fib', 'free-threaded', 1, [10, 10, 10]), [null, null, null]);
    const quiet = besides(measured('fib', 'free-threaded', 2, [19, 19, 19]), [2, 2.1, 1.9]);
    const [single, two] = toResults([{ ...alone, chunks: [10, 30, 20] }, quiet], WORKLOADS, 2);
    expect(single).toMatchObject({ ceiling: null, efficiency: 1, chunk: 20 });
    expect(two).toMatchObject({ ceiling: 2, efficiency: 0.95, warnings: [], chunk: null });
    expect(two.beside).toEqual({
      round: [0, 1, 2],
      together: [2000, 2100, 1900],
      bareRate: [1000, 1000, 1000],
    });
  });

  it('does not take a busy machine for contention', () => {
    const alone = besides(measured('fib', 'free-threaded', 1, [10, 10, 10]), [null, null, null]);
    const busy = besides(measured('fib', 'free-threaded', 2, [14.4, 14.2, 14.3]), [1.5, 1.52, 1.48]);
    const [, two] = toResults([alone, busy], WORKLOADS, 2);
    expect(two.speedup).toBeCloseTo(1.43, 9);
    expect(two.efficiency).toBeCloseTo(0.953, 3);
    expect(two.warnings).toEqual(["the machine's ceiling for 2 threads was 1.50 here: it was busy"]);
  });

  it('divides bare loops as it divides throughputs: all at once by those beside one thread', () => {
    // The machine is at half its speed while two threads run, and not while one does.
    const alone = besides(measured('fib', 'gil', 1, [10, 10]), [null, null], [0, 1], [1000, 1000]);
    const slow = besides(measured('fib', 'gil', 2, [9, 9]), [2, 2], [0, 1], [500, 500]);
    expect(toResults([alone, slow], WORKLOADS, 2)[1]).toMatchObject({ ceiling: 1, efficiency: 0.9 });
    // Without a run of one thread its own loops say what the machine gives.
    expect(toResults([slow], WORKLOADS, 2)[0]).toMatchObject({ ceiling: 2, efficiency: null });
    const unknown = measured('fib', 'gil', 2, [9, 9]);
    expect(toResults([alone, unknown], WORKLOADS, 2)[1]).toMatchObject({ ceiling: null, efficiency: 0.45 });
  });

  it('takes the mean of what bare loops got, not the middle', () => {
    const alone = besides(measured('fib', 'gil', 1, [10, 10, 10]), [null, null, null]);
    const two = besides(measured('fib', 'gil', 2, [15, 15, 15]), [2, 2, 0.5]);
    expect(toResults([alone, two], WORKLOADS, 2)[1].ceiling).toBeCloseTo(1.5, 9);
  });

  it('does not call a machine busy that has fewer cores than the run has threads', () => {
    const alone = besides(measured('fib', 'free-threaded', 1, [10, 10, 10]), [null, null, null]);
    const four = besides(measured('fib', 'free-threaded', 4, [20, 20, 20]), [2, 2, 2]);
    expect(toResults([alone, four], WORKLOADS, 2)[1]).toMatchObject({ efficiency: 1, warnings: [] });
    expect(toResults([alone, four], WORKLOADS, 4)[1].warnings).toHaveLength(1);
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
