import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantilesOf, Sampler } from '#ungil/gc/samples.js';

function sampler(values: readonly number[]): Sampler {
  const made = new Sampler();
  for (const value of values) made.add(value);
  return made;
}

describe('samples', () => {
  it('are 0 where there are none', () => {
    expect(quantilesOf([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
    expect(quantilesOf([sampler([]).samples()])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  });

  it('give exact quantiles while there is room, of one thread or several', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.nat(200), (all, cut) => {
        const sorted = [...all].sort((a, b) => a - b);
        const at = (part: number) => sorted[Math.max(Math.ceil(part * all.length) - 1, 0)];
        const parts = [sampler(all.slice(0, cut)).samples(), sampler(all.slice(cut)).samples()];
        expect(quantilesOf(parts)).toEqual({
          count: all.length,
          p50: at(0.5),
          p99: at(0.99),
          max: sorted[all.length - 1],
        });
      }),
    );
  });

  it('stay bounded, with exact count and maximum and near quantiles', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => index);
    const kept = sampler(many).samples();
    expect(kept.values.length).toBeLessThan(8192);
    const { count, p50, p99, max } = quantilesOf([kept]);
    expect([count, max]).toEqual([100_000, 99_999]);
    expect(Math.abs(p50 - 50_000)).toBeLessThan(500);
    expect(Math.abs(p99 - 99_000)).toBeLessThan(500);
  });

  it('weigh those of a thread with many as many', () => {
    const many = sampler(Array.from({ length: 20_000 }, () => 1)).samples();
    const few = sampler([100, 100, 100]).samples();
    expect(quantilesOf([many, few])).toEqual({ count: 20_003, p50: 1, p99: 1, max: 100 });
  });
});
