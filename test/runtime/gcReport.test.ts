import { describe, expect, it } from 'vitest';
import { Runtime, type RuntimeOptions } from '#ungil/runtime/runtime.js';
import { program, rejection, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const MEMORY = 32 << 20;

async function play(options: RuntimeOptions, args: { collections: number; cycles?: number }) {
  return withRuntime({ threads: 3, memory: MEMORY, ...options }, async (runtime) => {
    const done = new Int32Array(new SharedArrayBuffer(8));
    const report = await runtime.run(program('gcReport'), { args: { ...args, done } });
    expect(runtime.leaks()).toEqual([]);
    return report;
  });
}

describe.each(SAFE_BUILDS)('the report of collections in build %s', (build) => {
  it('counts what was asked for, and the pauses of each', async () => {
    const { gc } = await play({ build }, { collections: 20 });
    expect(gc.collections).toEqual({ manual: 20, heap: 0 });
    expect(gc.pauses.count).toBeGreaterThanOrEqual(20);
    expect(gc.pauses.p50).toBeLessThanOrEqual(gc.pauses.p99);
    expect(gc.pauses.p99).toBeLessThanOrEqual(gc.pauses.max);
    expect(gc.duration).toBeGreaterThanOrEqual(gc.pauses.max);
    expect(Object.keys(gc.phases).length).toBeGreaterThan(2);
    expect(gc.shutdown.length).toBeGreaterThan(0);
    expect(gc.shutdown.every(({ reason }) => reason === 'shutdown')).toBe(true);
  });

  it('waits for who runs, and never for who is detached', async () => {
    const { gc } = await play({ build }, { collections: 20 });
    const { byThread } = gc.toSafepoint;
    // Under the GIL everybody else is detached.
    expect(Object.keys(byThread)).toEqual(build === 'gil' ? [] : ['1']);
    if (build === 'gil') return;
    expect(byThread[1].count).toBeGreaterThan(0);
    expect(gc.toSafepoint.max).toBeGreaterThanOrEqual(byThread[1].max);
  });

  it('counts those that started by themselves, by the thresholds of the options', async () => {
    const options = { build, gc: { thresholds: [500, 0, 0] } };
    const { gc, results } = await play(options, { collections: 0, cycles: 5000 });
    expect(results[0]).toEqual({ enabled: true, threshold: [500, 0, 0] });
    expect(gc.collections.heap).toBeGreaterThan(3);
    expect(gc.collected).toBeGreaterThan(1500);
    expect(gc.freedBytes).toBeGreaterThan(1500 * 16);
  });

  it.each([{ enabled: false }, { thresholds: [0] }])('has none with %j', async (settings) => {
    const { gc } = await play({ build, gc: settings }, { collections: 0, cycles: 5000 });
    expect(gc.collections).toEqual({ manual: 0, heap: 0 });
    expect(gc.pauses).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
    // At the end of the run all of it goes.
    expect(gc.shutdown.reduce((sum, { collected }) => sum + collected, 0)).toBeGreaterThanOrEqual(5000);
  });

  it('keeps the handles of a scope through an exit and a new start of its thread', () =>
    withRuntime({ build, threads: 2, memory: MEMORY }, async (runtime) => {
      const { results } = await runtime.run(program('reborn'));
      expect(results).toEqual([
        [1, 2, 3, 780],
        [1, 2, 3, 780],
      ]);
      expect(runtime.leaks()).toEqual([]);
    }));
});

it.each<[RuntimeOptions['gc'], RegExp]>([
  [{ thresholds: [] }, /gc\.thresholds must be one to three numbers/],
  [{ thresholds: [1, 2, 3, 4] }, /gc\.thresholds must be one to three numbers/],
  [{ thresholds: [-1] }, /gc\.thresholds must be a number from 0/],
  [{ thresholds: [1.5] }, /gc\.thresholds must be a whole number, got 1\.5/],
  [{ markers: 0 }, /gc\.markers must be a number from 1 to 64, got 0/],
  [{ markers: 65 }, /gc\.markers must be a number from 1 to 64, got 65/],
  [{ enabled: 1 as unknown as boolean }, /gc\.enabled must be true or false, got 1/],
  [{ memoryGate: 'on' as unknown as boolean }, /gc\.memoryGate must be true or false, got on/],
])('settings %j are refused', async (gc, message) => {
  const error = await rejection(
    Runtime.start({ memory: MEMORY, ...(gc === undefined ? {} : { gc }) }),
    RangeError,
  );
  expect(error.message).toMatch(message);
});
