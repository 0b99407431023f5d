import { describe, expect, it } from 'vitest';
import { ABLATION_WORKLOADS } from '#ungil/cli/ablateOptions.js';
import { MECHANISM_NAMES } from '#ungil/runtime/builds.js';
import { ALL_WORKLOADS } from '#ungil/workloads/index.js';
import { measured } from '../report/fixtures.js';
import { run, type Step } from './fakes.js';

/** Half the throughput without biased counts. */
const step: Step = (workload, build, threads) =>
  measured(workload, build, threads, build.includes('biased=off') ? [5, 5, 5] : [10, 10, 10]);

describe('ungil compare --ablate', () => {
  it('takes each mechanism of free-threaded away, on few workloads', async () => {
    const { status, stdout, seen } = await run(['compare', '--ablate'], { step });
    expect(status).toBe(0);
    expect(seen).toHaveLength(1);
    expect(seen[0].workloads).toEqual(ABLATION_WORKLOADS);
    expect(seen[0].builds).toEqual([
      'free-threaded',
      ...MECHANISM_NAMES.map((name) => `free-threaded:${name}=off`),
    ]);
    expect(seen[0].timeMs).toBe(100);
    expect(stdout).toMatch(/^biased: matters most on .* 2\.00 times/m);
    expect(stdout).toMatch(/^qsbr: no difference/m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('takes the mechanisms, builds, workloads and times that it is given', async () => {
    const builds = 'gil,free-threaded:qsbr=off';
    const { seen } = await run(
      ['compare', 'fib', '--ablate', 'borrowed,immortal', '--builds', builds, '--time', '50ms'],
      { step },
    );
    expect(seen[0]).toMatchObject({
      workloads: ['fib'],
      timeMs: 50,
      builds: [
        'gil',
        'gil:borrowed=off',
        'gil:immortal=off',
        'free-threaded:qsbr=off',
        'free-threaded:qsbr=off:borrowed=off',
        'free-threaded:qsbr=off:immortal=off',
      ],
    });
  });

  it('knows a workload behind the option for what it is', async () => {
    const { seen } = await run(['compare', '--ablate', 'fib', 'int-add'], { step });
    expect(seen[0].workloads).toEqual(['fib', 'int-add']);
    expect(seen[0].builds).toHaveLength(1 + MECHANISM_NAMES.length);
  });

  it('does not take away what is off, and takes the workloads of a group', async () => {
    const builds = 'free-threaded:qsbr=off:biased=off';
    const { seen } = await run(['compare', '--ablate', '--builds', builds, '--group', 'memory'], {
      step,
      workloads: ALL_WORKLOADS,
    });
    expect(seen[0].builds).toEqual([
      builds,
      ...MECHANISM_NAMES.filter((name) => !builds.includes(name)).map((name) => `${builds}:${name}=off`),
    ]);
    expect(seen[0].workloads).toContain('larson');
    expect(seen[0].workloads).not.toContain('fib');
  });

  it('says that it does not know the noise of too few repeats', async () => {
    const once: Step = (workload, build, threads) => measured(workload, build, threads, [10, 10]);
    expect((await run(['compare', 'fib', '--ablate'], { step: once })).stdout).toContain(
      'noise is not known',
    );
    expect((await run(['compare', 'fib', '--ablate'], { step })).stdout).not.toContain('noise is not known');
  });

  it('writes the cells into the JSON', async () => {
    const { stdout } = await run(['compare', 'fib', '--ablate', 'biased', '--json', '-'], { step });
    const json = JSON.parse(stdout);
    expect(json.ablation).toEqual(
      [1, 2].map((threads) => ({
        build: 'free-threaded',
        mechanism: 'biased',
        workload: 'fib',
        threads,
        cost: 2,
        interval: { low: 2, high: 2 },
        noise: 0.05,
      })),
    );
    expect(json.results).toHaveLength(4);
    expect(JSON.parse((await run(['compare', 'fib', '--json', '-'])).stdout).ablation).toBeUndefined();
  });

  it('prints Markdown', async () => {
    const { stdout } = await run(['compare', 'fib', '--ablate', 'biased', '--markdown'], { step });
    expect(stdout).toContain('| `fib` | 2.00 | 2.00 |');
  });

  it.each([
    [['--ablate', 'biasd'], "unknown mechanism 'biasd'; did you mean 'biased'?"],
    [['--ablate', 'biased,'], "--ablate 'biased,' has an empty entry"],
    [
      ['--ablate', 'biased', '--builds', 'gil'],
      "build 'gil' cannot do without 'biased': its counts are plain",
    ],
    [['--ablate', 'qsbr', '--builds', 'free-threaded:qsbr=off'], 'it is off there already'],
    [['--ablate', 'qsbr', '--builds', 'gilectomy'], 'nothing is read without a lock there'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr, seen } = await run(['compare', 'fib', ...args]);
    expect(status).toBe(2);
    expect(seen).toEqual([]);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('names of builds with switches', () => {
  it('are accepted by compare', async () => {
    const { seen } = await run([
      'compare',
      'fib',
      '--builds',
      'gil:refcount=side-table,free-threaded:qsbr=off',
    ]);
    expect(seen[0].builds).toEqual(['gil:refcount=side-table', 'free-threaded:qsbr=off']);
  });

  it.each([
    ['gil:imortal=off', "unknown switch 'imortal=off' of build 'gil'; did you mean 'immortal'?"],
    ['gil:immortal=maybe', "unknown switch 'immortal=maybe'"],
    ['gil:refcount=magic', 'refcount=plain|atomic|biased|side-table'],
    ['gil:deferred=off', 'plain counts have no deferral'],
    ['gilectomy:refcount=plain', 'plain counts without a lock'],
    ['free-threaded:refcount=side-table', 'with qsbr=off readers take the lock instead'],
    ['unsafe:refcount=biased', 'the row free-threaded has them'],
    ['unsafe:refcount=none', 'every thread at a safepoint'],
    ['subinterpreters:immortal=off', "build 'subinterpreters' is not available yet"],
    ['nogil:immortal=off', "unknown build 'nogil'"],
  ])('%s is refused in one line', async (name, message) => {
    const { status, stderr } = await run(['compare', 'fib', '--builds', name]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('are explained by list', async () => {
    const { stdout } = await run(['list']);
    for (const name of MECHANISM_NAMES) expect(stdout).toMatch(new RegExp(`^  ${name}=off +\\S`, 'm'));
    expect(stdout).toContain('side-table');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});
