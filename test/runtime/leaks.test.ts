import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import type { LeakRecord } from '#ungil/runtime/leaks.js';
import { collects, program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const LEAKS = program('leaks');

describe.each(SAFE_BUILDS)('leaks in build %s', (build) => {
  it('are none after a clean program', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      await runtime.run(LEAKS, { args: { case: 'clean' } });
      expect(runtime.leaks()).toEqual([]);
      expect(await runtime.shutdown()).toEqual({ leaks: [] });
    }));

  it('are reported with type, count and addresses, between runs and at shutdown', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const one = await runtime.run(LEAKS, { args: { case: 'forgetInt' } });
      const ints = (one.results as number[][]).flat();
      expect(byType(runtime.leaks())).toEqual({ int: { count: 2, addresses: sorted(ints) } });

      const many = await runtime.run(LEAKS, { args: { case: 'forgetMany', only: 1 } });
      const floats = (many.results as number[][]).flat();
      const record = runtime.leaks().find((leak) => leak.type === 'float');
      expect(record?.count).toBe(20);
      expect(record?.addresses).toHaveLength(8);
      expect(floats).toEqual(expect.arrayContaining([...(record?.addresses ?? [])]));

      const { leaks } = await runtime.shutdown();
      expect(leaks?.map((leak) => [leak.type, leak.count])).toEqual([
        ['float', 20],
        ['int', 2],
      ]);
    }));

  it('are none of cycles where there is a collector, be it disabled', () =>
    withRuntime({ build, threads: 2, gc: { enabled: false } }, async (runtime) => {
      await runtime.run(LEAKS, { args: { case: 'cycle' } });
      expect(runtime.leaks().length).toBe(collects(build) ? 0 : 2);
    }));

  it('show a cycle with the memory that it holds where there is none', () =>
    withRuntime({ build: `${build}:collector=off`, threads: 2 }, async (runtime) => {
      const { results } = await runtime.run(LEAKS, { args: { case: 'cycle', only: 1 } });
      const [list] = (results as number[][]).flat();
      const found = byType(runtime.leaks());
      expect(found.list).toEqual({ count: 1, addresses: [list] });
      expect(found['(memory)'].count).toBe(1);
      expect(Object.keys(found)).toHaveLength(2);
    }));

  it('show an object that another thread than its owner has forgotten', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const { results } = await runtime.run(LEAKS, { args: { case: 'forgetShared' } });
      const found = byType(runtime.leaks());
      expect(found.dict).toEqual({ count: 1, addresses: [(results as number[][])[0][0]] });
    }));

  it('do not creep in: many runs need no more segments than some', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const used: number[] = [];
      for (let run = 0; run < 25; run++) {
        const args = { case: 'churn', segmentsUsed: Control.SegmentsUsed };
        used.push((await runtime.run(LEAKS, { args })).teardown as number);
        expect(runtime.leaks()).toEqual([]);
      }
      expect(Math.max(...used.slice(10))).toBeLessThanOrEqual(Math.max(...used.slice(0, 10)));
    }));
});

function byType(leaks: readonly LeakRecord[]): Record<string, { count: number; addresses: number[] }> {
  return Object.fromEntries(
    leaks.map(({ type, count, addresses }) => [type, { count, addresses: sorted(addresses) }]),
  );
}

function sorted(addresses: readonly number[]): number[] {
  return [...addresses].sort((a, b) => a - b);
}
