import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { geometricMean, jainIndex, maximum, median, minimum, spread } from '#ungil/report/statistics.js';

const positive = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
const several = fc.array(positive, { minLength: 1, maxLength: 40 });

describe('statistics', () => {
  it('the median has as many values below as above, whatever the order', () => {
    fc.assert(
      fc.property(several, (values) => {
        const middle = median(values);
        expect(middle).toBe(median([...values].reverse()));
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(below).toBeLessThanOrEqual(values.length / 2);
        expect(above).toBeLessThanOrEqual(values.length / 2);
      }),
    );
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([1e308, 1.6e308])).toBe(1.3e308);
  });

  it('leaves its input as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('minimum and maximum bound the median and the geometric mean', () => {
    fc.assert(
      fc.property(several, (values) => {
        const [low, high] = [minimum(values), maximum(values)];
        expect(values).toContain(low);
        expect(values).toContain(high);
        for (const mean of [median(values), geometricMean(values)]) {
          expect(mean).toBeGreaterThanOrEqual(low * (1 - 1e-9));
          expect(mean).toBeLessThanOrEqual(high * (1 + 1e-9));
        }
      }),
    );
  });

  it('the geometric mean multiplies: of products it is the product, of inverses the inverse', () => {
    fc.assert(
      fc.property(several, positive, (values, factor) => {
        const mean = geometricMean(values);
        expect(geometricMean(values.map((value) => value * factor)) / (mean * factor)).toBeCloseTo(1, 6);
        expect(geometricMean(values.map((value) => 1 / value)) * mean).toBeCloseTo(1, 6);
      }),
    );
    expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
    expect(geometricMean([1, 0])).toBeNaN();
    expect(geometricMean([1, -1])).toBeNaN();
  });

  it("Jain's index is 1 for equal threads, 1 / threads when one did everything, and between otherwise", () => {
    fc.assert(
      fc.property(several, (values) => {
        const index = jainIndex(values);
        expect(index).toBeGreaterThanOrEqual(1 / values.length - 1e-9);
        expect(index).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
    expect(jainIndex([5, 5])).toBe(1);
    expect(jainIndex([0, 5])).toBe(0.5);
    expect(jainIndex([1, 2])).toBeCloseTo(0.9, 12);
    expect(jainIndex([0, 0])).toBeNaN();
  });

  it('spread is the range over the median', () => {
    expect(spread([9, 10, 12])).toBeCloseTo(0.3, 12);
    expect(spread([7])).toBe(0);
  });

  it('is NaN for nothing', () => {
    for (const statistic of [median, minimum, maximum, geometricMean, jainIndex, spread]) {
      expect(statistic([])).toBeNaN();
    }
  });
});
