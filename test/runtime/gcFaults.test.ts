import { describe, expect, it } from 'vitest';
import { RunAborted, WorkerDied } from '#ungil/memory/errors.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { collects, program, rejection, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const FAULTS = program('gcFaults');
const BUILDS = SAFE_BUILDS.filter(collects);
const MEMORY = 32 << 20;

/** A run that must be ended by the signal while a finaliser runs for ever. */
async function interrupted(build: string, finalizer: string): Promise<RunAborted> {
  const runtime = await Runtime.start({ build, threads: 2, memory: MEMORY });
  const started = new Int32Array(new SharedArrayBuffer(4));
  const controller = new AbortController();
  const run = runtime.run(FAULTS, {
    args: { case: 'finaliser', finalizer, started },
    signal: controller.signal,
  });
  const ended = rejection(run, RunAborted);
  while (Atomics.load(started, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  controller.abort();
  const error = await ended;
  expect(await runtime.shutdown()).toEqual({ leaks: null });
  return error;
}

/** A run in which a worker dies; nobody hangs. */
async function died(build: string, which: string): Promise<WorkerDied> {
  const runtime = await Runtime.start({ build, threads: 3, memory: MEMORY });
  const error = await rejection(runtime.run(FAULTS, { args: { case: which } }), WorkerDied);
  expect(await runtime.shutdown()).toEqual({ leaks: null });
  return error;
}

describe.each(BUILDS)('a collection in build %s', (build) => {
  it('goes on past finalisers that throw, and the report names thread and object', () =>
    withRuntime({ build, threads: 2, memory: MEMORY }, async (runtime) => {
      const { results, unraisable } = await runtime.run(FAULTS, {
        args: { case: 'finaliser', finalizer: 'throws' },
      });
      const { found, kept } = results[0] as { found: number; kept: unknown[] };
      expect(found).toBeGreaterThanOrEqual(3);
      expect(kept).toEqual([3, 'two', 3]);
      expect(unraisable).toHaveLength(3);
      for (const text of unraisable) {
        expect(text).toMatch(
          /^thread 0: exception ignored in the finaliser of Node 0x[0-9a-f]+: RangeError: from the finaliser$/,
        );
      }
      expect(runtime.leaks()).toEqual([]);
    }));

  it('finds nothing for finalisers that start another, and all that they leave later', () =>
    withRuntime({ build, threads: 2, memory: MEMORY }, async (runtime) => {
      const args = { case: 'finaliser', finalizer: 'collects' };
      const { results, gc } = await runtime.run(FAULTS, { args });
      expect((results[0] as { counted: number[] }).counted).toEqual([0, 0, 0]);
      expect(gc.collections.manual).toBe(1);
      expect(gc.shutdown.length).toBeGreaterThan(0);
      expect(runtime.leaks()).toEqual([]);
    }));

  it.each(['polls', 'stuck'])('is ended within a finaliser that runs for ever: %s', async (finalizer) => {
    const error = await interrupted(build, finalizer);
    expect(error.message).toMatch(
      /^the run was interrupted; thread 0 was in the finaliser of Node 0x[0-9a-f]+$/,
    );
  });

  it('hangs nobody when the collecting thread dies in the midst of it', async () => {
    const error = await died(build, 'collectorDies');
    expect(error.thread).toBe(0);
    expect(error.message).toMatch(/^the worker of thread 0 died: /);
  });

  it('hangs nobody when a thread dies that had stopped the world', async () => {
    const error = await died(build, 'pauseDies');
    expect(error.message).toMatch(/^the worker of thread 0 died: .*; thread 0 had stopped the world$/);
  });

  it('hangs nobody when a thread dies while another has stopped the world', async () => {
    const error = await died(build, 'stoppedDies');
    expect(error.thread).toBe(1);
  });

  it('loses nothing that is alive, and stops nobody for good, for want of memory', () =>
    withRuntime({ build, threads: 2, memory: MEMORY, gc: { enabled: false } }, async (runtime) => {
      const { results } = await runtime.run(FAULTS, { args: { case: 'memory' } });
      const { outcomes, ...rest } = results[0] as { outcomes: string[] };
      expect(outcomes[0]).toBe('MemoryError');
      expect(['number', 'MemoryError']).toContain(outcomes[1]);
      expect(rest).toEqual({ whole: true, found: true, kept: [0, 1, 2, 3, 4] });
      expect(runtime.leaks()).toEqual([]);
    }));
});
