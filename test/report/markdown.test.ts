import { describe, expect, it } from 'vitest';
import { markdownTable } from '#ungil/report/markdown.js';
import { toResults } from '#ungil/report/results.js';
import { grid, measured, NAMES, WORKLOADS } from './fixtures.js';

describe('markdownTable', () => {
  it('has the same number of cells in every row', () => {
    const text = markdownTable(
      toResults(grid(NAMES, ['gil', 'free-threaded'], [1, 2]), WORKLOADS),
      WORKLOADS,
    );
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + NAMES.length);
    for (const row of rows) expect(row.split('|')).toHaveLength(12);
    expect(rows[0]).toBe(
      "| workload | gil, 1 thread (Mops/s) | gil, 2 threads (Mops/s) | gil, speed-up at 2 | CPython's | " +
        'free-threaded, 1 thread (Mops/s) | free-threaded, 2 threads (Mops/s) | free-threaded, speed-up at 2 | ' +
        "CPython's | price of free threading at 1 thread |",
    );
    expect(rows[2]).toBe('| `fib` | 10.5 | 10.5 | 1.00 | 0.99 | 11.5 | 23.0 | 2.00 | 1.89 | 0.91 |');
    expect(text).toContain('\n\n- In short, geometric means of 16 workloads:\n');
  });

  it('leaves out columns without figures and escapes bars', () => {
    const measurements = [measured('fib', 'gilectomy', 1, [10], { wrong: 'a | b' })];
    const lines = markdownTable(toResults(measurements, WORKLOADS), WORKLOADS).split('\n');
    expect(lines[0]).toBe('| workload | gilectomy, 1 thread (Mops/s) |');
    expect(lines[2]).toBe('| `fib` | 10.0 (wrong) |');
    expect(lines[4]).toBe('- gilectomy, fib, 1 thread: WRONG RESULT: a \\| b');
  });
});
