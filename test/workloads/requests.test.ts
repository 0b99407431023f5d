import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunAborted } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { smallInt } from '#ungil/objects/numbers.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { Thread } from '#ungil/runtime/thread.js';
import { ALL_WORKLOADS, workloadNamed } from '#ungil/workloads/index.js';
import { LOCK_WORKLOADS } from '#ungil/workloads/locks/index.js';
import { areaOf } from '#ungil/workloads/memory/area.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { REQUEST_WORKLOADS } from '#ungil/workloads/requests/index.js';
import type { SharedRefs } from '#ungil/workloads/workload.js';
import { rejection, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const BOTH = [...LOCK_WORKLOADS, ...REQUEST_WORKLOADS];
const OPTIONS = { threads: 3, memory: 64 << 20 };
const ARGS = { timeMs: 25, warmupMs: 5, repeats: 2 };

async function measure(runtime: Runtime, workload: string, threads: number) {
  const report = await runtime.run(PROGRAM, { args: { ...ARGS, workload }, threads });
  const results = report.results as ThreadReport[];
  const wrong = [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null);
  return { wrong, results };
}

function operationsOf({ samples }: ThreadReport): number {
  return samples.reduce((sum, sample) => sum + sample.operations, 0);
}

function requestsOf({ latency }: ThreadReport): number {
  return (latency ?? []).reduce((sum, [, count]) => sum + count, 0);
}

describe.each(SAFE_BUILDS)('in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ ...OPTIONS, build });
  });
  afterAll(() => runtime.shutdown());

  it.each(BOTH.map(({ name }) => name))('%s is right and leaves nothing', async (name) => {
    for (const threads of [1, 2, 3]) {
      const { wrong, results } = await measure(runtime, name, threads);
      expect(wrong).toEqual([]);
      expect(results.map(({ samples }) => samples.length)).toEqual(results.map(() => 2));
      expect(operationsOf(results[0])).toBeGreaterThan(0);
      expect(runtime.leaks()).toEqual([]);
    }
  });

  it.each(['lock-random-8', 'serve-json'])(
    '%s has a request for each operation of a sample',
    async (name) => {
      for (const result of (await measure(runtime, name, 2)).results) {
        expect(requestsOf(result)).toBe(operationsOf(result));
      }
    },
  );

  it('queue-single times an eighth of what its consumers get', async () => {
    const [producer, consumer] = (await measure(runtime, 'queue-single', 2)).results;
    expect(requestsOf(producer)).toBe(0);
    expect(requestsOf(consumer)).toBeGreaterThan(0);
    expect(requestsOf(consumer)).toBeLessThanOrEqual(operationsOf(consumer) / 8 + 2);
  });

  it('io-beside-cpu has its requests in thread 0, cpu-beside-io in thread 1; the others help', async () => {
    const io = (await measure(runtime, 'io-beside-cpu', 3)).results;
    expect(io.map(requestsOf)).toEqual([operationsOf(io[0]), 0, 0]);
    expect(io.map(({ samples }) => samples[0].helped ?? false)).toEqual([false, true, true]);
    const cpu = (await measure(runtime, 'cpu-beside-io', 3)).results;
    expect(requestsOf(cpu[0])).toBe(0);
    expect(requestsOf(cpu[1])).toBeGreaterThan(0);
    expect(requestsOf(cpu[2])).toBe(0);
    expect(operationsOf(cpu[0])).toBeGreaterThan(0);
  });
});

describe('an interrupt', () => {
  it.each(['queue-single', 'io-beside-cpu', 'lock-inside-4'])('ends %s', (workload) =>
    withRuntime({ ...OPTIONS, build: 'gil' }, async (runtime) => {
      const controller = new AbortController();
      const args = { ...ARGS, workload, timeMs: 600_000 };
      const run = runtime.run(PROGRAM, { args, signal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      expect((await rejection(run, RunAborted)).reason).toBe('interrupt');
    }),
  );
});

describe('a check', () => {
  /** One thread has done some operations; `spoil` changes what they have left. */
  function verdict(name: string, spoil: (t: Thread, shared: SharedRefs) => void): string | null {
    const t = new Thread(SharedMemory.create(32 << 20), buildNamed('free-threaded'), 0);
    t.start();
    t.initialiseInterpreter();
    t.i32[Control.RunThreads] = 1;
    const workload = workloadNamed(name);
    const shared = workload.setup(t);
    const worker = workload.worker(t);
    worker.start(shared);
    const operations = worker.run(128);
    worker.end?.();
    expect(worker.finish()).toBeNull();
    spoil(t, shared);
    return workload.check!(t, shared, operations);
  }

  const tuple = (t: Thread, values: number[]) => t.tuples.create(values.map((value) => t.numbers.int(value)));

  it.each(['lock-empty', 'lock-shared-counter-many', 'queue-single', 'queue-batch', 'serve-json'])(
    'of %s has nothing to say of what is right',
    (name) => expect(verdict(name, () => {})).toBeNull(),
  );

  it('finds an acquisition that was not counted, and one that nobody made', () => {
    const plain = verdict('lock-empty', (t, shared) => t.i32[areaOf(t, shared)]--);
    expect(plain).toBe('128 acquisitions of lock 0 left its counter at 127');
    const int = verdict('lock-shared-counter-many', (t, { counters }) =>
      t.lists.set(counters, 1, smallInt(0)),
    );
    expect(int).toMatch(/^\d+ acquisitions of lock 1 left its int at 0$/);
    const more = verdict('lock-empty', (t, shared) => {
      t.i32[areaOf(t, shared)]++;
      t.i32[areaOf(t, shared) + 1]++;
    });
    expect(more).toBe('128 operations, but 129 acquisitions');
  });

  it('finds items that were lost on the way, and others than were put', () => {
    const lost = verdict('queue-single', (t, { totals }) => t.lists.append(totals, tuple(t, [1, 0, 500, 0])));
    expect(lost).toMatch(/^65 items were put, and 64 came out$/);
    const other = verdict('queue-single', (t, { totals }) =>
      t.lists.append(totals, tuple(t, [1, 1, 500, 499])),
    );
    expect(other).toMatch(/^the items were \d+ together, and \d+ came out$/);
  });

  it('finds a wrong answer in the cache, and too many', () => {
    const wrong = verdict('serve-json', (t, { cache }) => {
      expect(t.dicts.next(cache, 0)).toBeGreaterThan(0);
      t.dicts.set(cache, t.dicts.lastKey, t.strings.create('bm9uc2Vuc2U='));
    });
    expect(wrong).toBe('1 answers in the cache are wrong');
    const many = verdict('serve-json', (t, { cache }) => {
      for (let i = 0; i < 40; i++) t.dicts.set(cache, smallInt(i), smallInt(0));
    });
    expect(many).toMatch(/^the cache has \d+ entries, not 32 at most$/);
  });
});

describe('the groups', () => {
  it('are in the list, and each tells what it asks', () => {
    expect(ALL_WORKLOADS.filter(({ group }) => group === 'locks')).toEqual(LOCK_WORKLOADS);
    expect(ALL_WORKLOADS.filter(({ group }) => group === 'requests')).toEqual(REQUEST_WORKLOADS);
    for (const workload of BOTH) {
      expect(workloadNamed(workload.name)).toBe(workload);
      expect(workload.title).not.toBe('');
      expect(workload.cpython).not.toBe('');
    }
  });
});
