import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunAborted } from '#ungil/memory/errors.js';
import { ALL_WORKLOADS } from '#ungil/workloads/index.js';
import { journal, NAMES, WORKLOADS } from '../report/fixtures.js';
import { ordinary, run, type Step } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = ['compare', 'fib', 'int-add', '--builds', 'gil,free-threaded', '--threads', '1,2'];

describe('ungil compare', () => {
  it('runs everything that does not race by default', async () => {
    const { status, stdout, seen } = await run(['compare']);
    expect(seen).toEqual([
      {
        workloads: NAMES,
        builds: ['gil', 'free-threaded'],
        threads: [1, 2],
        timeMs: 500,
        repeats: 5,
        memoryBytes: 2 ** 30,
        explain: true,
      },
    ]);
    expect(status).toBe(0);
    for (const name of NAMES) expect(stdout).toContain(`\n${name} `);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('explains unless told not to, and not while mechanisms are switched off one by one', async () => {
    expect((await run(SMALL)).seen[0].explain).toBe(true);
    expect((await run([...SMALL, '--no-explain'])).seen[0]).not.toHaveProperty('explain');
    expect((await run(['compare', 'fib', '--ablate', 'biased'])).seen[0]).not.toHaveProperty('explain');
  });

  it('hands the settings of the collector on', async () => {
    const given = ['--gc-threshold', '700,10,10', '--markers', '2', '--gc-memory-gate'];
    const all = await run([...SMALL, ...given]);
    expect(all.seen[0].gc).toEqual({ thresholds: [700, 10, 10], markers: 2, memoryGate: true });
    const never = await run([...SMALL, '--gc-threshold', '0']);
    expect(never.seen[0].gc).toEqual({ thresholds: [0] });
  });

  it('shows pauses where cycles were collected, and what nobody could catch', async () => {
    const collected: Step = (workload, build, threads) => {
      const measurement = ordinary(workload, build, threads);
      if (workload !== 'fib' || build !== 'free-threaded') return measurement;
      return { ...measurement, gc: [journal([1, 2, 30])], unraisable: ['thread 1: boom in list 0x40'] };
    };
    const { status, stdout, stderr } = await run([...SMALL, '--json', '-'], { step: collected });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^fib, free-threaded, 2 threads: thread 1: boom in list 0x40$/m);
    expect(stderr).toMatch(/gc pause ms at 2/);
    const { results } = JSON.parse(stdout);
    const of = (workload: string, build: string) =>
      results.find((result: Step & { workload: string; build: string }) => {
        return result.workload === workload && result.build === build;
      });
    expect(of('fib', 'free-threaded').gcPauseMs).toEqual({ p50: 2, p99: 30, max: 30, count: 3 });
    expect(of('fib', 'free-threaded').gc.collections).toEqual({ manual: 1, heap: 2 });
    expect(of('int-add', 'free-threaded')).toMatchObject({ gcPauseMs: null, gc: null });
    expect(of('fib', 'gil')).toMatchObject({ gcPauseMs: null, gc: null });
  });

  it('says what held an interrupted run up', async () => {
    const controller = new AbortController();
    const held = 'thread 0 was in the finaliser of Node 0x40';
    const { status, stderr } = await run(SMALL, {
      interrupt: controller.signal,
      compare: async (_options, hooks) => {
        hooks.onStart(8);
        controller.abort();
        hooks.onInterrupted?.(new RunAborted('interrupt', held));
      },
    });
    expect(status).toBe(130);
    expect(stderr).toMatch(`ungil: the run was interrupted; ${held}\n`);
  });

  it('runs a group, or whatever is named of any', async () => {
    const step: Step = (workload, build, threads) => ({
      ...ordinary(workload, build, threads),
      memory: workload === 'fib' ? null : { usedBytes: 3 * 2 ** 20, liveBytes: 2 * 2 ** 20 },
    });
    const memory = { cpython: 'as there', title: 'memory', unit: 'pair', group: 'memory' as const };
    const workloads = [...WORKLOADS, { name: 'larson', ...memory }, { name: 'mstress', ...memory }];
    const grouped = await run(['compare', '--group', 'memory'], { workloads, step });
    expect(grouped.seen[0].workloads).toEqual(['larson', 'mstress']);
    expect(grouped.stdout).toMatch(/ MiB at 2 /);
    expect(grouped.stdout).toMatch(/ peak live /);
    expect(grouped.stdout).toMatch(/^larson .* 3\.0 +2\.0 /m);
    // CPython was not measured on these: nothing is said of it.
    expect(grouped.stdout).not.toContain('CPython');
    const and = await run(['compare', 'fib', 'larson', '--group', 'memory'], { workloads, step });
    expect(and.seen[0].workloads).toEqual(['larson', 'mstress', 'fib']);
    const sharing = await run(['compare'], { workloads, step: ordinary });
    expect(sharing.seen[0].workloads).toEqual(NAMES);
    expect(sharing.stdout).not.toContain('MiB');
    const named = await run(['compare', 'mstress', 'fib', '--json', '-'], { workloads, step });
    expect(named.seen[0].workloads).toEqual(['mstress', 'fib']);
    const { results } = JSON.parse(named.stdout);
    expect(results[0].memory).toEqual({ peakBytes: 3 * 2 ** 20, liveBytes: 2 * 2 ** 20, overhead: 1.5 });
    expect(results[0].seconds).toEqual([1, 1, 1]);
    expect(results.find(({ workload }: { workload: string }) => workload === 'fib').memory).toBeNull();
    const markdown = await run(['compare', 'larson', '--markdown'], { workloads, step });
    expect(markdown.stdout).toContain('| gil, peak MiB at 2 | gil, live MiB at 2 |');
  });

  it('takes lists without repetition, threads in order', async () => {
    const args = [
      'compare',
      'racy-counter',
      'fib',
      'fib',
      '--builds',
      'unsafe, gil,unsafe',
      '--threads',
      '4,1,4',
    ];
    const { seen } = await run([...args, '--time', '1.5s', '--repeats', '2', '--memory', '64MiB']);
    expect(seen).toEqual([
      {
        workloads: ['racy-counter', 'fib'],
        builds: ['unsafe', 'gil'],
        threads: [1, 4],
        timeMs: 1500,
        repeats: 2,
        memoryBytes: 64 * 2 ** 20,
        explain: true,
      },
    ]);
  });

  it('gives each build the counts of --refcount, by the name that the results have', async () => {
    const none = await run(['compare', '--refcount', 'none', '--json', '-'], { workloads: ALL_WORKLOADS });
    const names = ['gil:refcount=none', 'free-threaded:refcount=none'];
    expect(none.seen[0].builds).toEqual(names);
    const { results } = JSON.parse(none.stdout) as { results: { build: string }[] };
    expect([...new Set(results.map(({ build }) => build))]).toEqual(names);
    const side = ['compare', '--builds', 'gil,free-threaded:qsbr=off', '--refcount', 'side-table'];
    const builds = ['gil:refcount=side-table', 'free-threaded:qsbr=off:refcount=side-table'];
    expect((await run(side)).seen[0].builds).toEqual(builds);
    const own = ['compare', '--builds', 'gil,unsafe', '--refcount', 'plain'];
    expect((await run(own)).seen[0].builds).toEqual(['gil', 'unsafe']);
  });

  it.each([
    [['--refcount', 'nune'], "did you mean 'none'? accepted: plain, atomic, biased, side-table, none"],
    [
      ['--refcount', 'plain'],
      "--refcount plain does not fit build 'free-threaded:refcount=plain': plain counts",
    ],
    [['fib', '--refcount', 'none'], "build 'gil:refcount=none' cannot run fib: it counts no references"],
  ])('refuses %j', async (args, message) => {
    const { status, stderr, seen } = await run(['compare', ...args], { workloads: ALL_WORKLOADS });
    expect([status, seen]).toEqual([2, []]);
    expect(stderr).toContain(message);
  });

  it('puts the table on standard output and progress on standard error', async () => {
    const { stdout, stderr } = await run(SMALL);
    expect(stdout).toMatch(/^fib .* 1\.89 /m);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr).toMatch(/^\[4\/8, about 0 s left\] fib: gil /);
  });

  it('writes JSON into a file, whose folder it creates', async () => {
    const file = path.join(folder, 'new', 'deep', 'compare.json');
    const { status, stdout, stderr } = await run([...SMALL, '--json', file]);
    expect(status).toBe(0);
    expect(stdout).toContain('workload ');
    expect(stderr).toContain(`wrote ${file}\n`);
    const json = JSON.parse(readFileSync(file, 'utf8'));
    expect(json).toMatchObject({ ungil: '9.8.7', node: 'v20.0.0', cpus: 2, complete: true });
    expect(json.results).toHaveLength(8);
  });

  it('checks the file before the run without touching it', async () => {
    const [old, fresh] = [path.join(folder, 'old.json'), path.join(folder, 'fresh.json')];
    writeFileSync(old, 'precious');
    for (const file of [old, fresh]) {
      const compare = async () => {
        expect(existsSync(fresh)).toBe(false);
        expect(readFileSync(old, 'utf8')).toBe('precious');
        throw new Error('stop here');
      };
      await run(['compare', 'fib', '--json', file], { compare });
      rmSync(fresh, { force: true });
      writeFileSync(old, 'precious');
    }
  });

  it('shows the table, and fails, when the file cannot be written in the end', async () => {
    const file = path.join(folder, 'gone', 'compare.json');
    const step: Step = (...args) => {
      rmSync(path.dirname(file), { recursive: true, force: true });
      return ordinary(...args);
    };
    const { status, stdout, stderr } = await run([...SMALL, '--json', file], { step });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fib /m);
    expect(stderr).toMatch(/ungil: cannot write '.*compare\.json': ENOENT/);
  });

  it('gives standard output to JSON alone with --json -', async () => {
    const { status, stdout, stderr } = await run([...SMALL, '--json', '-']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).results).toHaveLength(8);
    expect(stderr).toMatch(/^fib /m);
  });

  it('prints Markdown with --markdown', async () => {
    const { stdout } = await run([...SMALL, '--markdown']);
    expect(stdout).toMatch(/^\| workload \| gil, 1 thread \(Mops\/s\) /);
  });

  it('fits the table to the terminal, and obeys NO_COLOR and TERM=dumb', async () => {
    const written: string[] = [];
    const stdout = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
    await run(SMALL, { stdout });
    expect(written.join('')).toContain('\x1b[1m');
    const lines = stripVTControlCharacters(written.join('')).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      written.length = 0;
      await run(SMALL, { stdout, env });
      expect(written.join('')).toMatch(/^fib /m);
      expect(written.join('')).not.toContain('\x1b');
    }
  });
});

describe('checks that fail', () => {
  const wrong =
    (on: string): Step =>
    (workload, build, threads) => ({
      ...ordinary(workload, build, threads),
      wrong: build === on && threads === 2 ? 'lost 3 items' : null,
    });

  it('a wrong result ends with 1', async () => {
    const { status, stdout } = await run(SMALL, { step: wrong('free-threaded') });
    expect(status).toBe(1);
    expect(stdout).toContain('\n* free-threaded, fib, 2 threads: WRONG RESULT: lost 3 items\n');
  });

  it('a wrong result of the unsafe build is caught and expected', async () => {
    const { status, stdout } = await run(['compare', 'fib', '--builds', 'unsafe'], { step: wrong('unsafe') });
    expect(status).toBe(0);
    expect(stdout).toContain('\n* unsafe, fib, 2 threads: wrong result caught: lost 3 items\n');
  });

  it('a wrong result of a program that races is expected on any build', async () => {
    const args = ['compare', 'racy-counter', '--builds', 'free-threaded'];
    expect((await run(args, { step: wrong('free-threaded') })).status).toBe(0);
  });

  it('a leak ends with 1 and names type, count and addresses', async () => {
    const step: Step = (...args) => ({
      ...ordinary(...args),
      leaks: args[1] === 'gil' ? [{ type: 'list', count: 2, addresses: [256] }] : [],
    });
    const { status, stdout } = await run(SMALL, { step });
    expect(status).toBe(1);
    expect(stdout).toContain('\ngil, fib, 1 thread: LEAK: 2 list at 0x100, ...\n');
  });

  it('a program error shows its stack, the thread and what ran, and keeps what was measured', async () => {
    const file = path.join(folder, 'failed.json');
    const step: Step = (workload, build, threads) => {
      if (workload === 'int-add') throw Object.assign(new RangeError('too big'), { thread: 3 });
      return ordinary(workload, build, threads);
    };
    const { status, stdout, stderr } = await run([...SMALL, '--json', file], { step });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /ungil: the run failed \(int-add, gil, 1 thread; thread 3\): RangeError: too big\n +at /,
    );
    expect(stdout).toMatch(/^fib /m);
    expect(stdout).toContain(
      '\nfailed: the results are incomplete, 4 of 8 measurements made, with 3 of 5 repeats\n',
    );
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ complete: false });
  });

  it('an error before anything ran, and one that is no Error', async () => {
    const compare = () => Promise.reject('no memory');
    const { status, stdout, stderr } = await run(SMALL, { compare });
    expect(status).toBe(1);
    expect(stderr).toBe('ungil: the run failed: no memory\n');
    expect(stdout).toBe('failed: the results are incomplete, 0 of 8 measurements made\n');
  });
});

describe('an interrupt', () => {
  /** Aborts during the given combination. */
  function interruptAt(at: number): { step: Step; interrupt: AbortSignal } {
    const controller = new AbortController();
    let count = 0;
    const step: Step = (...args) => {
      if (++count === at) controller.abort();
      return ordinary(...args);
    };
    return { step, interrupt: controller.signal };
  }

  it('prints the table so far, says that it is incomplete, writes JSON, and ends with 130', async () => {
    const file = path.join(folder, 'interrupted.json');
    const { status, stdout } = await run([...SMALL, '--json', file], interruptAt(3));
    expect(status).toBe(130);
    expect(stdout).toMatch(/^fib +11\.0 +11\.0 +1\.00 +<1 +0\.99 +11\.0 +- +- +1\.89 +1\.00$/m);
    expect(stdout).not.toMatch(/^int-add/m);
    expect(stdout).toMatch(
      /\ninterrupted: the results are incomplete, 3 of 8 measurements made, with 3 of 5 repeats\n$/,
    );
    const json = JSON.parse(readFileSync(file, 'utf8'));
    expect(json.complete).toBe(false);
    expect(json.results).toHaveLength(3);
  });

  it('keeps standard output pure JSON with --json -', async () => {
    const { status, stdout, stderr } = await run([...SMALL, '--json', '-'], interruptAt(1));
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false });
    expect(stderr).toContain('interrupted: ');
  });

  it('may arrive before anything was measured, or as the error that ended the threads', async () => {
    const controller = new AbortController();
    controller.abort();
    const early = await run(SMALL, { interrupt: controller.signal });
    expect(early).toMatchObject({ status: 130, stderr: '' });
    expect(early.stdout).toBe('interrupted: the results are incomplete, 0 of 8 measurements made\n');
    const compare = () => Promise.reject(new RunAborted('interrupt'));
    expect(await run(SMALL, { interrupt: controller.signal, compare })).toMatchObject({
      status: 130,
      stderr: '',
    });
  });

  it('that comes too late changes nothing', async () => {
    const { status, stdout } = await run([...SMALL, '--repeats', '3', '--no-explain'], interruptAt(8));
    expect(status).toBe(0);
    expect(stdout).not.toContain('interrupted');
  });

  it('that costs an explanation leaves incomplete results', async () => {
    const { status, stdout } = await run([...SMALL, '--repeats', '3'], interruptAt(8));
    expect(status).toBe(130);
    const count = '8 of 8 measurements made, not all explained';
    expect(stdout).toContain(`\ninterrupted: the results are incomplete, ${count}\n`);
  });

  it('between two rounds leaves all measurements, with fewer repeats, and says so', async () => {
    const { status, stdout } = await run([...SMALL, '--repeats', '9'], interruptAt(8));
    expect(status).toBe(130);
    const count = '8 of 8 measurements made, with 3 of 9 repeats';
    expect(stdout).toContain(`\ninterrupted: the results are incomplete, ${count}\n`);
  });

  it('does not hide a failure', async () => {
    const controller = new AbortController();
    const compare = () => {
      controller.abort();
      return Promise.reject(new TypeError('a real error'));
    };
    expect((await run(SMALL, { interrupt: controller.signal, compare })).status).toBe(1);
  });
});
