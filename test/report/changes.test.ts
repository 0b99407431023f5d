import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Baseline, parseBaseline } from '#ungil/report/baseline.js';
import { compareWithBaseline, regressions, studentTails } from '#ungil/report/changes.js';
import { failureWords, renderChanges } from '#ungil/report/changesText.js';
import { formatCompareJson, toCompareJson } from '#ungil/report/json.js';
import { type Result, toResults } from '#ungil/report/results.js';
import { painter } from '#ungil/report/text.js';
import { grid, NAMES, WORKLOADS } from './fixtures.js';

const HOST = { ungil: '9.8.7', node: 'v20.0.0', cpus: 2 };

/** `spread`: half of the interval, as a share of the median. */
function row(workload: string, median: number, spread: number | null, more: Partial<Result> = {}): Result {
  const interval = spread === null ? null : { low: median * (1 - spread), high: median * (1 + spread) };
  const opsPerSecond = { median, min: median, max: median, samples: [median], interval };
  return { workload, build: 'gil', threads: 1, opsPerSecond, wrong: null, beside, ...more } as Result;
}

/** So many rounds that an interval is as good as known. */
const UNITS = 500;
const beside: Result['beside'] = {
  round: Array.from({ length: UNITS }, (_, i) => i),
  together: [],
  bareRate: [],
};

function baseline(rows: readonly Result[]): Baseline {
  return { ...HOST, timeMs: 500, rows: rows.map((row) => ({ units: UNITS, ...row })) };
}

const options = {
  ...{ width: 100, paint: painter(false), file: 'old.json', host: HOST, timeMs: 500 },
  baseline: baseline([]),
};

describe('changes against a baseline', () => {
  it('are those that noise does not explain', () => {
    const before = [row('a', 100, 0.02), row('b', 100, 0.02), row('c', 100, 0.3), row('d', 100, 0.02)];
    const after = [row('a', 80, 0.02), row('b', 130, 0.02), row('c', 80, 0.3), row('d', 101, 0.02)];
    const { rows, overall } = compareWithBaseline(after, baseline(before));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['slower', 'faster', 'as before', 'as before']);
    expect(rows[0].ratio).toBeCloseTo(0.8, 12);
    expect(overall).toBeCloseTo((0.8 * 1.3 * 0.8 * 1.01) ** 0.25, 12);
  });

  it('have the interval that the two intervals come to', () => {
    const [{ interval, p }] = compareWithBaseline(
      [row('a', 110, 0.03)],
      baseline([row('a', 100, 0.04)]),
    ).rows;
    // On logarithms, by hand: sqrt(ln(110/106.7)^2 + ln(104/100)^2) below, sqrt(ln(113.3/110)^2 + ln(100/96)^2) above.
    expect(interval?.low).toBeCloseTo(1.1 * Math.exp(-0.049695), 4);
    expect(interval?.high).toBeCloseTo(1.1 * Math.exp(0.050438), 4);
    expect(p).toBeCloseTo(0.00017, 4);
  });

  it('are judged together: one in twenty of a hundred equal rows is no finding', () => {
    // Two standard errors off: alone it would be significant.
    const half = 0.02;
    const shifted = Math.exp(2.1 * (Math.hypot(Math.log1p(half), Math.log1p(half)) / 1.96));
    const names = Array.from({ length: 100 }, (_, i) => `w${i}`);
    const before = baseline(names.map((name) => row(name, 100, half)));
    const after = names.map((name, i) => row(name, i === 7 ? 100 * shifted : 100, half));
    expect(compareWithBaseline([after[7]], before).rows[0].verdict).toBe('faster');
    expect(compareWithBaseline(after, before).rows.every(({ verdict }) => verdict === 'as before')).toBe(
      true,
    );
  });

  it('are less sure with few rounds', () => {
    const few = { beside: { ...beside, round: [0, 0, 1, 2, 3] } };
    const before = { ...baseline([]), rows: [{ ...row('a', 100, 0.02), units: 4 }] };
    const [change] = compareWithBaseline([row('a', 108, 0.02, few)], before).rows;
    // t = ln(1.08) / (0.0283 / 1.96) = 5.3 with 6 degrees of freedom; by the normal distribution it would be 1e-7.
    expect(change.p).toBeGreaterThan(0.001);
    expect(change.p).toBeLessThan(0.003);
  });

  it('take their chance from Student’s distribution', () => {
    // Tables: the two-sided 5 % and 1 % points.
    for (const [degrees, five, one] of [
      [1, 12.706, 63.657],
      [2, 4.303, 9.925],
      [3, 3.182, 5.841],
      [6, 2.447, 3.707],
      [7, 2.365, 3.499],
    ] as const) {
      expect(studentTails(five, degrees)).toBeCloseTo(0.05, 4);
      expect(studentTails(one, degrees)).toBeCloseTo(0.01, 4);
    }
    expect(studentTails(0, 6)).toBe(1);
  });

  it('turn round when the runs change places', () => {
    const figure = fc.double({ min: 1, max: 1e9, noNaN: true });
    const spread = fc.double({ min: 0.001, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(figure, spread, figure, spread, (one, around, other, beside) => {
        const [there] = compareWithBaseline(
          [row('a', one, around)],
          baseline([row('a', other, beside)]),
        ).rows;
        const [back] = compareWithBaseline([row('a', other, beside)], baseline([row('a', one, around)])).rows;
        expect(there.ratio * back.ratio).toBeCloseTo(1, 9);
        expect(Math.log(there.interval!.low) + Math.log(back.interval!.high)).toBeCloseTo(0, 6);
        expect(there.interval!.low).toBeLessThanOrEqual(there.ratio);
        expect(there.interval!.high).toBeGreaterThanOrEqual(there.ratio);
        expect(there.p).toBeCloseTo(back.p!, 6);
        expect([there.verdict, back.verdict].sort()).toEqual(
          there.verdict === 'as before' ? ['as before', 'as before'] : ['faster', 'slower'],
        );
      }),
    );
  });

  it('are unknown without intervals, and leave out wrong results and rows of one run only', () => {
    const before = baseline([row('a', 100, null), row('b', 100, 0.01), row('gone', 1, 0.01)]);
    const after = [row('a', 50, 0.01), row('b', 50, 0.01, { wrong: 'no' }), row('new', 1, 0.01)];
    const changes = compareWithBaseline(after, before);
    expect(changes.rows).toHaveLength(1);
    expect(changes.rows[0]).toMatchObject({ workload: 'a', verdict: 'unknown', p: null, interval: null });
    expect(changes).toMatchObject({ onlyBefore: 2, onlyAfter: 1 });
  });

  it('fail a run from the bound on, and only those that are sure', () => {
    const before = baseline([row('a', 100, 0.01), row('b', 100, 0.01), row('c', 100, 0.5)]);
    const changes = compareWithBaseline([row('a', 94, 0.01), row('b', 96, 0.01), row('c', 50, 0.5)], before);
    expect(changes.rows.map(({ verdict }) => verdict)).toEqual(['slower', 'slower', 'as before']);
    expect(regressions(changes, 0.05).map(({ workload }) => workload)).toEqual(['a']);
    expect(regressions(changes, 0.04).map(({ workload }) => workload)).toEqual(['a', 'b']);
    expect(failureWords(changes, 0.05)).toBe('REGRESSION: 1 row slower by 5 % or more.');
    expect(failureWords(changes, 0.2)).toBe('No row is surely slower by 20 % or more.');
  });

  it('are told farthest first, within the width', () => {
    const before = baseline([
      row('shared-list-append', 20e6, 0.01),
      row('fib', 30e6, 0.01),
      row('old', 1, 0.01),
    ]);
    const after = [row('shared-list-append', 18e6, 0.01), row('fib', 60e6, 0.01)];
    const changes = compareWithBaseline(after, before);
    const other = { ...before, node: 'v22.0.0', timeMs: 100 };
    const lines = renderChanges(changes, { ...options, baseline: other });
    expect(lines).toEqual([
      'Against old.json: 2 rows, 1 faster, 1 slower, 0 as before; all rows together 1.34 times as fast.',
      '  faster  fib, gil, 1 thread                 30.0  -> 60.0 Mops/s  +100 %  (+97 % to +103 %)',
      '  slower  shared-list-append, gil, 1 thread  20.0  -> 18.0 Mops/s   -10 %  (-11 % to -8.7 %)',
      'The baseline had Node v22.0.0 instead of v20.0.0, repeats of 100 ms instead of 500: changes may come',
      '  from there.',
      'Only the baseline has 1 row.',
    ]);
    for (const line of renderChanges(changes, { ...options, width: 50 })) {
      expect(line.length).toBeLessThanOrEqual(50);
    }
  });
});

describe('a baseline', () => {
  const whole = formatCompareJson(
    toCompareJson(
      HOST,
      { workloads: NAMES, builds: ['gil'], threads: [1], timeMs: 500, repeats: 5, memoryBytes: 2 ** 30 },
      toResults(grid(NAMES, ['gil'], [1]), WORKLOADS),
      true,
    ),
  );

  it('is what a comparison wrote', () => {
    const read = parseBaseline(whole, '9.8.7');
    expect(read).toMatchObject({ ...HOST, timeMs: 500 });
    expect(read.rows).toHaveLength(16);
    expect(read.rows[0]).toMatchObject({ workload: 'fib', build: 'gil', threads: 1 });
  });

  it('loses rows without a figure', () => {
    const json = JSON.parse(whole);
    json.results[3].opsPerSecond.median = null;
    expect(parseBaseline(JSON.stringify(json), '9.8.7').rows).toHaveLength(15);
  });

  it('is refused, wherever it was cut off, with what is wrong', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.trimEnd().length - 1 }), (length) => {
        expect(() => parseBaseline(whole.slice(0, length), '9.8.7')).toThrow(/^it is (cut off|no JSON)/);
      }),
    );
  });

  it.each([
    ['', /^it is empty$/],
    ['hello', /^it is no JSON: /],
    ['[]', /^it is no compare.json: its top is a list$/],
    ['3', /^it is no compare.json: its top is a number$/],
    ['null', /^it is no compare.json: its top is null$/],
    ['{"results":[]}', /no field 'ungil'/],
    ['{"ungil":"9.8.7"}', /no list 'results'/],
    ['{"ungil":"9.8.6","results":[]}', /^it was made by ungil 9.8.6, this is 9.8.7/],
    ['{"ungil":"9.8.7","results":[]}', /no 'options.timeMs'/],
    ['{"ungil":"9.8.7","options":{"timeMs":5},"results":[]}', /no measured row/],
    ['{"ungil":"9.8.7","options":{"timeMs":5},"results":[{"scenario":"x"}]}', /row 0 .* no 'workload'/],
    ['{"ungil":"9.8.7","options":{"timeMs":5},"results":[7]}', /row 0 of its results has no fields/],
  ])('is refused: %s', (text, message) => {
    expect(() => parseBaseline(text, '9.8.7')).toThrow(message);
  });
});
