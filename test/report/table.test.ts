import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toResults } from '#ungil/report/results.js';
import { renderTable } from '#ungil/report/table.js';
import { painter } from '#ungil/report/text.js';
import type { Measurement } from '#ungil/report/types.js';
import { besides, grid, journal, measured, NAMES, WORKLOADS } from './fixtures.js';

const plain = painter(false);

function table(measurements: Measurement[], width = 100): string[] {
  return renderTable(toResults(measurements, WORKLOADS), { width, paint: plain, workloads: WORKLOADS });
}

describe('renderTable', () => {
  it('puts the default comparison into one table of at most 100 columns', () => {
    const lines = table(grid(NAMES, ['gil', 'free-threaded'], [1, 2]));
    expect(lines.slice(0, 5)).toEqual([
      '                           gil ----------------------  free-threaded ------------   price of',
      '                           Mops/s       speed-up at 2  Mops/s       speed-up at 2       free',
      'workload                   1 thr 2 thr  ungil CPython  1 thr 2 thr  ungil CPython  threading',
      'fib                         10.5  10.5   1.00    0.99   11.5  23.0   2.00    1.89       0.91',
      'int-add                     11.5  11.5   1.00    0.95   12.5  25.0   2.00    1.81       0.92',
    ]);
    for (const name of NAMES) expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('says how sure a speed-up is, within 100 columns, and what the machine could have given', () => {
    const measurements = NAMES.flatMap((name) =>
      ['gil', 'free-threaded'].flatMap((build) =>
        [1, 2].map((threads) => {
          const speed = build === 'gil' ? 100 : 90 * threads;
          const samples = [speed, speed * 1.01, speed, speed * 0.99, speed * 1.02];
          const ceilings = samples.map((_, i) => (threads === 1 ? null : 1.9 + i / 50));
          return besides(measured(name, build, threads, samples), ceilings, [0, 1, 1, 2, 3]);
        }),
      ),
    );
    const lines = table(measurements);
    expect(lines.slice(0, 4)).toEqual([
      '                           gil -------------------------  free-threaded ---------------   price of',
      '                           Mops/s       speed-up at 2     Mops/s       speed-up at 2          free',
      'workload                   1 thr 2 thr  ungil ±% CPython  1 thr 2 thr  ungil ±% CPython  threading',
      expect.stringMatching(
        /^fib +100\.0 +100\.0 +1\.00 +[12] +0\.99 +90\.0 +180\.0 +2\.00 +[12] +1\.89 +1\.11$/,
      ),
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.slice(-4)).toEqual([
      "The machine's ceiling, from bare loops beside the samples: 1.94 times one (1.94 to 1.94) in 2",
      '  workers.',
      'Efficiency at 2 threads, speed-up over that ceiling, geometric mean: gil 0.52, free-threaded 1.03.',
      '  ±% is half of its 95 % interval.',
    ]);
    for (const line of table(measurements, 42)) expect(line.length).toBeLessThanOrEqual(42);
  });

  it('groups what is doubtful, and names the worst of each kind', () => {
    const noisy = [12, 10, 14, 10.1, 16, 13, 14.1];
    const lines = table([
      measured('fib', 'gil', 1, noisy),
      measured('int-add', 'gil', 1, [10, 10.1, 10, 9.9, 10, 10.1, 3]),
      measured(
        'private-dict',
        'gil',
        1,
        noisy.map((mops) => mops ** 2),
      ),
      measured('shared-dict-get', 'gil', 1, [10, 10, 10]),
    ]);
    expect(lines.slice(lines.findIndex((line) => line.startsWith('Doubtful'))).join(' ')).toBe(
      'Doubtful, 3 of 4 figures: 2 whose samples scatter by more than 10 % (most: private-dict, gil, 1 thr,   ' +
        '57 %); 1 with outliers (most: int-add, gil, 1 thr, factor 3.33).',
    );
  });

  it('has columns of pauses where there were any, at the highest number of threads', () => {
    const two = { gc: [journal([0.5, 12.345])] };
    const measurements = [
      measured('fib', 'gil', 1, [10], { gc: [journal([7])] }),
      measured('fib', 'gil', 2, [10], { gc: [journal([])] }),
      measured('fib', 'free-threaded', 1, [10]),
      measured('fib', 'free-threaded', 2, [20], two),
      measured('int-add', 'free-threaded', 2, [20], { gc: [journal([123.4]), journal([200, 300])] }),
    ];
    const lines = table(measurements);
    const heads = lines.filter((line) => line.includes('gc pause ms at 2'));
    expect(heads).toHaveLength(1);
    expect(lines.some((line) => / p50 +p99 +max/.test(line))).toBe(true);
    expect(lines.some((line) => /^fib .* 0\.50 +12\.3 +12\.3/.test(line))).toBe(true);
    expect(lines.some((line) => /^int-add .* 200 +300 +300/.test(line))).toBe(true);
    for (const line of table(measurements, 42)) expect(line.length).toBeLessThanOrEqual(42);
  });

  it('stacks the builds at 60 columns', () => {
    const lines = table(grid(['fib', 'int-add'], ['gil', 'free-threaded'], [1, 2]), 60);
    expect(lines.slice(0, 17)).toEqual([
      '          gil ----------------------',
      '          Mops/s       speed-up at 2',
      'workload  1 thr 2 thr  ungil CPython',
      'fib        10.5  10.5   1.00    0.99',
      'int-add    11.5  11.5   1.00    0.95',
      '',
      '          free-threaded ------------   price of',
      '          Mops/s       speed-up at 2       free',
      'workload  1 thr 2 thr  ungil CPython  threading',
      'fib        11.5  23.0   2.00    1.89       0.91',
      'int-add    12.5  25.0   2.00    1.81       0.92',
      '',
      'In short, geometric means of 2 workloads:',
      "price of free threading at 1 thread: 0.92 times gil's time",
      '  per operation (CPython: 1.10).',
      'gil at 2 threads: 1.00 times the throughput of 1 thread',
      '  (CPython: 0.97).',
    ]);
  });

  it('never has a line wider than the terminal, and shows every figure once', () => {
    const builds = fc.subarray(['gil', 'free-threaded', 'gilectomy', 'unsafe'], { minLength: 1 });
    const threads = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(builds, threads, fc.integer({ min: 42, max: 220 }), (some, counts, width) => {
        const lines = table(grid(NAMES, some, counts), width);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        const figures = lines
          .filter((line) => line.startsWith('alloc-drop-instance '))
          .flatMap((line) => line.split(/\s+/).slice(1));
        const scaled = counts.includes(1) && counts.length > 1;
        const most = Math.max(...counts);
        const compared = some.filter((build) => /^(gil|free-threaded)$/.test(build) && [2, 4].includes(most));
        const priced = counts.includes(1) && some.includes('gil') && some.includes('free-threaded');
        const expected =
          some.length * (counts.length + (scaled ? 1 : 0)) +
          (scaled ? compared.length : 0) +
          (priced ? 1 : 0);
        expect(figures).toHaveLength(expected);
      }),
      { numRuns: 150 },
    );
  });

  it('has no speed-up without a run at one thread, and no price without both builds', () => {
    const lines = table(grid(['fib'], ['free-threaded'], [2]));
    expect(lines.join('\n')).not.toMatch(/speed-up|price/);
  });

  it('shows a dash for what was not measured', () => {
    const lines = table([
      measured('fib', 'gil', 1, [10]),
      measured('fib', 'gil', 2, [10]),
      measured('int-add', 'gil', 1, [10]),
    ]);
    expect(lines.find((line) => line.startsWith('int-add'))).toMatch(/^int-add +10\.0 +- +- +0\.95$/);
  });

  it('scales the decimals to the figure', () => {
    const lines = table([measured('fib', 'gil', 1, [0.0456]), measured('int-add', 'gil', 1, [1234.56])]);
    expect(lines.find((line) => line.startsWith('fib'))).toMatch(/ 0\.046$/);
    expect(lines.find((line) => line.startsWith('int-add'))).toMatch(/ 1235$/);
  });

  it('has columns for the times of requests, at most threads, where there are any', () => {
    const latency = Array.from({ length: 1000 }, (_, i) => [1000 * (i + 1), 1] as const);
    const lines = table([
      measured('fib', 'gil', 1, [10]),
      measured('fib', 'gil', 2, [10], { latency: [[250, 9]] }),
      measured('int-add', 'gil', 2, [10], { latency }),
      measured('private-dict', 'gil', 2, [10]),
    ]);
    const text = lines.join('\n');
    expect(text).toMatch(/a request, at 2/);
    expect(text).toMatch(/ p50 +p99 +p99\.9 +max/);
    expect(text).toMatch(/^fib .* 250 ns +250 ns +250 ns +250 ns$/m);
    expect(text).toMatch(/^int-add .* 500 us +99\d us +99\d us +1\.00 ms$/m);
    expect(text).toMatch(/^private-dict .* - +- +- +-$/m);
    expect(table([measured('fib', 'gil', 1, [10])]).join('')).not.toContain('request');
  });

  it('marks wrong results and reports them and leaks beneath', () => {
    const lines = table([
      measured('fib', 'unsafe', 1, [10]),
      measured('int-add', 'unsafe', 1, [12], { wrong: 'sum is 5,\nnot 6' }),
      measured('fib', 'gil', 2, [10], { wrong: 'fib(18) is 1' }),
      measured('racy-counter', 'free-threaded', 2, [10], { wrong: 'lost 7' }),
      measured('private-dict', 'gil', 1, [10], {
        leaks: [
          { type: 'list', count: 3, addresses: [0x1000, 0x2004] },
          { type: 'dict', count: 1, addresses: [0x30] },
        ],
      }),
      measured('private-dict', 'unsafe', 1, [10], { leaks: [{ type: 'list', count: 2, addresses: [] }] }),
    ]);
    const text = lines.join('\n');
    expect(text).toContain('12.0*');
    expect(lines).toContain('* unsafe, int-add, 1 thread: wrong result caught: sum is 5, not 6');
    expect(lines).toContain('* gil, fib, 2 threads: WRONG RESULT: fib(18) is 1');
    expect(lines).toContain('* free-threaded, racy-counter, 2 threads: wrong result caught: lost 7');
    expect(lines).toContain(
      'gil, private-dict, 1 thread: LEAK: 3 list at 0x1000, 0x2004, ...; 1 dict at 0x30',
    );
    expect(lines).toContain('unsafe, private-dict, 1 thread: leak caught: 2 list');
  });

  it('colours headings and failures only when asked to', () => {
    const results = toResults([measured('fib', 'gil', 1, [10], { wrong: 'no' })], WORKLOADS);
    const coloured = renderTable(results, { width: 100, paint: painter(true), workloads: WORKLOADS });
    const uncoloured = renderTable(results, { width: 100, paint: plain, workloads: WORKLOADS });
    expect(coloured.join('\n')).toContain('\x1b[31m* gil, fib, 1 thread: WRONG RESULT: no\x1b[39m');
    expect(coloured.map(stripVTControlCharacters)).toEqual(uncoloured);
    expect(uncoloured.join('')).not.toContain('\x1b');
  });

  it('is empty without results', () => {
    expect(table([])).toEqual([]);
  });
});
