import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLatency } from '#ungil/report/latency.js';
import { mergeLatencies } from '#ungil/workloads/latency/latencyCounts.js';
import { RequestTimes } from '#ungil/workloads/latency/requestTimes.js';

/** Of these nanoseconds, as milliseconds of the clock. */
function recorded(nanoseconds: readonly number[]): RequestTimes {
  const times = new RequestTimes();
  times.begin();
  // A small clock keeps the digits.
  for (const value of nanoseconds) times.record(1e12, 1e12 + value / 1e6);
  return times;
}

function countOf(times: RequestTimes): number {
  return (times.counts() ?? []).reduce((sum, [, count]) => sum + count, 0);
}

describe('times of requests', () => {
  it('are counted from the begin of a sample, and forgotten on demand', () => {
    const times = new RequestTimes();
    const early = times.now();
    while (times.now() === early);
    times.begin();
    const start = times.now();
    times.record(early, start);
    expect(times.counts()).toBeNull();
    times.record(start, start + 1);
    times.recordNoWait(3);
    expect(times.counts()).toEqual([
      [0, 3],
      [expect.closeTo(1e6, -2), 1],
    ]);
    times.clear();
    expect(times.counts()).toBeNull();
  });

  it('never run backwards, and have an end', () => {
    expect(recorded([-50, 1e18]).counts()).toEqual([
      [0, 1],
      [3.6e12, 1],
    ]);
  });

  it('are all there when there are many', () => {
    expect(countOf(recorded(Array.from({ length: 100_000 }, (_, i) => 1000 * i)))).toBe(100_000);
  });

  it('agree between two clocks of the process', () => {
    const one = new RequestTimes();
    const other = new RequestTimes();
    for (let i = 0; i < 100; i++) {
      const before = one.now();
      const between = other.now();
      const after = one.now();
      expect(between).toBeGreaterThan(before - 1);
      expect(between).toBeLessThan(after + 1);
    }
  });

  it('add up by threads and samples', () => {
    const one = [
      [1, 2],
      [5, 1],
    ] as const;
    const other = [
      [3, 4],
      [5, 6],
    ] as const;
    expect(mergeLatencies(one, other)).toEqual([
      [1, 2],
      [3, 4],
      [5, 7],
    ]);
    expect(mergeLatencies(null, one)).toBe(one);
    expect(mergeLatencies(one, null)).toBe(one);
    expect(mergeLatencies(null, null)).toBeNull();
  });
});

describe('percentiles', () => {
  it('are those of the sorted times, within the histogram’s 0.1 %', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e10 }), { minLength: 1, maxLength: 300 }), (values) => {
        const latency = toLatency(recorded(values).counts())!;
        const sorted = [...values].sort((a, b) => a - b);
        const at = (share: number) => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
        // The clock's own digits: 1e12 ms in a double.
        const near = (value: number, wanted: number) => {
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(wanted * 0.002 + 250_000);
        };
        expect(latency.count).toBe(values.length);
        near(latency.p50, at(0.5));
        near(latency.p99, at(0.99));
        near(latency.p999, at(0.999));
        near(latency.max, sorted[sorted.length - 1]);
        near(latency.mean, values.reduce((sum, value) => sum + value, 0) / values.length);
      }),
    );
  });

  it('have a curve that rises from the shortest to the longest', () => {
    const counts = Array.from({ length: 1000 }, (_, i) => [100 * (i + 1), 10] as const);
    const latency = toLatency(counts)!;
    expect(latency.curve.length).toBeGreaterThanOrEqual(40);
    expect(latency.curve.length).toBeLessThanOrEqual(60);
    expect(latency.curve[0][0]).toBe(0);
    expect(latency.curve.at(-1)).toEqual([1, 100_000]);
    for (let i = 1; i < latency.curve.length; i++) {
      expect(latency.curve[i][0]).toBeGreaterThan(latency.curve[i - 1][0]);
      expect(latency.curve[i][1]).toBeGreaterThanOrEqual(latency.curve[i - 1][1]);
    }
    expect(latency.p50 / 50_000).toBeCloseTo(1, 2);
    expect(latency.p999 / 99_900).toBeCloseTo(1, 2);
  });

  it('of one request are that, of none are none', () => {
    expect(toLatency([[1234, 1]])).toMatchObject({ count: 1, p50: 1234, p99: 1234, p999: 1234, max: 1234 });
    expect(toLatency(null)).toBeNull();
    expect(toLatency([])).toBeNull();
  });
});
