import { describe, expect, it } from 'vitest';
import { bundledFigures, bundledMops, CPYTHON_SOURCE, cpythonSource } from '#ungil/report/cpython.js';
import {
  type CPythonMeasurement,
  type Interpreter,
  liveFigures,
  mergeRounds,
} from '#ungil/report/cpythonLive.js';
import { toResults } from '#ungil/report/results.js';
import { summarise } from '#ungil/report/summary.js';
import { renderTable } from '#ungil/report/table.js';
import { grid, measured, NAMES, WORKLOADS } from './fixtures.js';

const FREE: Interpreter = {
  name: 'python3.14t',
  version: '3.14.2',
  build: 'free-threaded',
  executable: '/usr/bin/python3.14t',
  compiler: 'GCC 14',
  platform: 'Linux',
};
const GIL: Interpreter = { ...FREE, name: 'python3.14', build: 'gil' };

/** A sample of `mops` million operations a second, shared evenly. */
function live(
  interpreter: Interpreter,
  workload: string,
  threads: number,
  mops: number[],
): CPythonMeasurement {
  const { samples } = measured(workload, interpreter.build, threads, mops);
  return { interpreter, workload, threads, samples, latency: null };
}

describe("CPython's bundled figures", () => {
  it('cover every workload, both builds, and 1, 2 and 4 threads', () => {
    for (const name of NAMES) {
      for (const build of ['gil', 'free-threaded']) {
        for (const threads of [1, 2, 4]) expect(bundledMops(name, build, threads)).toBeGreaterThan(0);
      }
    }
    expect(CPYTHON_SOURCE).toContain('CPython 3.15.0a0');
  });

  it('give the speed-ups that CPython is known for', () => {
    const speedup = (name: string, build: string) => bundledFigures(name, build, 2)?.speedup;
    expect(speedup('shared-list-read-object', 'free-threaded')).toBeCloseTo(0.4, 2);
    expect(speedup('shared-counter-lock', 'free-threaded')).toBeCloseTo(1, 2);
    expect(speedup('shared-list-append', 'free-threaded')).toBeCloseTo(1.06, 2);
    expect(bundledFigures('fib', 'gil', 1)).toEqual({ speedup: 1, nsPerOp: 1000 / 33, source: 'bundled' });
    expect(bundledFigures('fib', 'free-threaded', 4)?.nsPerOp).toBeCloseTo(1000 / 56.1, 9);
  });

  it('are null where nothing was measured', () => {
    for (const [name, build, threads] of [
      ['fib', 'gilectomy', 1],
      ['fib', 'gil', 3],
      ['unheard-of', 'gil', 1],
      ['toString', 'gil', 1],
      ['fib', 'toString', 1],
    ] as const) {
      expect(bundledMops(name, build, threads)).toBeNull();
      expect(bundledFigures(name, build, threads)).toBeNull();
    }
  });
});

describe('live figures', () => {
  const rows = grid(['fib', 'int-add'], ['gil', 'free-threaded'], [1, 2]);

  it('are derived as ours are, from the rounds together', () => {
    const rounds = [
      live(FREE, 'fib', 1, [10]),
      live(FREE, 'fib', 2, [18]),
      live(FREE, 'fib', 1, [12, 11]),
      live(FREE, 'fib', 2, [22, 30]),
    ];
    const [figures, ...others] = liveFigures('fib', 'free-threaded', 2, mergeRounds(rounds));
    expect(others).toEqual([]);
    expect(figures).toMatchObject({
      speedup: 2,
      source: 'CPython 3.14.2 free-threaded, python3.14t',
      interpreter: 'python3.14t',
      fairness: 1,
      latency: null,
    });
    expect(figures.nsPerOp).toBeCloseTo(1e9 / 22e6, 9);
    expect(figures.opsPerSecond).toMatchObject({
      median: 22e6,
      min: 18e6,
      max: 30e6,
      samples: [18e6, 22e6, 30e6],
    });
  });

  it('have intervals as ours have, by round', () => {
    const rounds = [0, 1, 2, 3].flatMap((round) =>
      [1, 2].map((threads) => {
        const one = live(FREE, 'fib', threads, [10 * threads + round, 10 * threads - round]);
        return { ...one, samples: one.samples.map((sample) => ({ ...sample, round })) };
      }),
    );
    const [one] = liveFigures('fib', 'free-threaded', 1, mergeRounds(rounds));
    expect(one.opsPerSecond?.samples).toHaveLength(8);
    expect(one.opsPerSecond?.interval?.low).toBeLessThan(10e6);
    expect(one.speedupInterval).toBeNull();
    const [two] = liveFigures('fib', 'free-threaded', 2, mergeRounds(rounds));
    expect(two.speedup).toBe(2);
    expect(two.speedupInterval?.low).toBeLessThanOrEqual(2);
    expect(two.speedupInterval?.high).toBeGreaterThanOrEqual(2);
    expect(liveFigures('fib', 'gil', 1, [live(GIL, 'fib', 1, [10])])[0].opsPerSecond?.interval).toBeNull();
  });

  it('stand beside the build of their kind, in the place of bundled ones', () => {
    const results = toResults(rows, WORKLOADS, undefined, [
      live(FREE, 'fib', 1, [10]),
      live(FREE, 'fib', 2, [19]),
    ]);
    const of = (workload: string, build: string) =>
      results.find((row) => row.workload === workload && row.build === build && row.threads === 2);
    expect(of('fib', 'free-threaded')?.cpython).toMatchObject({ speedup: 1.9 });
    expect(of('fib', 'free-threaded')?.interpreters).toHaveLength(1);
    expect(of('fib', 'gil')?.cpython?.source).toBe('bundled');
    expect(of('int-add', 'free-threaded')?.cpython?.source).toBe('bundled');
    expect(of('fib', 'gil')).not.toHaveProperty('interpreters');
  });

  it('have no speed-up without a run at 1 thread', () => {
    expect(liveFigures('fib', 'gil', 2, [live(GIL, 'fib', 2, [10])])[0].speedup).toBeNull();
    expect(liveFigures('fib', 'gil', 2, [live(GIL, 'fib', 2, [0])])).toEqual([]);
  });

  it('have a column each where several interpreters stand beside one build', () => {
    const newer = { ...FREE, name: '/opt/python3.15t', version: '3.15.0' };
    const results = toResults(rows, WORKLOADS, undefined, [
      ...[live(FREE, 'fib', 1, [10]), live(FREE, 'fib', 2, [17])],
      ...[live(newer, 'fib', 1, [10]), live(newer, 'fib', 2, [13])],
    ]);
    const table = renderTable(results, { width: 140, paint: (_, text) => text, workloads: WORKLOADS });
    expect(table.find((line) => line.startsWith('workload'))).toMatch(/CPython.*python3\.14t.*python3\.15t/);
    expect(table.find((line) => line.startsWith('fib'))).toMatch(/0\.99.*2\.00 +1\.70 +1\.30/);
    expect(table.join(' ')).toContain('CPython 3.15.0 free-threaded, /opt/python3.15t');
  });

  it('give a price of free threading only within one release', () => {
    const at = (gil: Interpreter) =>
      summarise(
        toResults(rows.slice(0, 4), WORKLOADS, undefined, [
          live(FREE, 'fib', 1, [5]),
          live(gil, 'fib', 1, [10]),
        ]),
      );
    expect(at(GIL).priceOfFreeThreading?.cpython).toBeCloseTo(2, 9);
    expect(at({ ...GIL, version: '3.14.0' }).priceOfFreeThreading?.cpython).toBeCloseTo(2, 9);
    expect(at({ ...GIL, version: '3.13.5' }).priceOfFreeThreading?.cpython).toBeNull();
  });
});

describe('cpythonSource', () => {
  const rows = grid(['fib'], ['gil', 'free-threaded'], [1, 2]);

  it('names what is bundled, what was live, or both', () => {
    const free = [1, 2].map((threads) => live(FREE, 'fib', threads, [10]));
    const gil = [1, 2].map((threads) => live(GIL, 'fib', threads, [10]));
    expect(cpythonSource(toResults(rows, WORKLOADS))).toBe(`bundled, from ${CPYTHON_SOURCE}`);
    expect(cpythonSource(toResults(rows, WORKLOADS, undefined, [...free, ...gil]))).toBe(
      'CPython 3.14.2 with the GIL, python3.14; CPython 3.14.2 free-threaded, python3.14t, measured beside ours',
    );
    expect(cpythonSource(toResults(rows, WORKLOADS, undefined, free))).toContain(
      'where these have none, bundled, from',
    );
  });
});
