import { describe, expect, it } from 'vitest';
import { createProgress } from '#ungil/report/progress.js';
import { measured } from './fixtures.js';

function fake(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  return { stream: { isTTY, columns, write: (text: string) => written.push(text) }, written };
}

const ERASE = '\r\x1b[2K';

describe('progress on a terminal', () => {
  it('rewrites one line and erases it at the end', () => {
    const { stream, written } = fake(true, 80);
    let clock = 1000;
    const progress = createProgress(stream, 'xterm', () => clock);
    progress.onStart(4);
    progress.onStep('fib', 'gil', 1);
    clock += 30_000;
    progress.onMeasurement(measured('fib', 'gil', 1, [1]));
    progress.onStep('fib', 'gil', 2);
    progress.finish();
    progress.finish();
    expect(written).toEqual([
      `${ERASE}[0/4] fib, gil, 1 thread`,
      `${ERASE}[1/4, about 1 min 30 s left] fib, gil, 2 threads`,
      ERASE,
    ]);
  });

  it('shows the turns of interpreters without counting them', () => {
    const { stream, written } = fake(true, 80);
    let clock = 0;
    const progress = createProgress(stream, 'xterm', () => clock);
    progress.onStart(2);
    for (const threads of [1, 2]) {
      progress.onStep('fib', 'gil', threads);
      clock += 1000;
      progress.onForeignStep('fib', 'python3', threads);
      clock += 1000;
    }
    expect(written).toEqual([
      `${ERASE}[0/2] fib, gil, 1 thread`,
      `${ERASE}[1/2, about 1 s left] fib, python3, 1 thread`,
      `${ERASE}[1/2, about 2 s left] fib, gil, 2 threads`,
      `${ERASE}[2/2] fib, python3, 2 threads`,
    ]);
  });

  it('stays within the line', () => {
    const { stream, written } = fake(true, 20);
    const progress = createProgress(stream, 'xterm', () => 0);
    progress.onStart(1);
    progress.onStep('shared-list-read-immortal', 'free-threaded', 2);
    expect(written[0].slice(ERASE.length)).toHaveLength(19);
  });
});

describe('progress elsewhere', () => {
  it.each([
    ['a pipe', false, 'xterm'],
    ['a terminal that cannot rewrite', true, 'dumb'],
  ])('writes a plain line for each workload to %s', (_, isTTY, name) => {
    const { stream, written } = fake(isTTY);
    let clock = 0;
    const progress = createProgress(stream, name, () => clock);
    progress.onStart(4);
    for (const workload of ['fib', 'int-add']) {
      for (const build of ['gil', 'free-threaded']) {
        progress.onStep(workload, build, 1);
        clock += 1000;
        progress.onMeasurement(measured(workload, build, 1, [12.5]));
      }
    }
    progress.finish();
    progress.finish();
    expect(written).toEqual([
      '[2/4, about 2 s left] fib: gil 12.5 (1 thr); free-threaded 12.5 (1 thr) Mops/s\n',
      '[4/4] int-add: gil 12.5 (1 thr); free-threaded 12.5 (1 thr) Mops/s\n',
    ]);
  });

  it('counts each round, and says when one is done', () => {
    const { stream, written } = fake(false);
    let clock = 0;
    const progress = createProgress(stream, undefined, () => clock);
    progress.onStart(2, 3);
    for (let round = 0; round < 3; round++) {
      for (const build of ['gil', 'free-threaded']) {
        progress.onStep('fib', build, 1, round);
        clock += 1000;
      }
      progress.onForeignStep('fib', 'python3', 1);
    }
    for (const build of ['gil', 'free-threaded']) progress.onMeasurement(measured('fib', build, 1, [12.5]));
    progress.finish();
    expect(written).toEqual([
      '[2/6, about 4 s left] 1 round done\n',
      '[4/6, about 2 s left] 2 rounds done\n',
      '[6/6] fib: gil 12.5 (1 thr); free-threaded 12.5 (1 thr) Mops/s\n',
    ]);
  });

  it('is silent if nothing was measured', () => {
    const { stream, written } = fake(false);
    const progress = createProgress(stream, undefined, () => 0);
    progress.onStart(1);
    progress.onStep('fib', 'gil', 1);
    progress.finish();
    expect(written).toEqual([]);
  });
});
