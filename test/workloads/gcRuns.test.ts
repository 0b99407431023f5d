import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunReport, Runtime } from '#ungil/runtime/runtime.js';
import { GC_WORKLOADS } from '#ungil/workloads/gc/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const MEMORY = 256 << 20;
/** The larger ones differ from these in a number. */
const NAMES = GC_WORKLOADS.map(({ name }) => name).filter((name) => !/-100k$|-1m$|-100k-0$/.test(name));
const TRIES = 30;
const WATCHED = /^gc-(cycles|churn|grid)|^gcold/;

async function measure(runtime: Runtime, workload: string, threads: number): Promise<RunReport> {
  const args = { workload, timeMs: 15, warmupMs: 5, repeats: 2 };
  return runtime.run(PROGRAM, { args, threads });
}

function wrongOf(report: RunReport): unknown[] {
  const results = report.results as ThreadReport[];
  return [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null);
}

describe.each(SAFE_BUILDS)('in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 3, memory: MEMORY });
  });
  afterAll(() => runtime.shutdown());

  it.each(NAMES)('%s is right and leaves nothing', async (name) => {
    for (const threads of [1, 3]) {
      const report = await measure(runtime, name, threads);
      expect(wrongOf(report)).toEqual([]);
      expect(runtime.leaks()).toEqual([]);
      const results = report.results as ThreadReport[];
      const helpers = name.startsWith('gc-live') ? threads - 1 : 0;
      const samples = results.flatMap((result) => result.samples);
      expect(samples.filter(({ helped }) => helped === true)).toHaveLength(2 * helpers);
      for (const { operations, helped } of samples) {
        if (helped === true) expect(operations).toBe(0);
      }
      expect(results[0].samples.every(({ operations }) => operations > 0)).toBe(true);
      expect(results[0].memory!.liveBytes).toBeGreaterThan(0);
      expect(results[0].trash !== null).toBe(WATCHED.test(name));
    }
  });

  it('gc-churn collects by itself: garbage stays far below what was made', async () => {
    let made = 0;
    let peak = 0;
    // As long as it takes on a machine that is busy otherwise.
    for (let tries = 1; tries < TRIES && !(peak > 0 && peak < made / 2); tries++) {
      const args = { workload: 'gc-churn', timeMs: 30 * tries, warmupMs: 0, repeats: 1 };
      const [{ trash, samples }] = (await runtime.run(PROGRAM, { args, threads: 1 }))
        .results as ThreadReport[];
      made = samples[0].operations;
      peak = trash!.peak;
      expect(trash!.mean).toBeLessThanOrEqual(peak);
    }
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(made / 2);
  });
});
