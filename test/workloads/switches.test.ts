import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILDS, buildNamed, MECHANISM_NAMES, racesByDesign, whyNot } from '#ungil/runtime/builds.js';
import type { Runtime } from '#ungil/runtime/runtime.js';
import { WORKLOADS } from '#ungil/workloads/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { program, withRuntime } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const MEMORY = 128 << 20;

const SAFE_ROWS = BUILDS.filter((build) => !racesByDesign(build));

/** Every row with each of its mechanisms off in turn, and with the other schemes of counts. */
const SINGLES = [
  ...SAFE_ROWS.flatMap((build) =>
    MECHANISM_NAMES.filter((name) => whyNot(build, name) === null).map((name) => `${build.name}:${name}=off`),
  ),
  'gil:refcount=side-table',
  'gilectomy:refcount=side-table',
  'free-threaded:refcount=side-table:qsbr=off',
  'free-threaded:refcount=atomic:qsbr=off',
  'gil:refcount=biased',
  'gilectomy:refcount=biased',
];

async function measure(runtime: Runtime, workload: string, threads: number): Promise<unknown[]> {
  const args = { workload, timeMs: 4, warmupMs: 1, repeats: 1 };
  const report = await runtime.run(PROGRAM, { args, threads });
  const results = report.results as ThreadReport[];
  expect(results.every((result) => result.samples[0].operations > 0)).toBe(true);
  return [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null);
}

describe.each(SINGLES)('with build %s', (build) => {
  it('the sixteen workloads are right and leave nothing', () =>
    withRuntime({ build, threads: 2, memory: MEMORY }, async (runtime) => {
      for (const { name } of WORKLOADS) {
        for (const threads of [1, 2])
          expect([name, await measure(runtime, name, threads)]).toEqual([name, []]);
        expect([name, runtime.leaks()]).toEqual([name, []]);
      }
    }));
});

describe('the racy build with a side table', () => {
  it('counts wrongly in the table sooner or later, and nothing worse', () =>
    withRuntime({ build: 'unsafe:refcount=side-table', threads: 2, memory: MEMORY }, async (runtime) => {
      let wrong: unknown[] = [];
      for (let tries = 0; wrong.length === 0 && tries < 100; tries++) {
        wrong = await measure(runtime, 'call-shared-function', 2);
      }
      expect(wrong).not.toEqual([]);
    }));
});

describe('any combination of switches', () => {
  const combination = fc.constantFrom(...SAFE_ROWS).chain((build) => {
    const names = MECHANISM_NAMES.filter((name) => whyNot(build, name) === null);
    return fc.subarray(names).map((off) => [build.name, ...off.map((name) => `${name}=off`)].join(':'));
  });

  it('runs a program of all types of objects on three threads', async () => {
    await fc.assert(
      fc.asyncProperty(combination, fc.integer({ min: 1, max: 1000 }), (build, seed) =>
        withRuntime({ build, threads: 3, memory: 64 << 20 }, async (runtime) => {
          const first = await runtime.run(program('mixture'), { args: { seed, rounds: 300 } });
          expect(first.results).toEqual([300, 300, 300]);
          expect(first.teardown).toMatchObject({ appended: 900, counter: 900 });
          expect(runtime.leaks()).toEqual([]);
          const second = await runtime.run(program('mixture'), { args: { seed, rounds: 0 } });
          const { before } = first.teardown as { before: number[] };
          expect(second.teardown).toEqual({ appended: 0, counter: 0, before });
        }),
      ),
      { numRuns: 12 },
    );
  });

  it('keeps its switches in its name', () => {
    fc.assert(
      fc.property(combination, (name) => {
        const { mechanisms } = buildNamed(name);
        const off = Object.values(mechanisms).filter((on) => !on).length;
        expect(off).toBe(name.split(':').length - 1);
      }),
    );
  });
});
