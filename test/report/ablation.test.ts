import { describe, expect, it } from 'vitest';
import { ablationInWords, formatCost, isTelling, toAblation } from '#ungil/report/ablation.js';
import { ablationMarkdown, renderAblation } from '#ungil/report/ablationTable.js';
import { toResults } from '#ungil/report/results.js';
import { MECHANISM_NAMES } from '#ungil/runtime/builds.js';
import { besides, measured, WORKLOADS } from './fixtures.js';

const BASE = 'free-threaded';
const plan = (...mechanisms: string[]) => ({
  build: BASE,
  without: mechanisms.map((mechanism) => ({ mechanism, build: `${BASE}:${mechanism}=off` })),
});
const paint = (_style: string, text: string) => text;

describe('an ablation', () => {
  const measurements = [
    measured('fib', BASE, 1, [100, 101, 99]),
    measured('fib', BASE, 2, [200, 201, 199]),
    measured('fib', `${BASE}:biased=off`, 1, [50, 50, 50]),
    measured('fib', `${BASE}:biased=off`, 2, [25, 25, 25]),
    measured('fib', `${BASE}:qsbr=off`, 1, [125, 125, 125]),
    measured('fib', `${BASE}:qsbr=off`, 2, [150, 260, 210]),
    measured('int-add', BASE, 1, [10, 10, 10]),
    measured('int-add', `${BASE}:biased=off`, 1, [10.2, 10.2, 10.2], { wrong: 'sum' }),
  ];
  const results = toResults(measurements, WORKLOADS);
  const cells = toAblation([plan('biased', 'qsbr')], results);
  const cell = (mechanism: string, workload: string, threads: number) =>
    cells.find((one) => one.mechanism === mechanism && one.workload === workload && one.threads === threads)!;

  it('divides throughput with the mechanism by throughput without it', () => {
    expect(cells).toHaveLength(8);
    expect(cell('biased', 'fib', 1).cost).toBe(2);
    expect(cell('biased', 'fib', 2).cost).toBe(8);
    expect(cell('qsbr', 'fib', 1).cost).toBe(0.8);
  });

  it('gives no cost for what is wrong or missing', () => {
    expect(cell('biased', 'int-add', 1).cost).toBeNull();
    expect(formatCost(cell('biased', 'int-add', 1))).toBe('-');
    expect(formatCost(cell('qsbr', 'int-add', 2))).toBe('-');
  });

  it('calls a difference within the scatter of the repeats one', () => {
    expect(isTelling(cell('qsbr', 'fib', 1))).toBe(true);
    expect(isTelling(cell('qsbr', 'fib', 2))).toBe(false);
    expect(formatCost(cell('qsbr', 'fib', 2))).toBe('≈1');
    expect(formatCost(cell('biased', 'fib', 2))).toBe('8.00');
  });

  it('calls a difference one if a build is as far from itself between rounds, whatever its samples say', () => {
    const rounds = [0, 0, 1, 1, 2, 2, 3, 3];
    const none = rounds.map(() => null);
    const drifting = besides(measured('fib', BASE, 1, [100, 101, 90, 91, 120, 121, 110, 111]), none, rounds);
    const without = besides(
      measured('fib', `${BASE}:qsbr=off`, 1, [90, 91, 81, 82, 108, 109, 99, 100]),
      none,
      rounds,
    );
    const [one] = toAblation([plan('qsbr')], toResults([drifting, without], WORKLOADS));
    // Round by round the ratio is 1.11, and the interval knows that.
    expect(one.interval!.low).toBeGreaterThan(1);
    expect(one.noise).toBeGreaterThan(0.12);
    expect(isTelling(one)).toBe(false);
    const half = besides(
      measured('fib', `${BASE}:qsbr=off`, 1, [50, 51, 45, 46, 60, 61, 55, 56]),
      none,
      rounds,
    );
    expect(isTelling(toAblation([plan('qsbr')], toResults([drifting, half], WORKLOADS))[0])).toBe(true);
  });

  it('says where each mechanism matters most, and where it costs', () => {
    expect(ablationInWords(cells)).toEqual([
      'biased: matters most on fib at 2 threads: 8.00 times the throughput without it.',
      'qsbr: costs on fib at 1 thread: 0.80 times the throughput without it.',
    ]);
    const alike = toAblation(
      [plan('immortal')],
      toResults(
        [measured('fib', BASE, 1, [10, 10]), measured('fib', `${BASE}:immortal=off`, 1, [10.1, 10.1])],
        WORKLOADS,
      ),
    );
    expect(ablationInWords(alike)).toEqual(['immortal: no difference beyond the noise on these workloads.']);
  });

  it('is a table that fits, at any width', () => {
    const all = plan(...MECHANISM_NAMES);
    const names = ['fib', 'shared-list-read-immortal', 'call-shared-function'];
    const grid = toResults(
      names.flatMap((workload) =>
        [BASE, ...all.without.map(({ build }) => build)].flatMap((build, i) =>
          [1, 2, 16].map((threads) => measured(workload, build, threads, [100 + 10 * i, 101 + 10 * i])),
        ),
      ),
      WORKLOADS,
    );
    for (const width of [42, 80, 100]) {
      const lines = renderAblation(toAblation([all], grid), grid, { width, paint, workloads: WORKLOADS });
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      const text = lines.join('\n');
      for (const mechanism of MECHANISM_NAMES) expect(text).toContain(`\n${mechanism}: `);
      expect(lines.filter((line) => line.startsWith('fib ')).length).toBeGreaterThan(0);
    }
  });

  it('shows wrong results under the table', () => {
    const lines = renderAblation(cells, results, { width: 100, paint, workloads: WORKLOADS });
    expect(lines.join('\n')).toContain('free-threaded:biased=off, int-add, 1 thread: WRONG RESULT: sum');
  });

  it('can be Markdown', () => {
    const text = ablationMarkdown(cells, results, { workloads: WORKLOADS });
    expect(text).toContain(
      '| workload | biased, 1 thread | biased, 2 threads | qsbr, 1 thread | qsbr, 2 threads |',
    );
    expect(text).toContain('| `fib` | 2.00 | 8.00 | 0.80 | ≈1 |');
  });
});
