import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliDependencies } from '#ungil/cli/dependencies.js';
import type { Timeline } from '#ungil/report/timeline.js';
import { exploration } from '../report/raceFixtures.js';
import { fakeCompare, ordinary, run } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => path.join(folder, name);
const SMALL = ['compare', 'fib', 'int-add', '--threads', '1,2'];

describe('ungil compare --html', () => {
  it('writes the page, in a folder that it makes', async () => {
    const html = file('new/deep/compare.html');
    const { status, stderr, stdout } = await run([...SMALL, '--html', html]);
    expect(status).toBe(0);
    expect(stderr).toContain(`wrote ${html}`);
    expect(stdout).toContain('speed-up at 2');
    expect(readFileSync(html, 'utf8')).toContain('<h1>ungil compare</h1>');
  });

  it('says where, when and how', async () => {
    const html = file('where.html');
    const environment = {
      cpu: 'a processor',
      system: 'a system',
      memoryBytes: 2 ** 30,
      date: '2026-01-02T03:04:05.678Z',
      command: 'ungil compare fib',
    };
    const { stdout } = await run([...SMALL, '--html', html, '--json', '-'], {
      environment: () => environment,
    });
    expect(readFileSync(html, 'utf8')).toContain('a processor; 2 cores for this process');
    expect(JSON.parse(stdout).environment).toEqual(environment);
  });

  it.each([
    [['--html', '-'], /--html '-' is not a file/],
    [['--html', ''], /--html '' is not a file/],
    [
      ['--html', '/proc/none/x.html'],
      /cannot write '\/proc\/none\/x\.html' \(\w+\); accepted: a writable file's path/,
    ],
    [['--html', 'same.x', '--json', 'same.x'], /name the same file/],
    [['--race', 'race.json'], /--race is for the page; accepted: with --html/],
    [['--html', 'x.html', '--race', '/none.json'], /cannot read '\/none\.json' \(ENOENT\)/],
  ])('%j is bad usage, before anything runs', async (args, message) => {
    const { status, stderr, seen } = await run([...SMALL, ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(seen).toEqual([]);
  });

  it('writes what was measured until an interrupt', async () => {
    const html = file('interrupted.html');
    const controller = new AbortController();
    const step: typeof ordinary = (workload, build, threads) => {
      if (build === 'free-threaded') controller.abort();
      return ordinary(workload, build, threads);
    };
    const { status } = await run([...SMALL, '--html', html], { step, interrupt: controller.signal });
    expect(status).toBe(130);
    expect(readFileSync(html, 'utf8')).toContain('interrupted or failed');
  });

  it('writes what was measured until a failure', async () => {
    const html = file('failed.html');
    const step: typeof ordinary = (workload, build, threads) => {
      if (workload === 'int-add') throw new Error('boom');
      return ordinary(workload, build, threads);
    };
    const { status, stderr } = await run([...SMALL, '--html', html], { compare: fakeCompare(step) });
    expect(status).toBe(1);
    expect(stderr).toContain('boom');
    expect(readFileSync(html, 'utf8')).toMatch(/<th scope=row>fib/);
  });
});

describe('timelines for the page', () => {
  const traced = (fails: string) => async (wanted: Parameters<CliDependencies['record']>[0]) => {
    if (wanted.build === fails) throw new Error('no room to record');
    const slices = [{ state: 'running' as const, start: 0, end: 900 }];
    const timeline: Timeline = {
      workload: wanted.workload,
      build: wanted.build,
      threads: wanted.threads,
      microseconds: 1000,
      tracks: [{ kind: 'thread', name: 'thread 0', slices }],
      arrows: [],
      series: [],
      dropped: 0,
    };
    return timeline;
  };
  const stalls: typeof ordinary = (workload, build, threads) =>
    ordinary(workload, workload === 'fib' ? build : 'gil', threads);

  it('are of what stalls most, without and with a GIL', async () => {
    const html = file('timelines.html');
    const step: typeof ordinary = (workload, build, threads) => ({
      ...stalls(workload, build, threads),
      build,
    });
    const args = ['compare', 'fib', 'int-add', 'shared-list-append', '--json', '-', '--html', html];
    const { stdout, status } = await run(args, { step, record: traced('none') });
    expect(status).toBe(0);
    const { timelines } = JSON.parse(stdout);
    expect(timelines.map(({ workload, build }: Timeline) => `${workload} ${build}`)).toEqual([
      'int-add free-threaded',
      'int-add gil',
    ]);
    expect(readFileSync(html, 'utf8')).toContain('thread 0: running 90');
  });

  it('cost no figure if they fail', async () => {
    const html = file('untraced.html');
    const { stderr, status } = await run([...SMALL, '--html', html], { record: traced('gil') });
    expect(status).toBe(0);
    expect(stderr).toContain('no timeline of fib, gil, 2 threads: no room to record');
    expect(readFileSync(html, 'utf8')).toContain('fib, free-threaded, 2 threads.');
  });

  it('are not recorded without a page', async () => {
    const { stderr } = await run(SMALL, { record: traced('gil') });
    expect(stderr).not.toContain('timeline');
  });
});

describe('race outcomes in the page', () => {
  it('are those of a race.json', async () => {
    const race = file('race.json');
    const html = file('race.html');
    await run(['race', 'owner-exit', '--json', race], { explorations: [exploration()] });
    const { status } = await run([...SMALL, '--html', html, '--race', race]);
    expect(status).toBe(0);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('1 exploration of the interleavings');
    expect(page).toContain('freed=0');
  });

  it.each([
    ['truncated', (text: string) => text.slice(0, -40), /it is no whole JSON: it may be truncated/],
    [
      'foreign',
      () => '{"results": [], "name": 1}',
      /it is no race\.json of this version: 'ungil' is missing/,
    ],
    ['broken inside', (text: string) => text.replace(/("count": 20)/, '$1, "text": 7'), /it cannot be shown/],
  ])('of a %s one are bad usage', async (name, change, message) => {
    const race = file(`${name}.json`);
    await run(['race', 'owner-exit', '--json', race], { explorations: [exploration()] });
    writeFileSync(race, change(readFileSync(race, 'utf8')));
    const { status, stderr, seen } = await run([...SMALL, '--html', file('never.html'), '--race', race]);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('accepted: what ungil race --json wrote');
    expect(status).toBe(2);
    expect(seen).toEqual([]);
    expect(existsSync(file('never.html'))).toBe(false);
  });
});

describe('ungil report', () => {
  it('makes the same page from compare.json, and runs nothing', async () => {
    const json = file('compare.json');
    const first = file('first.html');
    const second = file('second.html');
    await run([...SMALL, '--json', json, '--html', first]);
    const { status, seen } = await run(['report', json, '--html', second]);
    expect(status).toBe(0);
    expect(seen).toEqual([]);
    expect(readFileSync(second, 'utf8')).toBe(readFileSync(first, 'utf8'));
  });

  it('says what is wrong with its file', async () => {
    const json = file('bad.json');
    const page = ['--html', file('bad.html')];
    writeFileSync(json, '{"ungil": "0.1.0", "results": [');
    const truncated = await run(['report', json, ...page]);
    expect(truncated).toMatchObject({ status: 2, stderr: expect.stringContaining('it may be truncated') });
    const missing = await run(['report', file('none.json'), ...page]);
    expect(missing).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('(ENOENT); accepted: a compare.json'),
    });
    const same = await run(['report', json, '--html', json]);
    expect(same.status).toBe(2);
    const nowhere = await run(['report', json]);
    expect(nowhere).toMatchObject({ status: 2, stderr: expect.stringContaining('--html') });
    expect(existsSync(file('bad.html'))).toBe(false);
  });

  it('refuses a file that is right outside and wrong inside', async () => {
    const json = file('inside.json');
    await run([...SMALL, '--json', json]);
    const value = JSON.parse(readFileSync(json, 'utf8'));
    value.summary = {};
    writeFileSync(json, JSON.stringify(value));
    const { status, stderr } = await run(['report', json, '--html', file('inside.html')]);
    expect(stderr).toMatch(/cannot use '.*inside\.json': it cannot be shown/);
    expect(status).toBe(2);
    expect(existsSync(file('inside.html'))).toBe(false);
  });
});
