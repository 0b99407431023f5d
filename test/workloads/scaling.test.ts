import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Runtime } from '#ungil/runtime/runtime.js';
import type { ExplainedThread } from '#ungil/workloads/explainProgram.js';
import { ALL_WORKLOADS, workloadNamed } from '#ungil/workloads/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { SCALING_WORKLOADS } from '#ungil/workloads/scaling/index.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const EXPLAIN = new URL('../../dist/src/workloads/explainProgram.js', import.meta.url);
const NAMES = SCALING_WORKLOADS.map((workload) => workload.name);

/** Those, and what frees what has deferred counts without a collector, and what counts everything. */
const BUILDS = [
  ...SAFE_BUILDS,
  'free-threaded:collector=off',
  'gilectomy:collector=off',
  'free-threaded:immortal=off',
  'free-threaded:qsbr=off',
];

async function measure(runtime: Runtime, workload: string, threads: number) {
  const args = { workload, timeMs: 5, warmupMs: 1, repeats: 1 };
  const report = await runtime.run(PROGRAM, { args, threads });
  const results = report.results as ThreadReport[];
  return {
    wrong: [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null),
    operations: results.map((result) => result.samples[0]!.operations),
  };
}

describe('the cases of ftscalingbench', () => {
  it('are a group, and each has a twin', () => {
    expect(SCALING_WORKLOADS).toHaveLength(15);
    expect(ALL_WORKLOADS.filter((workload) => workload.group === 'scaling')).toEqual(SCALING_WORKLOADS);
    for (const { name, unsafe } of SCALING_WORKLOADS) {
      const twin = new URL(`../../python/twins/${name.replaceAll('-', '_')}.py`, import.meta.url);
      expect({ name, unsafe, twin: existsSync(twin) }).toEqual({ name, unsafe: false, twin: true });
      expect(workloadNamed(name).name).toBe(name);
    }
  });
});

describe.each(BUILDS)('in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 2, memory: 64 << 20 });
  });
  afterAll(() => runtime.shutdown());

  it.each(NAMES)('%s is right and leaves nothing, twice', async (workload) => {
    for (const threads of [2, 1]) {
      const { wrong, operations } = await measure(runtime, workload, threads);
      expect(wrong).toEqual([]);
      expect(operations).toHaveLength(threads);
      for (const count of operations) expect(count).toBeGreaterThan(0);
      expect(runtime.leaks()).toEqual([]);
    }
  });
});

/** By whom the counts of gilectomy are written that both threads write: what the case is there for. */
const SHARED: Readonly<Record<string, string>> = {
  'object-cfunction': 'method_descriptor',
  'cmodule-function': 'module',
  'object-lookup-special': 'builtin_function_or_method',
  'context-manager': 'type',
  'mult-constant': 'float',
  pymethod: 'function',
  'module-function': 'module',
  'load-string-const': 'str',
  'load-tuple-const': 'tuple',
  'create-pyobject': 'type',
  'create-closure': 'code',
  'method-caller': 'function',
};

/** What each of two threads has counted in a few operations of its own. */
async function count(runtime: Runtime, workload: string): Promise<ExplainedThread[]> {
  const args = { workload, timeMs: 3, warmupMs: 3 };
  const { results } = await runtime.run(EXPLAIN, { args, threads: 2 });
  return results as ExplainedThread[];
}

function sharedCounts({ counters, operations }: ExplainedThread): number {
  return (counters.sharedIncrefs! + counters.sharedDecrefs!) / operations;
}

describe.each(['free-threaded', 'gilectomy'])('what threads share, in %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 2, memory: 64 << 20, instruments: 'counted' });
  });
  afterAll(() => runtime.shutdown());

  if (build === 'free-threaded') {
    it.each(NAMES)('%s: is not counted where others count', async (workload) => {
      for (const thread of await count(runtime, workload)) {
        expect(thread.wrong).toBeNull();
        expect(thread.operations).toBeGreaterThan(0);
        expect(sharedCounts(thread)).toBeLessThan(0.05);
      }
    });
    return;
  }

  it.each(Object.entries(SHARED))(
    '%s: both threads count a %s, at each operation',
    async (workload, what) => {
      const threads = await count(runtime, workload);
      const addresses = threads.map((thread) => {
        expect(thread.wrong).toBeNull();
        expect(sharedCounts(thread)).toBeGreaterThan(1);
        const spots = thread.hotCounts.filter((spot) => spot.what === what);
        const often = spots.filter((spot) => spot.count > thread.operations / 2);
        return often.map((spot) => spot.address);
      });
      expect(addresses[0]!.filter((address) => addresses[1]!.includes(address))).not.toEqual([]);
    },
  );
});
