import { describe, expect, it } from 'vitest';
import { CPYTHON_SOURCE, cpythonMops, cpythonNsPerOp, cpythonSpeedup } from '#ungil/report/cpython.js';
import { NAMES } from './fixtures.js';

describe("CPython's figures", () => {
  it('cover every workload, both builds, and 1, 2 and 4 threads', () => {
    for (const name of NAMES) {
      for (const build of ['gil', 'free-threaded']) {
        for (const threads of [1, 2, 4]) expect(cpythonMops(name, build, threads)).toBeGreaterThan(0);
      }
    }
    expect(CPYTHON_SOURCE).toContain('CPython 3.15.0a0');
  });

  it('give the speed-ups that CPython is known for', () => {
    expect(cpythonSpeedup('shared-list-read-object', 'free-threaded', 2)).toBeCloseTo(0.4, 2);
    expect(cpythonSpeedup('shared-counter-lock', 'free-threaded', 2)).toBeCloseTo(1, 2);
    expect(cpythonSpeedup('shared-list-append', 'free-threaded', 2)).toBeCloseTo(1.06, 2);
    expect(cpythonSpeedup('fib', 'gil', 1)).toBe(1);
  });

  it('turn throughput into nanoseconds per operation', () => {
    expect(cpythonNsPerOp('fib', 'gil', 1)).toBeCloseTo(1000 / 33, 9);
    expect(cpythonNsPerOp('fib', 'free-threaded', 4)).toBeCloseTo(1000 / 56.1, 9);
  });

  it('are null where nothing was measured', () => {
    for (const [name, build, threads] of [
      ['fib', 'gilectomy', 1],
      ['fib', 'gil', 3],
      ['unheard-of', 'gil', 1],
      ['toString', 'gil', 1],
      ['fib', 'toString', 1],
    ] as const) {
      expect(cpythonMops(name, build, threads)).toBeNull();
      expect(cpythonSpeedup(name, build, threads)).toBeNull();
      expect(cpythonNsPerOp(name, build, threads)).toBeNull();
    }
  });
});
