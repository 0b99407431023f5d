import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledMops } from '#ungil/report/cpython.js';
import { MEASURED } from '#ungil/report/cpythonMeasured.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { WORKLOADS, workloadNamed } from '#ungil/workloads/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const MEMORY = 256 << 20;
/** Tries until a race shows itself. */
const TRIES = 100;

/** What the workload's own checks found wrong, and how many operations each thread did. */
async function measure(runtime: Runtime, workload: string, threads: number) {
  const args = { workload, timeMs: 30, warmupMs: 5, repeats: 1 };
  const report = await runtime.run(PROGRAM, { args, threads });
  const results = report.results as ThreadReport[];
  return {
    wrong: [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null),
    operations: results.map((result) => result.samples[0].operations),
  };
}

describe('the list of workloads', () => {
  it('is that of CPython’s measurements', () => {
    expect(WORKLOADS.map((workload) => workload.name)).toEqual(Object.keys(MEASURED));
    expect(WORKLOADS).toHaveLength(16);
    for (const { name } of WORKLOADS) {
      for (const build of ['gil', 'free-threaded']) expect(bundledMops(name, build, 2)).toBeGreaterThan(0);
    }
  });

  it('tells what each one is', () => {
    for (const workload of WORKLOADS) {
      expect(workloadNamed(workload.name)).toBe(workload);
      expect(workload.title).not.toBe('');
      expect(workload.cpython).not.toBe('');
      expect(workload.unit).not.toBe('');
    }
    expect(() => workloadNamed('fibb')).toThrow(/unknown workload 'fibb'; workloads are fib, /);
    expect(WORKLOADS.filter((workload) => workload.unsafe)).toHaveLength(3);
  });
});

describe.each(SAFE_BUILDS)('in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 2, memory: MEMORY });
  });
  afterAll(() => runtime.shutdown());

  it.each(WORKLOADS.map((workload) => workload.name))('%s is right and leaves nothing', async (workload) => {
    for (const threads of [1, 2]) {
      const { wrong, operations } = await measure(runtime, workload, threads);
      expect(wrong).toEqual([]);
      expect(operations).toHaveLength(threads);
      for (const count of operations) expect(count).toBeGreaterThan(0);
      expect(runtime.leaks()).toEqual([]);
    }
  });
});

describe('in build unsafe', () => {
  const racy = WORKLOADS.filter((workload) => workload.unsafe).map((workload) => workload.name);

  it.each(racy)('%s gives a wrong result sooner or later, and never worse', (workload) =>
    withRuntime({ build: 'unsafe', threads: 2 }, async (runtime) => {
      let wrong: unknown[] = [];
      for (let tries = 0; wrong.length === 0 && tries < TRIES; tries++) {
        ({ wrong } = await measure(runtime, workload, 2));
      }
      expect(wrong).not.toEqual([]);
    }),
  );

  it.each(racy)('%s is right with one thread', (workload) =>
    withRuntime({ build: 'unsafe', threads: 1 }, async (runtime) => {
      expect((await measure(runtime, workload, 1)).wrong).toEqual([]);
    }),
  );
});
