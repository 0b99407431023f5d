import { describe, expect, it } from 'vitest';
import { formatCompareJson, toCompareJson } from '#ungil/report/json.js';
import { toResults } from '#ungil/report/results.js';
import type { CompareOptions, Measurement } from '#ungil/report/types.js';
import { grid, measured, NAMES, WORKLOADS } from './fixtures.js';

const options: CompareOptions = {
  workloads: NAMES,
  builds: ['gil', 'free-threaded'],
  threads: [1, 2],
  timeMs: 500,
  repeats: 5,
  memoryBytes: 2 ** 30,
};

// biome-ignore lint/suspicious/noExplicitAny: what a script sees is untyped
function written(measurements: Measurement[], complete = true): any {
  const host = { ungil: '0.1.0', node: 'v20.0.0', cpus: 2 };
  return JSON.parse(
    formatCompareJson(toCompareJson(host, options, toResults(measurements, WORKLOADS), complete)),
  );
}

describe('compare.json', () => {
  it('has the fields that scripts rely on', () => {
    const json = written(grid(NAMES, ['gil', 'free-threaded'], [1, 2]));
    expect(json).toMatchObject({ ungil: '0.1.0', node: 'v20.0.0', cpus: 2, complete: true, options });
    expect(json.results).toHaveLength(64);
    for (const result of json.results) {
      expect(Object.keys(result)).toEqual([
        'workload',
        'build',
        'threads',
        'unit',
        'opsPerSecond',
        'seconds',
        'beside',
        'chunk',
        'memory',
        'trash',
        'speedup',
        'speedupInterval',
        'ceiling',
        'efficiency',
        'fairness',
        'nsPerOp',
        'gcPauseMs',
        'gc',
        'warnings',
        'latency',
        'gilWaits',
        'counters',
        'explanation',
        'cpython',
        'wrong',
        'unraisable',
        'leaks',
      ]);
      expect(Object.keys(result.opsPerSecond)).toEqual(['median', 'min', 'max', 'samples', 'interval']);
      expect(result.speedup).toBeCloseTo(result.build === 'gil' ? 1 : result.threads, 9);
      expect(result.nsPerOp).toBeCloseTo(1e9 / result.opsPerSecond.median, 9);
      expect(Object.keys(result.cpython)).toEqual(['speedup', 'nsPerOp', 'source']);
    }
    expect(json.summary.priceOfFreeThreading.workloads).toBe(16);
    expect(Object.keys(json.summary.speedup)).toEqual(['gil', 'free-threaded']);
    expect(Object.keys(json.summary.nsPerOpOverCPython)).toEqual(['gil', 'free-threaded']);
  });

  it('writes null for figures that are not defined', () => {
    const [result] = written([measured('fib', 'gilectomy', 2, [0])], false).results;
    expect(result).toMatchObject({
      speedup: null,
      efficiency: null,
      nsPerOp: null,
      gcPauseMs: null,
      cpython: null,
    });
  });

  it('says when it is not complete, and carries what went wrong', () => {
    const leaks = [{ type: 'list', count: 1, addresses: [64] }];
    const json = written(
      [measured('fib', 'gil', 1, [1], { wrong: 'no', leaks, counters: { switches: 3 } })],
      false,
    );
    expect(json.complete).toBe(false);
    expect(json.results[0]).toMatchObject({ wrong: 'no', leaks, counters: { switches: 3 } });
  });
});
