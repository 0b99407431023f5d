import { describe, expect, it } from 'vitest';
import { findNoise, type Noise } from '#ungil/report/noise.js';
import { toResults } from '#ungil/report/results.js';
import { besides, measured, WORKLOADS } from './fixtures.js';

const ROUNDS = [0, 0, 0, 1, 1, 2, 2, 3, 3];

function noiseOf(mops: number[], rounds = ROUNDS, bareRates?: number[]): Noise[] {
  const measurement = besides(
    measured('fib', 'gil', 1, mops),
    mops.map(() => null),
    rounds,
    bareRates,
  );
  return findNoise(toResults([measurement], WORKLOADS)[0], 2);
}

describe('what is doubtful about a figure', () => {
  it('is nothing where samples agree, nor where there are too few to say', () => {
    expect(noiseOf([100, 101, 99, 100, 102, 98, 100, 101, 100])).toEqual([]);
    expect(noiseOf([100, 50, 10], [0, 1, 2].reverse())).toEqual([]);
    expect(noiseOf([100], [0])).toEqual([]);
    expect(noiseOf([0, 0, 0, 0, 0], [0, 1, 2, 3, 3])).toEqual([]);
  });

  it('an outlier below: something else ran', () => {
    expect(noiseOf([100, 101, 60, 100, 102, 98, 100, 70, 100])).toEqual([
      {
        kind: 'outliers',
        text: "2 of 9 samples are outliers (below Tukey's fence): something else ran",
        size: 100 / 60,
      },
    ]);
    const [above] = noiseOf([100, 101, 160, 100, 102, 98, 100, 101, 100]);
    expect(above.text).toBe("1 of 9 samples are outliers (above Tukey's fence): cause unknown");
    const [both] = noiseOf([100, 101, 160, 100, 102, 98, 30, 101, 100]);
    expect(both.text).toContain("2 of 9 samples are outliers (outside Tukey's fences)");
  });

  it('an outlier by a hair does no harm', () => {
    expect(noiseOf([100, 100, 100, 100, 100, 100, 100, 96, 100])).toEqual([]);
  });

  it('a wide scatter', () => {
    const [scatter, ...others] = noiseOf([100, 120, 80, 131, 92, 110, 70, 104, 125]);
    expect(others).toEqual([]);
    expect(scatter.text).toBe(
      'samples differ by 27 % (interquartile range over median): take differences below that for noise',
    );
  });

  it('two speeds: of the machine, of rounds, of neither', () => {
    const mops = [100, 101, 99, 140, 142, 100, 101, 141, 140];
    const [byRound, ...others] = noiseOf(mops);
    expect(others).toEqual([]);
    expect(byRound).toMatchObject({ kind: 'two speeds', size: 140.5 / 100 });
    expect(byRound.text).toBe(
      'samples have two speeds, 100.0 and 140.5 Mops/s, 5 and 4 of them: ' +
        'each round has one of them: V8 compiles it in two ways',
    );
    const bare = mops.map((value) => (value < 120 ? 700 : 1000));
    expect(noiseOf(mops, ROUNDS, bare)[0].text).toMatch(
      /a bare loop beside them had, too: the machine was slow$/,
    );
    const steady = mops.map(() => 1000);
    expect(noiseOf(mops, ROUNDS, steady)[0].text).toMatch(/V8 compiles it in two ways$/);
    expect(noiseOf([100, 140, 99, 140, 101, 142, 100, 101, 141])[0].text).toMatch(/: cause unknown$/);
  });

  it('a drift from round to round, either way', () => {
    const [drift] = noiseOf([100, 101, 100, 104, 105, 110, 110, 119, 121]).filter(
      ({ kind }) => kind === 'drift',
    );
    expect(drift.text).toBe(
      'samples drift: the last round is 20 % faster than the first: the machine has changed',
    );
    const down = noiseOf([120, 120, 120, 110, 110, 105, 105, 96, 96]);
    expect(down.find(({ kind }) => kind === 'drift')?.text).toContain('20 % slower');
    const back = noiseOf([120, 120, 120, 110, 110, 115, 115, 96, 96]);
    expect(back.filter(({ kind }) => kind === 'drift')).toEqual([]);
  });

  it('code that was not warm yet', () => {
    const [cold] = noiseOf([80, 90, 100, 82, 100, 79, 98, 81, 99]).filter(({ kind }) => kind === 'cold');
    expect(cold.text).toBe("samples drift: a round's last is 23 % faster than its first: not warmed up");
    const once = noiseOf([80, 90, 100, 100, 100, 99, 98, 101, 99]);
    expect(once.filter(({ kind }) => kind === 'cold')).toEqual([]);
  });

  it('lands in the row’s warnings', () => {
    const [row] = toResults([measured('fib', 'gil', 1, [100, 101, 60, 100, 102])], WORKLOADS);
    expect(row.warnings).toEqual(["1 of 5 samples are outliers (below Tukey's fence): something else ran"]);
  });
});
