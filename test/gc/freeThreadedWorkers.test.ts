import { describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '#ungil/runtime/runtime.js';
import { program, withRuntime } from '../support/runtimes.js';

const OPTIONS: readonly RuntimeOptions[] = [
  { build: 'free-threaded' },
  { build: 'free-threaded', debug: true },
  { build: 'free-threaded:mark-alive=off' },
  { build: 'free-threaded:thread-heaps=off' },
  { build: 'free-threaded', allocators: 'debug' },
  { build: 'gilectomy' },
  { build: 'gilectomy:refcount=side-table' },
];

const ROUNDS = 5000;

describe('three threads that make cycles and hand them on', () => {
  it.each(OPTIONS)('lose nothing that is alive and keep nothing that is not: %o', (options) =>
    withRuntime(
      { ...options, threads: 3, memory: 64 << 20, gc: { thresholds: [700, 10, 10] } },
      async (runtime) => {
        for (let seed = 1; seed <= 2; seed++) {
          const report = await runtime.run(program('cycles'), {
            args: { seed, rounds: ROUNDS },
            examine: { check: true },
          });
          expect(report.results).toEqual([ROUNDS, ROUNDS, ROUNDS]);
          expect(report.unraisable).toEqual([]);
          expect(report.gc.collections.heap).toBeGreaterThan(0);
          expect(report.gc.collected).toBeGreaterThan(1000);
          expect(report.heap?.problems).toEqual([]);
          expect(runtime.leaks()).toEqual([]);
        }
      },
    ),
  );
});
