import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNamed } from '#ungil/runtime/builds.js';
import { whyUnfit } from '#ungil/runtime/fit.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { ALL_WORKLOADS } from '#ungil/workloads/index.js';
import { program, TRACING_BUILDS, withRuntime } from '../support/runtimes.js';

const THREADS = 2;
const ROOTED = ALL_WORKLOADS.filter((workload) => workload.rooted === true).map(({ name }) => name);

interface Result {
  operations: number;
  collections: number;
  wrong: string | null;
}

/** Freed memory is filled at once, so that nobody finds in it what was there. */
const OPTIONS = { threads: THREADS, memory: 64 << 20, allocators: 'debug' } as const;

describe.each(TRACING_BUILDS)('with a collection at every safepoint, in %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ ...OPTIONS, build });
  });
  afterAll(() => runtime.shutdown());

  it.each(ROOTED)('%s loses nothing that it uses, and leaves nothing', async (workload) => {
    const { results, teardown } = await runtime.run(program('rooted'), { args: { workload } });
    for (const { operations, collections, wrong } of results as Result[]) {
      expect({ wrong, some: operations > 0 }).toEqual({ wrong: null, some: true });
      expect(collections).toBeGreaterThan(0);
    }
    expect(teardown).toBeNull();
    expect(runtime.leaks()).toEqual([]);
  });

  it('one that is not rooted does lose something', () =>
    withRuntime({ ...OPTIONS, build, threads: 1 }, async (other) => {
      const run = other.run(program('rooted'), { args: { workload: 'int-add' } });
      const lost = await run.then(
        ({ results }) => (results as Result[])[0].wrong,
        (error: unknown) => String(error),
      );
      expect(lost).not.toBeNull();
    }));
});

describe('a build without counts', () => {
  it('is fit for what is rooted, and for what makes no objects', () => {
    for (const build of TRACING_BUILDS) {
      const fit = ALL_WORKLOADS.filter((workload) => whyUnfit(buildNamed(build), workload) === null);
      for (const workload of fit) expect(workload.rooted === true || workload.group === 'memory').toBe(true);
      expect(fit.map(({ name }) => name)).not.toContain('fib');
      expect(fit.length).toBeGreaterThan(ROOTED.length);
    }
  });
});
