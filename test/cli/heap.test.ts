import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProgramError, RunAborted } from '#ungil/memory/errors.js';
import type { HeapRequest, HeapRun } from '#ungil/workloads/heapRun.js';
import { heapOf, statistics } from '../report/heapFixtures.js';
import { run } from './fakes.js';

let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
  file = path.join(folder, 'program.mjs');
  writeFileSync(file, 'export function run() {}\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function fakeHeap(seen: HeapRequest[], more: Partial<HeapRun> = {}) {
  return async (request: HeapRequest): Promise<HeapRun> => {
    seen.push(request);
    return heapOf({ build: request.build, threads: request.threads, ...more });
  };
}

describe('ungil heap', () => {
  it('runs a workload on free-threaded with two threads by default', async () => {
    const seen: HeapRequest[] = [];
    const { status, stdout } = await run(['heap', 'fib'], { heap: fakeHeap(seen) });
    expect(status).toBe(0);
    expect(seen).toEqual([
      {
        program: { workload: 'fib' },
        build: 'free-threaded',
        threads: 2,
        memoryBytes: 2 ** 30,
        timeMs: 200,
        args: [],
        check: false,
        debug: false,
      },
    ]);
    expect(stdout).toContain('free-threaded, 2 threads: at the end of run');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(stdout).not.toContain('\x1b');
  });

  it('runs a file with arguments on several builds', async () => {
    const seen: HeapRequest[] = [];
    const args = [
      'heap',
      '--builds',
      'gil,free-threaded',
      '--threads',
      '3',
      '--memory',
      '64MiB',
      '--check',
      '--debug',
    ];
    const { status } = await run([...args, file, 'one', 'two'], { heap: fakeHeap(seen) });
    expect(status).toBe(0);
    expect(seen.map(({ build }) => build)).toEqual(['gil', 'free-threaded']);
    expect(seen[0]).toMatchObject({
      program: { file },
      threads: 3,
      memoryBytes: 64 * 2 ** 20,
      args: ['one', 'two'],
      check: true,
      debug: true,
    });
  });

  it('writes JSON to a file, or to standard output with the text on standard error', async () => {
    const target = path.join(folder, 'new', 'heap.json');
    const { status, stderr } = await run(['heap', 'fib', '--json', target], { heap: fakeHeap([]) });
    expect(status).toBe(0);
    expect(stderr).toContain(`wrote ${target}`);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({
      ungil: '9.8.7',
      program: 'fib',
      complete: true,
    });
    const piped = await run(['heap', 'fib', '--json', '-'], { heap: fakeHeap([]) });
    const { runs } = JSON.parse(piped.stdout);
    expect(runs[0].during.statistics).toEqual(statistics());
    expect(piped.stderr).toContain('at the end of run');
  });

  it('ends with 1 when the check finds something', async () => {
    const broken = { statistics: statistics(), problems: ['INV-4.1: page 7 is wrong'] };
    const during = await run(['heap', 'fib', '--check'], { heap: fakeHeap([], { during: broken }) });
    expect(during.status).toBe(1);
    expect(during.stdout).toContain('check: INV-4.1: page 7 is wrong');
    const after = await run(['heap', 'fib', '--check'], { heap: fakeHeap([], { after: broken }) });
    expect(after.status).toBe(1);
    const sound = { statistics: statistics(), problems: [] };
    const fine = await run(['heap', 'fib', '--check'], {
      heap: fakeHeap([], { during: sound, after: sound }),
    });
    expect(fine.status).toBe(0);
  });

  it('ends with 1 and the message when the program throws, without a second build', async () => {
    const original = {
      name: 'TypeError',
      message: 'no such thing',
      stack: 'TypeError: no such thing\n    at run',
    };
    const seen: HeapRequest[] = [];
    const heap = async (request: HeapRequest): Promise<HeapRun> => {
      seen.push(request);
      throw new ProgramError(1, original);
    };
    const { status, stderr } = await run(['heap', file, '--builds', 'gil,free-threaded'], { heap });
    expect(status).toBe(1);
    expect(stderr).toContain('gil, 2 threads; thread 1): TypeError: no such thing');
    expect(seen).toHaveLength(1);
  });

  it('ends with 130 when interrupted', async () => {
    const controller = new AbortController();
    const heap = async (): Promise<HeapRun> => {
      controller.abort();
      throw new RunAborted('interrupt');
    };
    const { status, stderr } = await run(['heap', 'fib'], { heap, interrupt: controller.signal });
    expect(status).toBe(130);
    expect(stderr).toBe('interrupted: 0 of 1 run finished\n');
  });

  it('fits into a narrow terminal, in colour unless told otherwise', async () => {
    const out: string[] = [];
    const stdout = { isTTY: true, columns: 44, write: (text: string) => out.push(text) };
    await run(['heap', 'fib'], { heap: fakeHeap([]), stdout, env: { NO_COLOR: '1' } });
    for (const line of out.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(44);
    out.length = 0;
    await run(['heap', 'fib'], { heap: fakeHeap([]), stdout });
    expect(out.join('')).toContain('\x1b[1m');
  });

  it.each<[string[], RegExp]>([
    [['heap'], /missing required argument 'program'/],
    [
      ['heap', 'fob'],
      /'fob' is no workload and no file; did you mean 'fib'\? accepted: a file's path, or fib, /,
    ],
    [['heap', '/nowhere/at/all.mjs'], /is no workload and no file; accepted: /],
    [['heap', '.'], /'\.' is no workload and no file/],
    [['heap', 'fib', 'more'], /workload 'fib' takes no arguments, got 'more'/],
    [['heap', 'fib', '--threads', '0'], /thread count '0' is out of range/],
    [['heap', 'fib', '--threads', '1,2'], /--threads '1,2' is more than one number/],
    [['heap', 'fib', '--builds', 'gill'], /unknown build 'gill'; did you mean 'gil'/],
    [['heap', 'fib', '--build', 'gill'], /unknown build 'gill'/],
    [['heap', 'fib', '--memory', '1TB'], /memory '1TB' is not valid/],
    [['heap', 'fib', '--time', 'soon'], /duration 'soon' is not valid/],
    [['heap', 'fib', '--json', ''], /--json '' is not a file/],
    [['heap', 'fib', '--what'], /unknown option '--what'; accepted: --builds, /],
  ])('%j is bad usage: one line, status 2', async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(existsSync(path.join(folder, 'heap.json'))).toBe(false);
  });
});

it('ungil compare --debug asks for the debug build', async () => {
  const { seen } = await run(['compare', 'fib', '--debug']);
  expect(seen[0]).toMatchObject({ debug: true });
});
