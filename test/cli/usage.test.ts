import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
  writeFileSync(path.join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('bad usage ends with status 2 and one line', () => {
  it.each<[string[], RegExp]>([
    [
      [],
      /^ungil: no command given; accepted: compare, race, .*list, --version, --help \(see ungil --help\)$/,
    ],
    [['compar'], /unknown command 'compar' \(Did you mean compare\?\); accepted: compare, race, .*list/],
    [['frobnicate'], /unknown command 'frobnicate'; accepted: compare, race, .*list/],
    [['--colour'], /unknown option '--colour'; accepted: compare, race, .*list, --version, --help/],
    [['list', 'fib'], /too many arguments for 'list'.*; accepted: --help \(see ungil list --help\)/],
    [['list', '--all'], /unknown option '--all'; accepted: --help/],
    [
      ['compare', '--thread', '1'],
      /unknown option '--thread' \(Did you mean --threads\?\); accepted: --builds, /,
    ],
    [['compare', '-x'], /unknown option '-x'; accepted: --builds, --threads, --time, .*--markdown/],
    [['compare', '--json'], /option '--json <file>' argument missing; accepted: /],
    [
      ['compare', 'fob'],
      /unknown workload 'fob'; did you mean 'fib'\? accepted: fib, int-add, .*racy-counter$/,
    ],
    [['compare', 'fib', 'zzzzzzzz'], /unknown workload 'zzzzzzzz'; accepted: fib, /],
    [
      ['compare', '--group', 'memry'],
      /unknown group of workloads 'memry'; did you mean 'memory'\? accepted: sharing, scaling, locks, requests, memory, gc$/,
    ],
    [
      ['compare', '--builds', 'gill'],
      /unknown build 'gill'; did you mean 'gil'\? accepted: gil, free-threaded, gilectomy, unsafe$/,
    ],
    [['compare', '--builds', 'gil,,unsafe'], /--builds 'gil,,unsafe' has an empty entry; accepted: gil, /],
    [
      ['compare', '--builds', 'gil,subinterpreters'],
      /build 'subinterpreters' is not available yet; available: gil, free-threaded, gilectomy, unsafe$/,
    ],
    [['compare', '--threads', '0'], /thread count '0' is out of range; accepted: whole numbers from 1 to 64/],
    [['compare', '--threads', '1,65'], /thread count '65' is out of range/],
    [['compare', '--threads', '-1'], /thread count '-1' is out of range/],
    [['compare', '--threads', '1.5'], /thread count '1.5' is out of range/],
    [['compare', '--threads', 'two'], /thread count 'two' is out of range/],
    [['compare', '--threads', ''], /--threads '' has an empty entry/],
    [['compare', '--time', '500'], /duration '500' is not valid; accepted: 1ms to 600s, such as 500ms or 2s/],
    [['compare', '--time', '0ms'], /duration '0ms' is not valid/],
    [['compare', '--time', '1h'], /duration '1h' is not valid/],
    [['compare', '--time', '601s'], /duration '601s' is not valid/],
    [['compare', '--time', '-5ms'], /duration '-5ms' is not valid/],
    [['compare', '--repeats', '0'], /repeats '0' is not valid; accepted: a whole number from 1 to 1000/],
    [['compare', '--repeats', '1e3'], /repeats '1e3' is not valid/],
    [['compare', '--memory', '8MiB'], /memory '8MiB' is not valid; accepted: 16MiB to 2GiB/],
    [['compare', '--memory', '3GiB'], /memory '3GiB' is not valid/],
    [['compare', '--memory', '1GB'], /memory '1GB' is not valid/],
    [
      ['compare', '--gc-threshold', '-1'],
      /--gc-threshold '-1' is not valid; accepted: one to three whole numbers, separated by commas, such as 700,10,10/,
    ],
    [['compare', '--gc-threshold', '1,2,3,4'], /--gc-threshold '1,2,3,4' is not valid/],
    [
      ['compare', '--gc-threshold', '700,'],
      /--gc-threshold '700,' has an empty entry; accepted: one to three/,
    ],
    [['compare', '--markers', '0'], /--markers '0' is not valid; accepted: a whole number from 1 to 64$/],
    [['compare', '--markers', 'all'], /--markers 'all' is not valid/],
    [
      ['compare', '--builds', 'gil:colector=off'],
      /unknown switch 'colector=off' of build 'gil'; did you mean 'collector'\? accepted: .*, collector=off$/,
    ],
    [
      ['compare', '--builds', 'gil:collector=on'],
      /unknown switch 'collector=on' of build 'gil'; switches are /,
    ],
    [
      ['compare', '--builds', 'unsafe:collector=off'],
      /build 'unsafe:collector=off': collector=off changes nothing: it has no collector$/,
    ],
    [['compare', '--json', ''], /--json '' is not a file; accepted: a file's path, or - for standard output/],
    [['compare', 'two\nlines'], /unknown workload 'two lines'/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr, seen } = await run(args);
    expect(stderr).toMatch(/^ungil: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(seen).toEqual([]);
  });

  it('a JSON path that cannot be written', async () => {
    for (const target of [folder, path.join(folder, 'file', 'compare.json')]) {
      const { status, stdout, stderr, seen } = await run(['compare', 'fib', '--json', target]);
      expect(stderr).toMatch(
        /^ungil: cannot write '[^\n]+' \(E[A-Z]+\); accepted: a writable file's path, or -[^\n]+\n$/,
      );
      expect([status, stdout, seen]).toEqual([2, '', []]);
    }
  });
});

describe('help and version', () => {
  it.each([[['--help']], [['compare', '--help']], [['race', '--help']], [['list', '-h']]])(
    '%j is printed on standard output',
    async (args) => {
      const { status, stdout, stderr } = await run(args);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Usage: ungil/);
      expect(stdout).toMatch(/Examples?:\n {2}ungil /);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  it('--version', async () => {
    expect(await run(['--version'])).toMatchObject({ status: 0, stdout: '9.8.7\n', stderr: '' });
  });
});

describe('list', () => {
  it('shows every workload, build and scenario within 100 columns', async () => {
    const { status, stdout, stderr } = await run(['list']);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/^ {2}fib +what fib does$/m);
    expect(stdout).toMatch(/^ {2}racy-counter +x \+= 1 \(races; only when named\)$/m);
    expect(stdout).toMatch(/^ {2}gil +one global lock \(lock: none; counts: biased/m);
    expect(stdout).toMatch(/^ {2}free-threaded +lock: none; counts: biased/m);
    expect(stdout).toMatch(/^ {2}owner-exit +the owner ends .* \(gil, biased; variants:/m);
    expect(stdout).toMatch(/^ {2}mutex +two threads and a mutex \(no counts; variants: no-wake\)$/m);
    expect(stdout).toMatch(/^ {2}subinterpreters \(not yet\) /m);
  });
});
