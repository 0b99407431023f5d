import { describe, expect, it } from 'vitest';
import { collects, program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const CLASSES = program('classes');

/** The class's own globals, those of the run, and the scope of teardown. */
const HOLDERS = 3;

const BUILDS = [
  ...SAFE_BUILDS,
  'free-threaded:per-thread=off',
  'free-threaded:deferred=off',
  'free-threaded:biased=off',
  'free-threaded:immortal=off',
  'gil:immortal=off',
];

describe.each(BUILDS)('classes in build %s', (build) => {
  it('have exact counts when two threads make and drop instances of one, and end with the run', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const args = { case: 'churn', rounds: 20_000, size: 16 };
      const { teardown } = await runtime.run(CLASSES, { args });
      const count = args.size + HOLDERS;
      expect(teardown).toEqual({ count, again: count });
      expect(runtime.leaks()).toEqual([]);
    }));

  it('of one thread whose instances another one has end with the run, cycles and all', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      for (let run = 0; run < 3; run++) {
        await runtime.run(CLASSES, { args: { case: 'own', size: 10 } });
        expect(runtime.leaks()).toEqual([]);
      }
    }));

  it('are reported with a forgotten instance, which keeps them', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const { results } = await runtime.run(CLASSES, { args: { case: 'forget' } });
      const leaks = Object.fromEntries(runtime.leaks().map((leak) => [leak.type, leak]));
      expect(leaks.C).toEqual({ type: 'C', count: 1, addresses: [results[0]] });
      expect(leaks.type.count).toBe(1);
      // The function that it calls for a new instance, with its code. That keeps its globals, unless they were cut off.
      const globals = collects(build) ? ['dict'] : [];
      expect(Object.keys(leaks).sort()).toEqual(['(memory)', 'C', 'code', ...globals, 'function', 'type']);
      // The table of the class's attribute names, and of these globals.
      expect(leaks['(memory)'].count).toBe(1 + globals.length);
    }));
});
