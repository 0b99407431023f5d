import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Two threads load, add and store: the update that is lost. */
function racyIncrement(x: number, w: World): void {
  Atomics.store(w.i32, x, Atomics.load(w.i32, x) + 1);
}

/** A compare-exchange loop. */
function casIncrement(x: number, w: World): void {
  for (;;) {
    const value = Atomics.load(w.i32, x);
    if (Atomics.compareExchange(w.i32, x, value, value + 1) === value) return;
  }
}

export const racyCounter2 = scenario<number>('racy-counter-2', {
  about: 'two threads load, add and store a shared word (not atomic as a whole)',
  setup: (w) => w.words(1, 'x'),
  threads: [racyIncrement, racyIncrement],
  after: (x, w) => ({ x: w.i32[x] }),
  outcomes: { 'x=2': 'required', 'x=1': 'required' },
});

export const racyCounter3 = scenario<number>('racy-counter-3', {
  about: 'three threads load, add and store a shared word',
  setup: (w) => w.words(1, 'x'),
  threads: [racyIncrement, racyIncrement, racyIncrement],
  after: (x, w) => ({ x: w.i32[x] }),
  outcomes: { 'x=3': 'required', 'x=2': 'required', 'x=1': 'required' },
});

export const casCounter3 = scenario<number>('cas-counter-3', {
  about: 'three threads add by a compare-exchange loop',
  setup: (w) => w.words(1, 'x'),
  threads: [casIncrement, casIncrement, casIncrement],
  after: (x, w) => ({ x: w.i32[x] }),
  outcomes: { 'x=3': 'required' },
});

export const casCounter4 = scenario<number>('cas-counter-4', {
  about: 'four threads add by a compare-exchange loop',
  setup: (w) => w.words(1, 'x'),
  threads: [casIncrement, casIncrement, casIncrement, casIncrement],
  after: (x, w) => ({ x: w.i32[x] }),
  outcomes: { 'x=4': 'required' },
});
