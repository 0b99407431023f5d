import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProgramError } from '#ungil/memory/errors.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { program, rejection, TRACING_BUILDS, withRuntime } from '../support/runtimes.js';

const THREADS = 3;

const operation = fc.constantFrom(
  ...[
    'list',
    'dict',
    'tuple',
    'plain',
    'plain',
    'store',
    'store',
    'take',
    'take',
    'copy',
    'drop',
    'clear',
    'meet',
    'meet',
  ],
);
const slot = fc.nat({ max: 5 });
const step = fc.tuple(operation, slot, slot, fc.nat({ max: 999 }));
const programs = fc.array(fc.array(step, { maxLength: 60 }), { minLength: THREADS, maxLength: THREADS });

interface ThreadResult {
  collections: number;
  counts: { containers: number; plain: number };
  alive: number | null;
  tracked: number | null;
  met: number;
}

describe.each(TRACING_BUILDS)('random programs of handles in %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: THREADS, memory: 64 << 20 });
  });
  afterAll(async () => {
    expect(await runtime.shutdown()).toEqual({ leaks: [] });
  });

  it('see what their model says although every safepoint collects; exactly that stays', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.boolean(), async (steps, stress) => {
        const report = await runtime.run(program('tracing'), {
          args: { programs: steps, stress },
          examine: { check: true },
        });
        expect(report.heap?.problems).toEqual([]);
        const results = report.results as ThreadResult[];
        const containers = results.reduce((sum, { counts }) => sum + counts.containers, 0);
        const plain = results.reduce((sum, { counts }) => sum + counts.plain, 0);
        // The run's dict, the list that all share, the pairs in it.
        const shared = 2 + results[0].met;
        expect(results[0].tracked).toBe(containers + shared);
        expect(results[0].alive).toBe(containers + plain + shared);
        if (stress && steps.some((one) => one.length > 0)) expect(results[0].collections).toBeGreaterThan(0);
        expect(runtime.leaks()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(TRACING_BUILDS)('a thread that dies among collections in %s', (build) => {
  it('ends the run for all, and nobody hangs', () =>
    withRuntime({ build, threads: THREADS, memory: 64 << 20 }, async (runtime) => {
      const error = await rejection(runtime.run(program('tracingFault')), ProgramError);
      expect(error.message).toContain('thread 1 failed: Error: on purpose');
    }));
});

describe.each(TRACING_BUILDS.slice(1))('a thread that waits in the middle of an operation in %s', (build) => {
  it('keeps what only its local variables know', () =>
    withRuntime({ build, threads: THREADS, memory: 64 << 20 }, async (runtime) => {
      const { results } = await runtime.run(program('midOperation'));
      expect(results[1]).toEqual([1.5]);
      expect(runtime.leaks()).toEqual([]);
    }));
});

describe.each(TRACING_BUILDS)('weak references and finalisers in %s', (build) => {
  it('are as in builds that count', () =>
    withRuntime({ build, threads: 1, memory: 64 << 20 }, async (runtime) => {
      const { results } = await runtime.run(program('tracingWeak'), { examine: { check: true } });
      const { cycle, ...steps } = results[0] as Record<string, string[]>;
      expect(cycle[0]).toBe('callback');
      expect(cycle.slice(1).sort()).toEqual(['del a', 'del b']);
      expect(steps).toMatchObject({
        before: true,
        after: null,
        // Two instances and their names.
        saved: [1, 'friend', 4],
        again: [],
        late: ['del late'],
        cleared: null,
        dicts: ['del lost'],
        entries: [[2], ['kept']],
      });
      expect([...steps.back].sort()).toEqual(['del back', 'del friend']);
      expect(runtime.leaks()).toEqual([]);
    }));
});
