import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliDependencies } from '#ungil/cli/dependencies.js';
import { ProgramError, RunAborted } from '#ungil/memory/errors.js';
import type { Traced } from '#ungil/report/tracing/record.js';
import type { TraceOptions } from '#ungil/workloads/trace.js';
import { Script, timelineOfScripts } from '../report/tracing/scripts.js';
import { violationsOf } from '../report/tracing/traceRules.js';
import { run } from './fakes.js';

let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
  file = path.join(folder, 'trace.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

const TIMELINE = timelineOfScripts([new Script(0).leave(60), new Script(1)]);

function fake(
  more: Partial<Traced['run']> = {},
  timeline: Traced['timeline'] = TIMELINE,
  seen: TraceOptions[] = [],
) {
  const trace: CliDependencies['trace'] = async (options) => {
    seen.push(options);
    const done = { options, recordings: [], complete: true, wrong: null, unraisable: [] };
    return { run: { ...done, ...more }, timeline };
  };
  return { trace };
}

describe('ungil trace', () => {
  it('records 50 ms of two threads on free-threaded by default, and says what it saw', async () => {
    const seen: TraceOptions[] = [];
    const { status, stdout, stderr } = await run(['trace', 'fib', '--out', file], fake({}, TIMELINE, seen));
    expect(status).toBe(0);
    expect(seen).toEqual([
      {
        workload: 'fib',
        build: 'free-threaded',
        threads: 2,
        timeMs: 50,
        warmupMs: 200,
        memoryBytes: 2 ** 30,
      },
    ]);
    expect(stderr).toBe(`recording fib, free-threaded, 2 threads\nwrote ${file}\n`);
    expect(stdout).toContain('thread 0  running 60 %, parked 40 %');
    expect(stdout).toContain(`open ${file} in https://ui.perfetto.dev or chrome://tracing\n`);
    const text = readFileSync(file, 'utf8');
    expect(violationsOf(text)).toEqual([]);
    expect(JSON.parse(text).otherData).toMatchObject({ workload: 'fib', build: 'gil', complete: 'true' });
  });

  it('takes what compare takes', async () => {
    const seen: TraceOptions[] = [];
    const args = ['trace', 'fib', '--out', '-', '--build', 'gil', '--threads', '3', '--time', '5ms'];
    args.push(
      '--memory',
      '64MiB',
      '--switch-interval',
      '500us',
      '--gc-threshold',
      '700,10',
      '--markers',
      '2',
    );
    const { status, stdout, stderr } = await run(args, fake({}, TIMELINE, seen));
    expect(status).toBe(0);
    expect(seen[0]).toEqual({
      workload: 'fib',
      build: 'gil',
      threads: 3,
      timeMs: 5,
      warmupMs: 200,
      memoryBytes: 64 << 20,
      switchInterval: 0.5,
      gc: { thresholds: [700, 10], markers: 2 },
    });
    expect(violationsOf(stdout)).toEqual([]);
    expect(stderr).toContain('thread 0  running 60 %');
    expect(stderr).not.toContain('wrote');
  });

  it.each([
    [['trace'], "missing required argument 'workload'"],
    [['trace', 'fob'], "unknown workload 'fob'; did you mean 'fib'? accepted: "],
    [['trace', 'fib', '--build', 'gal'], "unknown build 'gal'; did you mean 'gil'? accepted: "],
    [['trace', 'fib', '--build', 'gil,gilectomy'], 'is more than one build; accepted: one, such as gil'],
    [['trace', 'fib', '--build', 'subinterpreters'], "build 'subinterpreters' is not available yet"],
    [['trace', 'fib', '--threads', '65'], "thread count '65' is out of range; accepted: "],
    [['trace', 'fib', '--time', '5'], "duration '5' is not valid; accepted: 1ms to "],
    [['trace', 'fib', '--switch-interval', '0us'], "switch interval '0us' is not valid; accepted: 1us to "],
    [['trace', 'fib', '--switch-interval', '5'], "switch interval '5' is not valid; accepted: 1us to "],
    [['trace', 'fib', '--out', ''], "--out '' is not a file; accepted: "],
    [
      ['trace', 'fib', '--out', '/proc/nowhere/x.json'],
      "cannot write '/proc/nowhere/x.json' (ENOENT); accepted: ",
    ],
  ])('refuses %j before it runs', async (args, message) => {
    const seen: TraceOptions[] = [];
    const { status, stdout, stderr } = await run(args, fake({}, TIMELINE, seen));
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(seen).toEqual([]);
  });

  it('writes what was recorded until Ctrl-C', async () => {
    const { status, stderr } = await run(['trace', 'fib', '--out', file], fake({ complete: false }));
    expect(status).toBe(130);
    expect(stderr).toContain('interrupted: the recording ends there\n');
    expect(JSON.parse(readFileSync(file, 'utf8')).otherData.complete).toBe('false');
  });

  it('writes nothing where nothing was recorded', async () => {
    rmSync(file, { force: true });
    const none = await run(['trace', 'fib', '--out', file], fake({ complete: false }, null));
    expect(none.status).toBe(130);
    expect(none.stderr).toContain('interrupted: nothing was recorded\n');
    const controller = new AbortController();
    controller.abort();
    const thrown = await run(['trace', 'fib', '--out', file], {
      interrupt: controller.signal,
      trace: async () => {
        throw new RunAborted('interrupt');
      },
    });
    expect(thrown.status).toBe(130);
    expect(thrown.stderr).toContain('interrupted: nothing was recorded\n');
    expect(existsSync(file)).toBe(false);
  });

  it('fails with a wrong result, and with a program that fails', async () => {
    const wrong = await run(
      ['trace', 'fib', '--out', '-'],
      fake({ wrong: '2 is not 3', unraisable: ['thread 1: oops'] }),
    );
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('ungil: wrong result (fib, free-threaded, 2 threads): 2 is not 3\n');
    expect(wrong.stderr).toContain('fib, free-threaded, 2 threads: thread 1: oops\n');
    const failed = await run(['trace', 'fib', '--out', '-'], {
      trace: async () => {
        throw new ProgramError(1, { name: 'Error', message: 'no', stack: 'Error: no' });
      },
    });
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain(
      'ungil: the run failed (fib, free-threaded, 2 threads; thread 1): Error: no',
    );
    expect(failed.stdout).toBe('');
  });
});
