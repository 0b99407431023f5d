import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measured } from '../report/fixtures.js';
import { run, type Step } from './fakes.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = ['compare', 'fib', 'int-add', '--builds', 'gil', '--threads', '1,2'];

/** Steady samples around so many Mops/s, of one workload less than of the other. */
function steady(mops: number, fib = mops): Step {
  return (workload, build, threads) => {
    const middle = workload === 'fib' ? fib : mops;
    const samples = [-0.02, -0.01, 0, 0.01, 0.02, 0.005, -0.005].map((off) => middle * (1 + off));
    return measured(workload, build, threads, samples);
  };
}

async function written(step: Step, args = SMALL): Promise<string> {
  const file = path.join(folder, 'old.json');
  const { stdout } = await run([...args, '--json', '-'], { step });
  writeFileSync(file, stdout);
  return file;
}

describe('ungil compare --baseline', () => {
  it('says that nothing has changed', async () => {
    const file = await written(steady(10));
    const again = [...SMALL, '--baseline', file, '--fail-on-regression', '5%'];
    const { status, stdout } = await run(again, { step: steady(10) });
    expect(status).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /Against .*: 4 rows, 0 faster, 0 slower, 4 as before; all rows together 1.00 times/,
    );
    expect(stdout).toContain('No row is surely slower by 5 % or more.');
  });

  it('ends with status 1 where something got slower by the bound, and only then', async () => {
    const file = await written(steady(10));
    const slower = { step: steady(10, 8) };
    const without = await run([...SMALL, '--baseline', file], slower);
    expect(without.status).toBe(0);
    expect(without.stdout).toMatch(/slower {2}fib, gil, 1 thread .* -20 %/);
    const failing = await run([...SMALL, '--baseline', file, '--fail-on-regression', '5%'], slower);
    expect(failing.status).toBe(1);
    expect(failing.stdout).toContain('REGRESSION: 2 rows slower by 5 % or more.');
    const lenient = await run([...SMALL, '--baseline', file, '--fail-on-regression', '30%'], slower);
    expect(lenient.status).toBe(0);
  });

  it('has the changes in the JSON', async () => {
    const file = await written(steady(10));
    const { stdout } = await run([...SMALL, '--baseline', file, '--json', '-'], { step: steady(10, 8) });
    const { changes } = JSON.parse(stdout);
    expect(changes.rows).toHaveLength(4);
    expect(changes.rows[0]).toMatchObject({ workload: 'fib', verdict: 'slower', ratio: 0.8 });
  });

  it('refuses what it cannot use before anything runs', async () => {
    const broken = path.join(folder, 'broken.json');
    writeFileSync(broken, '{"ungil": "9.8.7", "resul');
    const file = await written(steady(10));
    const other = path.join(folder, 'other.json');
    await run(['compare', 'shared-list-append', '--builds', 'gil', '--json', other]);
    const cases: [string[], RegExp][] = [
      [
        ['--baseline', broken],
        /baseline '.*broken.json' cannot be used: it is cut off after 25 characters; accepted/,
      ],
      [
        ['--baseline', path.join(folder, 'none.json')],
        /cannot read baseline '.*none.json' \(ENOENT\); accepted/,
      ],
      [['--baseline', folder], /cannot read baseline .* \(EISDIR\)/],
      [
        ['--baseline', other],
        /has no row of this run; it has workloads shared-list-append, builds gil, threads 1, 2/,
      ],
      [['--fail-on-regression', '5%'], /needs something to compare with; accepted: it with --baseline FILE/],
      [['--baseline', file, '--fail-on-regression', 'much'], /'much' is not valid; accepted: a percentage/],
      [['--baseline', file, '--fail-on-regression', '100%'], /'100%' is not valid/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr, seen } = await run([...SMALL, ...args]);
      expect(stderr).toMatch(/^ungil: [^\n]+\n$/);
      expect(stderr).toMatch(message);
      expect({ status, stdout, seen }).toEqual({ status: 2, stdout: '', seen: [] });
    }
  });
});
