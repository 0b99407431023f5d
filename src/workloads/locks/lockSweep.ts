import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RequestTimes } from '../latency/requestTimes.js';
import { RangeLoop } from '../loop.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from '../memory/area.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';

/** Locks at most: one for each thread. */
const MOST_LOCKS = THREAD_LINES / LINE_WORDS;

/** Words of a lock's line. */
const enum LockLine {
  /** Written plainly, by who holds the lock. */
  Counter = 0,
  /** What all threads together have counted for themselves. */
  Acquisitions = 1,
}

/** How a thread goes from lock to lock. */
export type LockChoice = 'in turn' | 'own' | 'random';

/** Settings of the sweep, as CPython's Tools/lockbench has them. */
export interface LockSettings {
  readonly name: string;
  readonly title: string;
  readonly cpython: string;
  /** Units of work with the lock held, and without it: see `work`. */
  readonly inside: number;
  readonly outside: number;
  readonly locks: number;
  readonly choice?: LockChoice;
  /** The counter is an int object, in a list with one for each lock. */
  readonly counts?: boolean;
}

const UNIT = 16;

/** A unit is 16 steps of a generator of random numbers, each waiting for the one before: private, no memory. */
function work(units: number, from: number): number {
  let x = from;
  for (let left = units * UNIT; left > 0; left--) x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
  return x;
}

function lockWorker(t: Thread, settings: LockSettings): Worker {
  const { inside, outside, locks: lockCount, choice = 'in turn', counts = false } = settings;
  const { locks, lists, numbers, refs, i32: heap } = t;
  const loop = new RangeLoop(t);
  const times = new RequestTimes();
  const held: Ref[] = [];
  const tally = new Int32Array(MOST_LOCKS);
  const one = smallInt(1);
  let counters: Ref = 0;
  let area = 0;
  let x = 1;

  /** The number of the lock to take next. */
  function choose(round: number): number {
    if (choice === 'own') return t.index;
    if (choice === 'in turn') return round % lockCount;
    x = work(1, x);
    return (x >>> 16) % lockCount;
  }

  /** Somebody has the lock. */
  function awaitLock(lock: Ref): void {
    const start = times.now();
    locks.acquire(lock);
    times.record(start, times.now());
  }

  function count(which: number): void {
    const counter = lists.get(counters, which);
    const sum = numbers.addInt(counter, one);
    lists.set(counters, which, sum);
    refs.decref(sum);
    refs.decref(counter);
  }

  return {
    start(shared) {
      area = areaOf(t, shared);
      counters = shared.counters;
      for (let which = 0; which < MOST_LOCKS; which++) {
        held[which] = lists.get(shared.locks, which);
        // The list keeps it.
        refs.decref(held[which]);
      }
      tally.fill(0);
      times.clear();
      x = t.index + 1;
    },
    run(total) {
      let waits = 0;
      for (let round = 0; round < total; round++) {
        const i = loop.variable(round);
        const which = choose(round);
        const lock = held[which];
        if (!locks.acquireTimed(lock, 0)) {
          waits++;
          awaitLock(lock);
        }
        heap[area + which * LINE_WORDS + LockLine.Counter]++;
        if (counts) count(which);
        x = work(inside, x);
        locks.release(lock);
        tally[which]++;
        x = work(outside, x);
        loop.end(i);
      }
      times.recordNoWait(total - waits);
      return total;
    },
    latency: () => times,
    finish() {
      for (let which = 0; which < MOST_LOCKS; which++) {
        Atomics.add(heap, area + which * LINE_WORDS + LockLine.Acquisitions, tally[which]);
      }
      return null;
    },
  };
}

function setUp(t: Thread): SharedRefs {
  const locks = t.lists.create();
  const counters = t.lists.create();
  for (let which = 0; which < MOST_LOCKS; which++) {
    const lock = t.locks.create();
    t.lists.append(locks, lock);
    t.refs.decref(lock);
    t.lists.append(counters, smallInt(0));
  }
  return { ...createArea(t, THREAD_LINES), locks, counters };
}

function check(t: Thread, shared: SharedRefs, operations: number, counts: boolean): string | null {
  const area = areaOf(t, shared);
  let wrong: string | null = null;
  let total = 0;
  for (let which = 0; which < MOST_LOCKS; which++) {
    const line = area + which * LINE_WORDS;
    const acquisitions = Atomics.load(t.i32, line + LockLine.Acquisitions);
    const counted = Atomics.load(t.i32, line + LockLine.Counter);
    total += acquisitions;
    if (counted !== acquisitions) {
      wrong ??= `${acquisitions} acquisitions of lock ${which} left its counter at ${counted}`;
    }
    const counter = t.lists.get(shared.counters, which);
    const value = t.numbers.value(counter);
    t.refs.decref(counter);
    if (counts && value !== acquisitions) {
      wrong ??= `${acquisitions} acquisitions of lock ${which} left its int at ${value}`;
    }
  }
  freeArea(t, shared);
  return wrong ?? (total === operations ? null : `${operations} operations, but ${total} acquisitions`);
}

/**
 * One point of the sweep. An operation is an acquisition; a request is one, too, and its time is what it waited for the
 * lock: 0 if that was free, otherwise from the thread's failing to take it to its having it. (Closed loop: a thread that
 * waits asks for nothing else meanwhile. What it would have asked for is missing from the times, not from the rate.)
 */
export function lockWorkload(settings: LockSettings): Workload {
  return {
    name: settings.name,
    group: 'locks',
    cpython: settings.cpython,
    title: settings.title,
    unsafe: false,
    rooted: true,
    unit: 'acquisition',
    setup: setUp,
    worker: (t) => lockWorker(t, settings),
    check: (t, shared, operations) => check(t, shared, operations, settings.counts === true),
  };
}
