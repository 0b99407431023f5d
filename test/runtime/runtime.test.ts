import { describe, expect, it } from 'vitest';
import { RunAborted, RuntimeStateError } from '#ungil/memory/errors.js';
import { Runtime, type RuntimeOptions } from '#ungil/runtime/runtime.js';
import { program, rejection, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

describe.each(SAFE_BUILDS)('a runtime of build %s', (build) => {
  it('runs one, two and four threads, one after the other', () =>
    withRuntime({ build, threads: 4 }, async (runtime) => {
      for (const threads of [1, 2, 4]) {
        const args = { limit: threads, nested: ['a', null] };
        const { results, teardown } = await runtime.run(program('basics'), { threads, args });
        expect(results).toEqual(
          Array.from({ length: threads }, (_, index) => ({
            index,
            slot: expect.any(Number),
            args,
            length: threads,
            name: 'basics',
            limit: threads,
            none: null,
            yes: true,
          })),
        );
        expect(teardown).toEqual(Array.from({ length: threads }, (_, index) => index * 10));
        expect(runtime.leaks()).toEqual([]);
      }
      expect(await runtime.shutdown()).toEqual({ leaks: [] });
    }));

  it('uses its workers again, and makes a program once in each of them', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const rounds = 500;
      const sum = (rounds * (rounds - 1)) / 2;
      for (let run = 1; run <= 3; run++) {
        const report = await runtime.run(program('factory'), { args: { rounds } });
        const results = report.results as { slot: number; made: number; runs: number; value: number }[];
        expect(results.map((result) => result.slot).sort()).toEqual([0, 1]);
        for (const result of results) expect(result).toMatchObject({ made: 1, runs: run, value: sum });
        expect(report.teardown).toBe(2 * sum);
        expect(runtime.leaks()).toEqual([]);
      }
    }));
});

it('runs the unsafe build with one thread, and nothing goes wrong there', () =>
  withRuntime({ build: 'unsafe', threads: 1 }, async (runtime) => {
    const { results, teardown } = await runtime.run(program('factory'), { args: { rounds: 100 } });
    expect(results).toEqual([{ slot: 0, made: 1, runs: 1, value: 4950 }]);
    expect(teardown).toBe(4950);
    expect(await runtime.shutdown()).toEqual({ leaks: [] });
  }));

it('counts the events of a run by name', () =>
  withRuntime({ build: 'gil', threads: 2 }, async (runtime) => {
    const { counters } = await runtime.run(program('basics'));
    expect(Object.keys(counters)).toContain('gilSwitches');
    expect(counters.gilSwitches).toBeGreaterThan(0);
    for (const count of Object.values(counters)) expect(count).toBeGreaterThanOrEqual(0);
  }));

describe('options that make no sense', () => {
  const refused: [RuntimeOptions, RegExp][] = [
    [{ build: 'jython' }, /unknown build 'jython'.*gil, free-threaded, gilectomy, unsafe/],
    [{ threads: 0 }, /threads must be a whole number from 1 to 64, got 0/],
    [{ threads: 65 }, /from 1 to 64, got 65/],
    [{ threads: 1.5 }, /got 1.5/],
    [{ memory: 1 << 20 }, /memory must be from 16 MiB to 2 GiB/],
    [{ memory: Number.NaN }, /memory must be/],
    [{ switchInterval: 0 }, /switchInterval must be a number from 0.001/],
    [{ switchInterval: Number.NaN }, /switchInterval/],
    [{ workerHeapMB: 1 }, /workerHeapMB must be a number from 16/],
  ];
  it.each(refused)('%o', async (options, message) => {
    const error = await rejection(Runtime.start(options), RangeError);
    expect(error.message).toMatch(message);
  });

  it('are refused by run, which leaves the runtime as it was', () =>
    withRuntime({ build: 'gil', threads: 1 }, async (runtime) => {
      const aborted = AbortSignal.abort();
      await rejection(runtime.run(program('basics'), { threads: 2 }), RangeError);
      await rejection(runtime.run(program('basics'), { args: { f: () => 1 } }), DOMException);
      await rejection(runtime.run(program('basics'), { signal: aborted }), RunAborted);
      expect((await runtime.run(program('basics').pathname)).teardown).toEqual([0]);
    }));
});

it('does one run at a time, and none after its shutdown', async () => {
  const runtime = await Runtime.start({ build: 'free-threaded', threads: 1, memory: 64 << 20 });
  const first = runtime.run(program('basics'));
  expect((await rejection(runtime.run(program('basics')), RuntimeStateError)).message).toMatch(/in progress/);
  expect(() => runtime.leaks()).toThrow(RuntimeStateError);
  await first;
  expect(await runtime.shutdown()).toEqual({ leaks: [] });
  expect(await runtime.shutdown()).toEqual({ leaks: null });
  expect((await rejection(runtime.run(program('basics')), RuntimeStateError)).message).toMatch(
    /was shut down/,
  );
});
