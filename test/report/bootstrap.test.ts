import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byRound, medianInterval, ratioInterval } from '#ungil/report/bootstrap.js';
import { Random } from '#ungil/report/random.js';
import { median } from '#ungil/report/statistics.js';

const rate = fc.double({ min: 1, max: 1e6, noNaN: true });
const rounds = fc.array(fc.array(rate, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 6 });
const runs = { numRuns: 30 };

describe('the interval of a median', () => {
  it('contains the median, and is within reach of the samples', () => {
    fc.assert(
      fc.property(rounds, (samples) => {
        const middle = median(samples.flat());
        const { low, high } = medianInterval(samples)!;
        expect(low).toBeGreaterThan(0);
        expect(low).toBeLessThanOrEqual(middle);
        expect(high).toBeGreaterThanOrEqual(middle);
        const stretch = Math.sqrt(samples.length / (samples.length - 1));
        const reach = (value: number) => middle * (value / middle) ** stretch;
        expect(low).toBeGreaterThanOrEqual(reach(Math.min(...samples.flat())) * (1 - 1e-9));
        expect(high).toBeLessThanOrEqual(reach(Math.max(...samples.flat())) * (1 + 1e-9));
      }),
      runs,
    );
  });

  it('grows with the samples when all grow by one factor, and does not know their order in a round', () => {
    fc.assert(
      fc.property(rounds, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (samples, factor) => {
        const one = medianInterval(samples)!;
        const other = medianInterval(samples.map((round) => round.map((sample) => sample * factor)))!;
        expect(other.low / (one.low * factor)).toBeCloseTo(1, 9);
        expect(other.high / (one.high * factor)).toBeCloseTo(1, 9);
        expect(medianInterval(samples)).toEqual(one);
      }),
      runs,
    );
  });

  it('is a point where all samples are equal, and narrower where they lie closer', () => {
    expect(medianInterval([[7, 7], [7], [7]])).toEqual({ low: 7, high: 7 });
    const width = (scatter: number): number => {
      const { low, high } = medianInterval([1, 2, 3, 4].map((n) => [100 + scatter * n, 100 - scatter * n]))!;
      return high - low;
    };
    expect(width(2)).toBeLessThan(width(4));
    expect(width(4)).toBeLessThan(width(8));
  });

  it('is wider when the rounds differ than when the same samples are mixed among them', () => {
    const width = (samples: number[][]): number => {
      const { low, high } = medianInterval(samples)!;
      return high - low;
    };
    const apart = [0, 1, 2, 3].map((round) => [0, 1, 2].map((sample) => 90 + 6 * round + sample));
    const mixed = [0, 1, 2, 3].map((round) => [0, 1, 2].map((sample) => apart[(round + sample) % 4][sample]));
    expect(width(apart)).toBeGreaterThan(1.2 * width(mixed));
  });

  it('is not given for less than three samples, or for nothing done', () => {
    expect(medianInterval([])).toBeNull();
    expect(medianInterval([[1, 2]])).toBeNull();
    expect(medianInterval([[1], [2]])).toBeNull();
    expect(medianInterval([[0, 0, 0]])).toBeNull();
    expect(medianInterval([[1, 2, 3]])).not.toBeNull();
  });
});

describe('the interval of a ratio', () => {
  it('draws the rounds of both together: what made a round slow, made both slow', () => {
    const one = [[100], [50], [80], [120]];
    const two = one.map((round) => round.map((sample) => sample * 2));
    const { low, high } = ratioInterval(two, one)!;
    expect([low, high]).toEqual([2, 2]);
    // Not of the same rounds: nothing is known of what they have in common.
    const unpaired = ratioInterval([...two, [200]], one)!;
    expect(unpaired.low).toBeLessThan(1.6);
    expect(unpaired.high).toBeGreaterThan(2.4);
  });

  it('is the same for a ratio of samples and of their multiples', () => {
    fc.assert(
      fc.property(rounds, rounds, (above, below) => {
        const one = ratioInterval(above, below)!;
        const middle = median(above.flat()) / median(below.flat());
        expect(one.low).toBeLessThanOrEqual(middle);
        expect(one.high).toBeGreaterThanOrEqual(middle);
        const triple = (samples: number[][]) => samples.map((round) => round.map((sample) => 3 * sample));
        const other = ratioInterval(triple(above), triple(below))!;
        expect(other.low / one.low).toBeCloseTo(1, 9);
        expect(other.high / one.high).toBeCloseTo(1, 9);
      }),
      runs,
    );
  });

  it('is not given where the divisor may be nothing', () => {
    expect(ratioInterval([[1], [1], [1]], [[0], [0], [0]])).toBeNull();
    expect(ratioInterval([[1], [1]], [[1], [1], [1]])).toBeNull();
  });
});

describe('byRound', () => {
  it('puts samples of a round together, by the rounds’ numbers', () => {
    expect(byRound([1, 2, 3, 4], [1, 0, 1, 2])).toEqual([[2], [1, 3], [4]]);
  });
});

/** Logarithms of rates: rounds of two samples, with a scatter between and within rounds, and now and then a slow one. */
function simulate(random: Random, between: number, within: number): number[][] {
  const uniform = () => (random.below(65_536) + 0.5) / 65_536;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return [0, 1, 2, 3].map(() => {
    const round = between * normal();
    return [0, 1].map(() =>
      Math.exp(round + within * normal() - (uniform() < 0.05 ? Math.abs(normal()) / 3 : 0)),
    );
  });
}

describe.each([
  ['samples scatter, rounds do not', 0, 0.03],
  ['both do', 0.02, 0.03],
  ['rounds do, mostly', 0.04, 0.02],
  ['only rounds do', 0.05, 0.005],
])('simulated runs where %s', (_, between, within) => {
  const random = new Random(7);
  const truth = median(Array.from({ length: 20_000 }, () => simulate(random, between, within)[0][0]));
  const intervals = Array.from({ length: 300 }, () => medianInterval(simulate(random, between, within))!);

  it('the interval holds the true median in 86 to 99 % of the cases', () => {
    const held = intervals.filter(({ low, high }) => low <= truth && truth <= high).length;
    expect(held / intervals.length).toBeGreaterThanOrEqual(0.86);
    expect(held / intervals.length).toBeLessThanOrEqual(0.995);
  });

  it('intervals of two runs overlap in more than 95 %', () => {
    const pairs = intervals.slice(0, -1).map((one, i) => [one, intervals[i + 1]]);
    const overlapping = pairs.filter(([one, other]) => one.low <= other.high && other.low <= one.high).length;
    expect(overlapping / pairs.length).toBeGreaterThan(0.95);
  });
});
