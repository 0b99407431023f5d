import type { Workload } from '../workload.js';
import { type LockSettings, lockWorkload } from './lockSweep.js';

/** `with` in front of a block; work is of the thread's own. */
const SWEEP: readonly LockSettings[] = [
  {
    name: 'lock-empty',
    title: 'one lock, nothing inside, nothing outside: what does handing it around cost?',
    cpython: 'with L: c[0] += 1',
    inside: 0,
    outside: 0,
    locks: 1,
  },
  {
    name: 'lock-inside-1',
    title: 'one lock, a little work inside: the default of lockbench',
    cpython: 'with L: c[0] += 1; work(1)',
    inside: 1,
    outside: 0,
    locks: 1,
  },
  {
    name: 'lock-inside-4',
    title: 'one lock, four times the work inside: waiting pays sooner than spinning',
    cpython: 'with L: c[0] += 1; work(4)',
    inside: 4,
    outside: 0,
    locks: 1,
  },
  {
    name: 'lock-outside-4',
    title: 'one lock, four times as much work outside as inside: the lock is often free',
    cpython: 'with L: c[0] += 1; work(1), then work(4)',
    inside: 1,
    outside: 4,
    locks: 1,
  },
  {
    name: 'lock-inside-outside',
    title: 'one lock, as much work inside as outside: two threads could just take turns',
    cpython: 'with L: c[0] += 1; work(4), then work(4)',
    inside: 4,
    outside: 4,
    locks: 1,
  },
  {
    name: 'lock-two',
    title: 'two locks in turn: threads can follow each other from one to the next',
    cpython: 'with L[i % 2]: c[i % 2] += 1; work(1)',
    inside: 1,
    outside: 0,
    locks: 2,
  },
  {
    name: 'lock-own',
    title: 'a lock for each thread: never contended, nothing shared',
    cpython: 'with L[thread]: c[thread] += 1; work(1)',
    inside: 1,
    outside: 0,
    locks: 1,
    choice: 'own',
  },
  {
    name: 'lock-random-8',
    title: 'eight locks, one at random each time, work inside and outside',
    cpython: 'k = random(8); with L[k]: c[k] += 1; work(1), then work(1)',
    inside: 1,
    outside: 1,
    locks: 8,
    choice: 'random',
  },
  {
    name: 'lock-shared-counter-many',
    title: 'eight locks, each around an int that all threads replace: the counters move, too',
    cpython: 'k = random(8); with L[k]: c[k] += 1, the ints in one list',
    inside: 0,
    outside: 0,
    locks: 8,
    choice: 'random',
    counts: true,
  },
];

/** The lock sweep, in the manner of CPython's Tools/lockbench. */
export const LOCK_WORKLOADS: readonly Workload[] = SWEEP.map(lockWorkload);
