import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderFigures } from '#ungil/report/bench.js';
import type { BenchSuite, Figure } from '#ungil/report/benchTypes.js';
import { run, SUITES } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-bench-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A suite that reports a figure, then does this. */
function suiteThat(name: string, body: () => void): BenchSuite {
  return {
    name,
    about: '',
    async run(io) {
      io.progress('the start');
      io.figure({ table: 'times', name: 'before', value: 5, unit: 'ns' });
      body();
      if (!io.signal.aborted) io.figure({ table: 'times', name: 'after', value: 6, unit: 'ns' });
    },
  };
}

describe('ungil bench', () => {
  it('prints tables, targets among them', async () => {
    const { status, stdout, stderr } = await run(['bench']);
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'times',
      '  one  1.23 ns  1.00x',
      '',
      'targets',
      '        target      measured  reached',
      '  fast  at most 4      3.10x  yes',
      '  slow  at least 2     1.20x  NO',
      '  gone                     -  -        not installed',
      '',
      '',
    ]);
    expect(stderr).toBe('quick: both\n');
  });

  it('runs the suites that are named, in their own order', async () => {
    const seen: string[] = [];
    const suites = ['a', 'b', 'c'].map((name) => suiteThat(name, () => seen.push(name)));
    await run(['bench', 'c', 'a', 'c'], { suites });
    expect(seen).toEqual(['a', 'c']);
    await run(['bench'], { suites });
    expect(seen).toEqual(['a', 'c', 'a', 'b', 'c']);
  });

  it.each([
    [['bench', 'quik'], /^ungil: unknown suite 'quik'; did you mean 'quick'\? accepted: quick, other\n$/],
    [
      ['bench', '--jsn'],
      /^ungil: unknown option '--jsn' \(Did you mean --json\?\); accepted: --json, --help/,
    ],
    [['bench', '--json', ''], /^ungil: --json '' is not a file; accepted: a file's path, or - for standard/],
    [['bench', '--json', '/proc/nothing/file'], /^ungil: cannot write '\/proc\/nothing\/file'/],
  ])('refuses %j with status 2 and one line', async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect([status, stdout]).toEqual([2, '']);
  });

  it('tells its suites in its help', async () => {
    const { status, stdout } = await run(['bench', '--help']);
    expect(status).toBe(0);
    for (const { name, about } of SUITES) expect(stdout).toMatch(new RegExp(`^  ${name} +${about}$`, 'm'));
  });

  it('keeps its help within 100 columns', async () => {
    const suites = [{ ...SUITES[0], about: 'every mechanism of all the builds, '.repeat(4).trim() }];
    const { stdout } = await run(['bench', '--help'], { suites });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/^ {2}quick {2}every .*\n {9}\S/m);
  });

  it('writes JSON, to standard output alone or to a file', async () => {
    const { status, stdout, stderr } = await run(['bench', 'quick', '--json', '-']);
    expect(status).toBe(0);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({ ungil: '9.8.7', node: 'v20.0.0', cpus: 2, complete: true });
    expect(json.suites).toHaveLength(1);
    expect(json.suites[0].name).toBe('quick');
    const { figures } = json.suites[0];
    expect(figures.map(({ reached }: { reached: unknown }) => reached)).toEqual([null, true, false, null]);
    expect(figures[1]).toMatchObject({ name: 'fast', value: 3.1, target: { bound: 'at most', value: 4 } });
    expect(stderr).toContain('at least 2');
    const file = path.join(folder, 'new', 'bench.json');
    expect((await run(['bench', 'quick', '--json', file])).status).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(json);
  });

  it('ends with 1 where a suite fails, having printed what it had; later suites do not run', async () => {
    const fails = suiteThat('fails', () => {
      throw new Error('wrong result in larson');
    });
    const later = suiteThat('later', () => {});
    const { status, stdout, stderr } = await run(['bench'], { suites: [fails, later] });
    expect(status).toBe(1);
    expect(stderr).toMatch(/ungil: the run failed \(fails: the start\): Error: wrong result in larson\n/);
    expect(stdout).toBe('times\n  before  5 ns\n\nfailed: the figures are incomplete\n');
  });

  it('ends with 130 on an interrupt, having printed what it had', async () => {
    const controller = new AbortController();
    const suites = [suiteThat('stopped', () => controller.abort()), suiteThat('later', () => {})];
    const { status, stdout } = await run(['bench', '--json', '-'], { suites, interrupt: controller.signal });
    expect(status).toBe(130);
    const json = JSON.parse(stdout);
    expect(json.complete).toBe(false);
    expect(json.suites.map(({ name }: { name: string }) => name)).toEqual(['stopped']);
    expect(json.suites[0].figures.map(({ name }: { name: string }) => name)).toEqual(['before']);
  });
});

describe('tables of figures', () => {
  const target = { bound: 'at most', value: 21.042 } as const;
  const figures: Figure[] = [
    {
      table: 'targets',
      name: 'collect() of 1,000,000 live lists, free-threaded, 1 marker, against CPython',
      target,
      value: 3.69,
      unit: 'ms',
      note: '+-31 % of 9; CPython on another machine',
    },
    { table: 'targets', name: 'short', target, value: 300, unit: 'ms' },
  ];

  it.each([60, 80, 100])('fit %i columns', (width) => {
    const lines = renderFigures(figures, width);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
    expect(words(lines.join(' ')).sort()).toEqual(words(renderFigures(figures, 200).join(' ')).sort());
  });

  it('put what does not fit on lines below', () => {
    expect(renderFigures(figures, 80)).toEqual([
      'targets',
      '                                      target          measured  reached',
      '  collect() of 1,000,000 live lists,  at most 21.042   3.69 ms  yes',
      '    free-threaded, 1 marker, against CPython',
      '      +-31 % of 9; CPython on another machine',
      '  short                               at most 21.042    300 ms  NO',
    ]);
  });
});
