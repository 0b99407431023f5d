import { describe, expect, it } from 'vitest';
import { COUNTER_NAMES } from '#ungil/memory/counterNames.js';
import type { GilWaits } from '#ungil/runtime/gilWaits.js';
import { addGilWaits } from '#ungil/runtime/gilWaits.js';
import { withRuntime } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const args = { workload: 'fib', timeMs: 30, warmupMs: 5, repeats: 1 };

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe('waits for the GIL', () => {
  it('are counted with their lengths', () =>
    withRuntime({ build: 'gil', threads: 2 }, async (runtime) => {
      const { gilWaits, counters, threadCounters } = await runtime.run(PROGRAM, { args });
      const waits = gilWaits as GilWaits;
      expect(waits.count).toBeGreaterThan(0);
      expect(sum(waits.histogram)).toBe(waits.count);
      expect(waits.longestMicroseconds).toBeLessThanOrEqual(waits.microseconds);
      // The longest one is in the last bucket that is used.
      const last = waits.histogram.reduce((found, count, bucket) => (count > 0 ? bucket : found), -1);
      if (last < waits.histogram.length - 1) expect(waits.longestMicroseconds).toBeLessThanOrEqual(2 ** last);
      if (last > 0) expect(waits.longestMicroseconds).toBeGreaterThan(2 ** (last - 1));
      expect(counters.gilWaits).toBe(waits.count);
      expect(counters.gilMicroseconds).toBe(waits.microseconds);
      expect(threadCounters).toHaveLength(2);
      for (const name of COUNTER_NAMES) {
        expect(sum(threadCounters.map((thread) => thread[name]))).toBe(counters[name]);
      }
    }));

  it('are none without a GIL', () =>
    withRuntime({ build: 'free-threaded', threads: 2 }, async (runtime) => {
      const { gilWaits, counters } = await runtime.run(PROGRAM, { args });
      expect(gilWaits).toBeNull();
      expect(counters.gilWaits).toBe(0);
    }));

  it('of several runs add up', () => {
    const one = { count: 1, microseconds: 5, longestMicroseconds: 5, histogram: [0, 1] };
    const other = { count: 2, microseconds: 4, longestMicroseconds: 3, histogram: [1, 1] };
    expect(addGilWaits(one, other)).toEqual({
      count: 3,
      microseconds: 9,
      longestMicroseconds: 5,
      histogram: [1, 2],
    });
    expect(addGilWaits(null, one)).toBe(one);
    expect(addGilWaits(null, null)).toBeNull();
  });
});
