import { expect, test } from 'vitest';
import type { RuntimeOptions } from '#ungil/runtime/options.js';
import { program, withRuntime } from '../../support/runtimes.js';

interface Result {
  readonly made: number;
  readonly finalized: number;
  readonly called: number;
  readonly weakrefs: number;
  readonly automatic: number[];
  readonly saved: number;
}

const ROWS: [what: string, rounds: number, options: RuntimeOptions][] = [
  ['build gil', 1000, { build: 'gil' }],
  ['its debug build', 300, { build: 'gil', debug: true }],
  ['counts in a side table', 1000, { build: 'gil:refcount=side-table' }],
  ['debug hooks around each block', 300, { build: 'gil', allocators: 'debug' }],
  ['objects from malloc', 300, { build: 'gil', allocators: { object: 'malloc' } }],
];

test.each(ROWS)(
  'finalisers run once each while other threads make and drop objects: %s',
  async (_what, rounds, options) => {
    const common = { threads: 3, memory: 64 << 20, switchInterval: 0.2 };
    await withRuntime({ ...common, ...options }, async (runtime) => {
      const { results, teardown, heap, unraisable } = await runtime.run(program('generations'), {
        args: { rounds },
        examine: { check: true },
      });
      const outcomes = results as Result[];
      const sum = (of: (result: Result) => number) =>
        outcomes.reduce((total, result) => total + of(result), 0);
      expect(sum((result) => result.finalized)).toBe(sum((result) => result.made));
      expect(sum((result) => result.called)).toBeGreaterThan(0);
      expect(sum((result) => result.called)).toBeLessThanOrEqual(sum((result) => result.weakrefs));
      expect(sum((result) => result.saved)).toBe(0);
      // Collections have started by themselves.
      expect(Math.max(...outcomes[0]!.automatic)).toBeGreaterThan(2);
      expect(heap?.problems).toEqual([]);
      expect(unraisable).toEqual([]);
      // Functions, classes, the shared list: nothing of what the threads have made.
      expect(teardown).not.toContain('Thing');
      expect(runtime.leaks()).toEqual([]);
    });
  },
);
