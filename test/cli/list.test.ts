import { describe, expect, it } from 'vitest';
import { ALL_WORKLOADS } from '#ungil/workloads/index.js';
import { GROUPS } from '#ungil/workloads/workload.js';
import { run } from './fakes.js';

const SCENARIOS = [
  { name: 'loaded', about: 'a slot is loaded', refcount: ['biased'], variants: [], module: 'refcount/a.js' },
  { name: 'parked', about: 'a thread parks', refcount: [], variants: [], module: 'locks/b.js' },
  {
    name: 'counted',
    about: 'a slot is counted',
    refcount: ['biased'],
    variants: [],
    module: 'refcount/c.js',
  },
] as const;

describe('ungil list', () => {
  it('groups the scenarios by topic, names in one column', async () => {
    const { stdout } = await run(['list'], { scenarios: SCENARIOS });
    const lines = stdout.split('\n');
    const from = lines.indexOf('reference counts:');
    expect(lines.slice(from, from + 5)).toEqual([
      'reference counts:',
      '  loaded   a slot is loaded (biased)',
      '  counted  a slot is counted (biased)',
      'locks:',
      '  parked   a thread parks (no counts)',
    ]);
  });

  it('groups the workloads by the question that they answer', async () => {
    const { stdout } = await run(['list'], { workloads: ALL_WORKLOADS });
    const blocks = stdout.split('\n\n');
    expect(blocks[0]).toBe(
      'Workloads, by the question that they answer; ungil compare --group NAMES runs groups of them:',
    );
    const groups = Object.keys(GROUPS).filter((group) => ALL_WORKLOADS.some((info) => info.group === group));
    expect(groups).toEqual(expect.arrayContaining(['sharing', 'locks', 'requests', 'memory', 'gc']));
    for (const [index, group] of groups.entries()) {
      const [heading, ...lines] = blocks[index + 1].split('\n');
      expect(heading).toMatch(new RegExp(`^${group}: `));
      for (const { name } of ALL_WORKLOADS.filter((info) => info.group === group)) {
        expect(lines.filter((line) => line.startsWith(`  ${name} `))).toHaveLength(1);
      }
    }
    expect(stdout).toMatch(/^ {2}shared-list-append +s\.append\(None\), one list for all$/m);
    expect(stdout).toMatch(/^ {2}lock-own +a lock for each thread/m);
  });

  it('fits a terminal', async () => {
    let text = '';
    const stdout = { isTTY: true, columns: 70, write: (part: string) => (text += part) };
    await run(['list'], { stdout, workloads: ALL_WORKLOADS });
    const widths = text.split('\n').map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(70);
    expect(Math.max(...widths)).toBeGreaterThan(60);
  });
});

describe('a build that no workload fits', () => {
  it('is refused, not measured silently', async () => {
    const args = ['compare', 'private-dict', '--builds', 'unsafe'];
    const { status, stderr, seen } = await run(args, { workloads: ALL_WORKLOADS });
    expect([status, seen]).toEqual([2, []]);
    expect(stderr).toContain(
      'cannot run private-dict: it has no locks, and its heap would be wrecked; accepted there: shared-list-append',
    );
  });

  it('is named where others run', async () => {
    const args = ['compare', 'private-dict', '--builds', 'gil,unsafe', '--no-explain'];
    const { status, stderr } = await run(args, { workloads: ALL_WORKLOADS });
    expect(status).toBe(0);
    const why = 'it has no locks, and its heap would be wrecked';
    expect(stderr).toContain(`ungil: build 'unsafe' runs none of these workloads: ${why}\n`);
    expect(stderr).not.toContain("build 'gil'");
  });
});
