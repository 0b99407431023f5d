/**
 * How long a stop of the world takes. Running threads: stops take turns with bare stops, for which the same threads
 * look at a word in the same loop, which is what any stop must wait for: that each of them gets a processor. Detached
 * threads: they sleep in a lock and in a barrier, and the stop must not wait for them.
 */
import { Control, Geometry, ThreadBlock, ThreadStatus } from '../../src/memory/layout.js';
import type { Ref } from '../../src/refcount/refCounter.js';
import type { Program } from '../../src/runtime/program.js';
import type { Thread } from '../../src/runtime/thread.js';
import { futexWait, futexWake } from '../../src/sync/futex.js';
import { threadBlock } from '../../src/threads/evalBreaker.js';
import { RangeLoop } from '../../src/workloads/loop.js';
import { Random } from './random.js';

export interface StopArgs {
  readonly others: 'running' | 'detached';
  readonly stops: number;
}

/** Milliseconds of each stop; `bare`: empty where the others are detached. */
export interface StopTimes {
  readonly stop: readonly number[];
  readonly bare: readonly number[];
}

/** Words of a bare stop, a line each. */
const enum Word {
  /** Number of the last request; who sees a new one answers. */
  Request = Control.Scratch,
  Left = Control.Scratch + 32,
  Event = Control.Scratch + 64,
  /** Number of the last request that is over. */
  Release = Control.Scratch + 96,
  Done = Control.Scratch + 128,
}

/** Between two stops everybody runs, so long at least, and up to so much longer. */
const RUN_MS = 0.5;
const RUN_MORE_MS = 2;
/** As in threads/stopTheWorld.ts. */
const POLL_MS = 1;
const ROUNDS = 50;

export default function safepoints(t: Thread): Program {
  const { i32: heap, lists, refs } = t;
  const loop = new RangeLoop(t);
  const random = new Random();
  let seen = 0;

  /** What all threads run: an object made and dropped, a safepoint, a look at the bare request. */
  function work(): void {
    for (let i = 0; i < ROUNDS; i++) {
      const variable = loop.variable(i);
      refs.decref(lists.create());
      loop.end(variable);
      if (Atomics.load(heap, Word.Request) !== seen) answer();
    }
  }

  function answer(): void {
    seen = Atomics.load(heap, Word.Request);
    if (Atomics.sub(heap, Word.Left, 1) === 1) {
      Atomics.store(heap, Word.Event, 1);
      futexWake(heap, Word.Event, 1);
    }
    while (Atomics.load(heap, Word.Release) !== seen) {
      futexWait(heap, Word.Release, seen - 1, Number.POSITIVE_INFINITY);
    }
  }

  function runForAWhile(): void {
    const end = performance.now() + RUN_MS + (random.below(1000) / 1000) * RUN_MORE_MS;
    while (performance.now() < end) work();
  }

  function stop(): number {
    const start = performance.now();
    t.stopTheWorld();
    const elapsed = performance.now() - start;
    t.startTheWorld();
    return elapsed;
  }

  function bareStop(others: number): number {
    const start = performance.now();
    Atomics.store(heap, Word.Event, 0);
    Atomics.store(heap, Word.Left, others);
    seen = Atomics.add(heap, Word.Request, 1) + 1;
    while (Atomics.load(heap, Word.Event) === 0) futexWait(heap, Word.Event, 0, POLL_MS);
    const elapsed = performance.now() - start;
    Atomics.store(heap, Word.Release, seen);
    futexWake(heap, Word.Release, Number.POSITIVE_INFINITY);
    return elapsed;
  }

  function stopRunning(others: number, stops: number): StopTimes {
    const times = { stop: [] as number[], bare: [] as number[] };
    for (let i = 0; i < stops; i++) {
      runForAWhile();
      times.stop.push(stop());
      runForAWhile();
      times.bare.push(bareStop(others));
    }
    Atomics.store(heap, Word.Done, 1);
    return times;
  }

  function awaitSleep(): void {
    const own = t.slot;
    const awake = (): boolean => {
      for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
        const block = threadBlock(slot);
        const status = Atomics.load(heap, block + ThreadBlock.Status);
        if (slot !== own && heap[block + ThreadBlock.Alive] !== 0 && status === ThreadStatus.Attached)
          return true;
      }
      return false;
    };
    while (awake()) t.poll();
  }

  function stopDetached(stops: number): StopTimes {
    awaitSleep();
    return { stop: Array.from({ length: stops }, stop), bare: [] };
  }

  /** Thread 0 holds the lock; every other thread but those with odd numbers waits for all in the barrier. */
  function runDetached(lock: Ref, stops: number): StopTimes | null {
    if (t.index === 0) t.locks.acquire(lock);
    t.barrier();
    const times = t.index === 0 ? stopDetached(stops) : null;
    if (t.index === 0) t.locks.release(lock);
    else if (t.index % 2 === 1) {
      t.locks.acquire(lock);
      t.locks.release(lock);
    }
    t.barrier();
    return times;
  }

  return {
    level: 'raw',
    setup() {
      for (const word of [Word.Request, Word.Left, Word.Event, Word.Release, Word.Done])
        Atomics.store(heap, word, 0);
      return { lock: t.locks.create() } as Record<string, number>;
    },
    run(_: Thread, { lock }: Record<string, Ref>, { others, stops }: StopArgs): StopTimes | null {
      seen = 0;
      if (others === 'detached') return runDetached(lock, stops);
      if (t.index === 0) return stopRunning(heap[Control.RunThreads] - 1, stops);
      while (Atomics.load(heap, Word.Done) === 0) work();
      return null;
    },
  };
}
