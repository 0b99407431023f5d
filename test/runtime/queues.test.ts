import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryError, ProgramError, RunAborted, WorkerDied } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { createQueue, MOST_ITEMS, Queue } from '#ungil/runtime/queues.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { Thread } from '#ungil/runtime/thread.js';
import { NoMemoryParts } from '../support/noMemory.js';
import { program, rejection, SAFE_BUILDS } from '../support/runtimes.js';

const QUEUE = program('queue');
const OPTIONS = { threads: 3, memory: 64 << 20 };

describe.each(SAFE_BUILDS)('a queue in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ ...OPTIONS, build });
  });
  afterAll(() => runtime.shutdown());

  it.each([1, 4, 256])(
    'with room for %d hands everything over, in order, and leaves nothing',
    async (capacity) => {
      for (const threads of [2, 3]) {
        const args = { how: 'order', items: 500, capacity };
        const { results } = await runtime.run(QUEUE, { args, threads });
        const [taken, ...gets] = results as [number, ...number[][]];
        expect(taken).toBe(500);
        // Each consumer gets its own in order; together they get each one once.
        for (const got of gets) expect(got).toEqual([...got].sort((a, b) => a - b));
        expect(gets.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
        expect(runtime.leaks()).toEqual([]);
      }
    },
  );

  it.each(['shut', 'full'])('lets nobody wait once it is shut down: %s', async (how) => {
    const started = new Int32Array(new SharedArrayBuffer(4));
    const { results } = await runtime.run(QUEUE, { args: { how, items: 3, capacity: 1, started } });
    expect(results[0]).toBeNull();
    const others = results.slice(1);
    if (how === 'shut') expect(others).toEqual([[], []]);
    else expect((others[0] as number) + (others[1] as number)).toBe(1);
    expect(runtime.leaks()).toEqual([]);
  });

  it('ends with a worker that dies, and with one that throws', async () => {
    expect((await failure('exit', WorkerDied)).thread).toBe(0);
    expect((await failure('throw', ProgramError)).thread).toBe(0);
  });

  async function failure<T extends Error>(
    how: string,
    type: abstract new (...args: never[]) => T,
  ): Promise<T> {
    const other = await Runtime.start({ ...OPTIONS, build });
    const started = new Int32Array(new SharedArrayBuffer(4));
    const error = await rejection(other.run(QUEUE, { args: { how, started } }), type);
    expect(await other.shutdown()).toEqual({ leaks: null });
    return error;
  }

  it('is interrupted while all wait', async () => {
    const other = await Runtime.start({ ...OPTIONS, build });
    const started = new Int32Array(new SharedArrayBuffer(4));
    const controller = new AbortController();
    const run = other.run(QUEUE, { args: { how: 'wait', started }, signal: controller.signal });
    const timer = setInterval(() => Atomics.load(started, 0) === 3 && controller.abort(), 5);
    const error = await rejection(run, RunAborted);
    clearInterval(timer);
    expect(error.reason).toBe('interrupt');
    await other.shutdown();
  });
});

describe('one thread', () => {
  function attached(parts?: NoMemoryParts): Thread {
    const t = new Thread(SharedMemory.create(16 << 20), buildNamed('free-threaded'), 0, parts);
    t.start();
    t.initialiseInterpreter();
    return t;
  }

  it('gets what it has put, in order, around the ring', () => {
    const t = attached();
    const ref = createQueue(t, 3);
    const queue = new Queue(t);
    queue.open(ref);
    const put = (value: number) => {
      const item = t.numbers.int(value);
      const taken = queue.put(item);
      expect(t.refs.count(item)).toBe(taken ? 2 : 1);
      t.refs.decref(item);
      return taken;
    };
    const get = () => {
      const item = queue.get();
      if (item === 0) return null;
      expect(t.refs.count(item)).toBe(1);
      const value = t.numbers.value(item);
      t.refs.decref(item);
      return value;
    };
    for (let round = 0; round < 5; round++) {
      expect([put(1000 + round), put(2000 + round)]).toEqual([true, true]);
      expect([get(), get()]).toEqual([1000 + round, 2000 + round]);
    }
    put(7000);
    queue.shutDown();
    expect(put(8000)).toBe(false);
    expect([get(), get()]).toEqual([7000, null]);
    queue.reopen();
    expect([put(9000), get()]).toEqual([true, 9000]);
  });

  it('that has no memory for a wait leaves the queue as it was, and to others', () => {
    const parts = new NoMemoryParts();
    const t = attached(parts);
    const ref = createQueue(t, 1);
    const queue = new Queue(t);
    queue.open(ref);
    // The waiter's lock, then room for it in the list.
    for (const failing of [1, 2]) {
      parts.arm(failing, failing);
      expect(() => queue.get()).toThrow(MemoryError);
      expect(parts.count).toBe(failing);
      // The lock is free: else this would sleep for ever.
      const mutex = t.tuples.get(ref, 0);
      expect(t.locks.acquireTimed(mutex, 0)).toBe(true);
      t.locks.release(mutex);
      t.refs.decref(mutex);
      expect([queue.put(Control.True), queue.get()]).toEqual([true, Control.True]);
    }
    queue.put(Control.True);
    parts.arm(1, 1);
    expect(() => queue.put(Control.False)).toThrow(MemoryError);
    expect(queue.get()).toBe(Control.True);
  });

  it('is told what room a queue can have', () => {
    const t = attached();
    for (const capacity of [0, -1, 1.5, MOST_ITEMS + 1, Number.NaN]) {
      expect(() => createQueue(t, capacity)).toThrow(/a queue of .* items; accepted: 1 to 256/);
    }
    expect(t.lists.length(t.tuples.get(createQueue(t, MOST_ITEMS), 3))).toBe(MOST_ITEMS);
  });
});
