import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Race, RaceInputError } from '#ungil/explore/raceTypes.js';
import { caught, exploration, failed, REQUEST } from '../report/raceFixtures.js';
import { fakeRace, progressAt, run } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what is asked for', () => {
  it('is everything by default', async () => {
    const { requests } = await run(['race']);
    expect(requests).toEqual([{ ...REQUEST, scenarios: ['owner-exit', 'mutex', 'two-increfs'] }]);
  });

  it('is what the options say', async () => {
    const args = [
      'race',
      'owner-exit',
      './a.mjs',
      'b.js',
      'owner-exit',
      '--mode',
      'bound=2',
      '--seed',
      '4294967295',
    ];
    const more = [
      '--refcount',
      'biased,gil,biased',
      '--variant',
      'mine',
      '--budget',
      '1.5s',
      '--max-steps',
      '9',
    ];
    const { requests } = await run([...args, ...more, '--engine', 'worker']);
    expect(requests).toEqual([
      {
        scenarios: ['owner-exit'],
        files: ['./a.mjs', 'b.js'],
        mode: 'bound=2',
        refcount: ['gil', 'biased'],
        variant: 'mine',
        budgetMs: 1500,
        seed: 4294967295,
        maxSteps: 9,
        engine: 'worker',
        replay: null,
      },
    ]);
  });

  it('leaves out scenarios that do not run under the scheme, unless they are named', async () => {
    const { requests } = await run(['race', '--refcount', 'plain']);
    expect(requests[0].scenarios).toEqual(['mutex', 'two-increfs']);
    const named = await run(['race', 'owner-exit', '--refcount', 'plain,atomic']);
    expect(named.status).toBe(2);
    expect(named.stderr).toBe(
      "ungil: scenario 'owner-exit' does not run under plain, atomic; accepted: gil, biased\n",
    );
  });

  it('names files alone without the built-in scenarios', async () => {
    const { requests } = await run(['race', 'scenarios/mine.js']);
    expect(requests[0]).toMatchObject({ scenarios: [], files: ['scenarios/mine.js'] });
  });

  it('takes one scenario of a file', async () => {
    const { requests } = await run(['race', 'mine.mjs#x += 1']);
    expect(requests[0]).toMatchObject({ scenarios: [], files: ['mine.mjs#x += 1'] });
  });

  it('replays without variants', async () => {
    const args = ['race', 'owner-exit', '--refcount', 'biased', '--replay', 'a3-b2!1'];
    expect((await run(args)).requests[0]).toMatchObject({ variant: 'none', replay: 'a3-b2!1' });
    const variant = await run([...args, '--variant', 'early-free']);
    expect(variant.requests[0]).toMatchObject({ variant: 'early-free' });
  });

  it.each(['auto', 'dpor', 'dfs', 'state', 'bound=0', 'pct=3', 'pos', 'surw', 'random', 'stress'])(
    'knows the mode %s',
    async (mode) => {
      expect((await run(['race', '--mode', mode])).requests[0].mode).toBe(mode);
    },
  );
});

describe('bad usage ends with status 2 and one line', () => {
  it.each<[string[], RegExp]>([
    [
      ['owner-exi'],
      /unknown scenario 'owner-exi'; did you mean 'owner-exit'\? accepted: owner-exit, mutex, two-/,
    ],
    [['zzzzzz'], /unknown scenario 'zzzzzz'; accepted: owner-exit/],
    [
      ['./mine.ts'],
      /'\.\/mine\.ts' is TypeScript; compile it first, and name what comes of it: '\.\/mine\.js'$/,
    ],
    [['mine.mts'], /'mine\.mts' is TypeScript; .*'mine\.mjs'$/],
    [['--mode', 'fast'], /mode 'fast' is not valid; accepted: auto, dpor, dfs, state, bound=N, pct=D, pos/],
    [['--mode', 'bound'], /mode 'bound' is not valid/],
    [['--mode', 'bound=x'], /mode 'bound=x' is not valid/],
    [['--mode', 'bound=2=3'], /mode 'bound=2=3' is not valid/],
    [['--mode', 'bound=100'], /mode 'bound=100' is not valid/],
    [['--mode', 'pct=0'], /mode 'pct=0' is not valid/],
    [['--mode', 'dpor=2'], /mode 'dpor=2' is not valid/],
    [['--mode', 'replay'], /mode 'replay' is not valid/],
    [
      ['--refcount', 'bias'],
      /unknown scheme of reference counts 'bias'; did you mean 'biased'\? accepted: gil, pl/,
    ],
    [['--refcount', 'none'], /unknown scheme of reference counts 'none'/],
    [
      ['--refcount', 'gil,'],
      /--refcount 'gil,' has an empty entry; accepted: gil, plain, atomic, biased, side-table$/,
    ],
    [
      ['--variant', 'early-fre'],
      /unknown variant 'early-fre'; did you mean 'early-free'\? accepted: all, none, early/,
    ],
    [['mutex', '--variant', 'early-free'], /unknown variant 'early-free'; accepted: all, none, no-wake$/],
    [['--variant', ''], /unknown variant ''; accepted/],
    [['--budget', '10'], /duration '10' is not valid; accepted: 1ms to 600s/],
    [['--seed', '-1'], /seed '-1' is not valid; accepted: a whole number from 0 to 4294967295$/],
    [['--seed', '4294967296'], /seed '4294967296' is not valid/],
    [['--seed', 'x'], /seed 'x' is not valid/],
    [['--max-steps', '0'], /--max-steps '0' is not valid; accepted: a whole number from 1 to 10000000$/],
    [['--engine', 'thread'], /engine 'thread' is not valid; accepted: fiber, worker$/],
    [['mutex', '--replay', ''], /--replay '' is no schedule; accepted: /],
    [
      ['--replay', 'a1'],
      /--replay needs the one scenario that the schedule belongs to; accepted: one name or file$/,
    ],
    [['mutex', 'a.js', '--replay', 'a1'], /--replay needs the one scenario/],
    [
      ['owner-exit', '--replay', 'a1'],
      /--replay needs one scheme; accepted: --refcount with one of gil, biased$/,
    ],
    [['a.js', '--refcount', 'gil,plain', '--replay', 'a1'], /needs one scheme; accepted: .* gil, plain$/],
    [
      ['mutex', '--variant', 'all', '--replay', 'a1'],
      /--replay runs one variant; accepted: --variant with a/,
    ],
    [['--json', ''], /--json '' is not a file; accepted: a file's path, or - for standard output$/],
    [['--html', ''], /--html '' is not a file; accepted: a file's path$/],
    [['--html', '-'], /--html '-' is not a file; accepted: a file's path$/],
    // Node's own recursive mkdir never comes back from there.
    [
      ['--html', '/proc/nowhere/report.html'],
      /cannot write '\/proc\/nowhere\/report\.html' \(ENOENT\); accepted/,
    ],
    [['./mine.ts#one'], /'\.\/mine\.ts' is TypeScript; .*'\.\/mine\.js'$/],
    [['--html', '/'], /cannot write '\/' \(EISDIR\); accepted: a writable file's path$/],
    [['--verbos'], /unknown option '--verbos' \(Did you mean --verbose\?\); accepted: --mode, --refcount/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr, requests } = await run(['race', ...args]);
    expect(stderr).toMatch(/^ungil: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
    expect([status, stdout, requests]).toEqual([2, '', []]);
  });

  it('one file for both reports', async () => {
    const file = path.join(folder, 'both');
    const { status, stderr } = await run(['race', '--json', file, '--html', `${folder}/./both`]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--json and --html name the same file')]);
    expect(existsSync(file)).toBe(false);
  });

  it('a scenario that the explorer refuses, with the progress taken away first', async () => {
    const race: Race = async (_, hooks) => {
      hooks.progress(progressAt(exploration(), 0, 1));
      throw new RaceInputError('mine.js:12: a getter\ncannot be suspended');
    };
    const written: string[] = [];
    const stderr = { write: (part: string) => written.push(part), isTTY: true, columns: 80 };
    const { status, stdout } = await run(['race', './mine.js'], { race, stderr });
    expect([status, stdout]).toEqual([2, '']);
    expect(written.slice(-2)).toEqual(['\r\x1b[2K', 'ungil: mine.js:12: a getter cannot be suspended\n']);
  });
});

describe('exit status', () => {
  const unfinished = exploration({ exhaustive: false });
  const aborted = AbortSignal.abort();

  it.each([
    ['0: as expected', [exploration(), caught()], 0],
    ['0: a replay', [exploration({ mode: 'replay', exhaustive: false })], 0],
    ['1: a check failed', [exploration(), failed()], 1],
    ['1 goes before 3', [unfinished, failed()], 1],
    ['3: the budget ended', [exploration(), unfinished], 3],
    ['130 goes before 1', [failed(), exploration({ interrupted: true, exhaustive: false })], 130],
  ])('%s', async (_, explorations, expected) => {
    const { status, stderr } = await run(['race'], { explorations });
    expect([status, stderr]).toEqual([expected, '']);
  });

  it('130: interrupted, with what there is', async () => {
    const controller = new AbortController();
    const race: Race = (request, hooks, signal) =>
      fakeRace([failed(), exploration()])(
        request,
        {
          ...hooks,
          found(found) {
            hooks.found(found);
            controller.abort();
          },
        },
        signal,
      );
    const { status, stdout } = await run(['race', '--json', '-'], { race, interrupt: controller.signal });
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, results: [{ scenario: 'owner-exit' }] });
  });

  it('130: an interrupt that arrives as an error', async () => {
    const race: Race = async (_, hooks) => {
      hooks.found(exploration());
      throw aborted.reason;
    };
    const { status, stdout } = await run(['race', 'owner-exit'], { race, interrupt: aborted });
    expect(status).toBe(130);
    expect(stdout).toMatch(/^owner-exit {2}biased/);
    expect(stdout).toMatch(/interrupted: not exhaustive\n$/);
  });

  it("1: the explorer's own error, after what was found", async () => {
    const race: Race = async (_, hooks) => {
      hooks.found(exploration());
      hooks.progress(progressAt(exploration({ variant: 'early-free' }), 1, 2));
      throw new Error('a fault of the explorer');
    };
    const { status, stdout, stderr } = await run(['race', 'owner-exit'], { race });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^owner-exit {2}biased/);
    expect(stderr).toMatch(
      /^ungil: the run failed \(owner-exit, biased, variant early-free\): Error: a fault of the explorer\n/,
    );
    expect(stderr).toMatch(/failed: the results are incomplete, 1 of 2 made\n$/);
  });
});

describe('output', () => {
  it('shows one scenario in full', async () => {
    const { stdout } = await run(['race', 'owner-exit'], { explorations: [caught()] });
    expect(stdout).toContain('(allowed here)');
    expect(stdout).toContain('use after free  expected');
  });

  it('is compact for many, unless verbose', async () => {
    const explorations = [exploration(), exploration({ scenario: 'mutex' })];
    const { stdout } = await run(['race'], { explorations });
    expect(stdout).toMatch(/^owner-exit\n/);
    expect(stdout).toMatch(/\nscenario +biased\n/);
    expect(stdout).not.toContain('on the fiber engine');
    expect((await run(['race', '--verbose'], { explorations })).stdout).toMatch(/^owner-exit {2}biased/);
  });

  it('puts JSON alone on standard output', async () => {
    const { stdout, stderr, status } = await run(['race', '--json', '-'], { explorations: [failed()] });
    expect(JSON.parse(stdout)).toMatchObject({ ungil: '9.8.7', complete: true, results: [{ ok: false }] });
    expect(stderr).toContain('FAILED: ');
    expect(status).toBe(1);
  });

  it('writes files', async () => {
    const json = path.join(folder, 'deep', 'race.json');
    const html = path.join(folder, 'race.html');
    const { status, stderr } = await run(['race', '--json', json, '--html', html]);
    expect([status, stderr]).toEqual([0, `wrote ${json}\nwrote ${html}\n`]);
    expect(JSON.parse(readFileSync(json, 'utf8')).options.scenarios).toHaveLength(3);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('fails if the file can no longer be written', async () => {
    const race: Race = async (...args) => {
      rmSync(path.join(folder, 'gone'), { recursive: true });
      return fakeRace([exploration()])(...args);
    };
    const { status, stderr } = await run(['race', '--html', path.join(folder, 'gone', 'race.html')], {
      race,
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining('ungil: cannot write')]);
  });

  it('fits the terminal and obeys NO_COLOR', async () => {
    const print = async (columns: number, env: Record<string, string>): Promise<string> => {
      const written: string[] = [];
      const stdout = { write: (part: string) => written.push(part), isTTY: true, columns };
      await run(['race'], { explorations: [failed()], stdout, env });
      return written.join('');
    };
    const narrow = await print(20, { NO_COLOR: '1' });
    expect(narrow).toBe(stripVTControlCharacters(narrow));
    const lines = narrow.split('\n').filter((line) => !line.includes('ungil race'));
    expect(Math.max(...lines.map((line) => line.length))).toBe(40);
    expect(await print(80, { TERM: 'xterm' })).toContain('\x1b[31m');
    expect(await print(80, { TERM: 'dumb' })).not.toContain('\x1b');
  });

  it('lists the scenarios', async () => {
    const { status, stdout, requests } = await run(['race', '--list']);
    expect([status, requests]).toEqual([0, []]);
    expect(stdout).toMatch(/^ {2}two-increfs +two threads count \(plain\)$/m);
    expect(stdout).toMatch(/variants:\s+early-free, late-merge\)/);
  });
});
