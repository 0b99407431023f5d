import { scenario } from '../scenario.js';
import type { World } from '../world.js';
import { pause } from './pause.js';

interface Peterson {
  readonly flags: number;
  readonly turn: number;
  readonly x: number;
}

function petersonIncrement(s: Peterson, w: World, me: number): void {
  const heap = w.i32;
  const other = 1 - me;
  Atomics.store(heap, s.flags + me, 1);
  Atomics.store(heap, s.turn, other);
  while (Atomics.load(heap, s.flags + other) === 1 && Atomics.load(heap, s.turn) === other) pause();
  Atomics.store(heap, s.x, Atomics.load(heap, s.x) + 1);
  Atomics.store(heap, s.flags + me, 0);
}

export const peterson = scenario<Peterson>('peterson', {
  about:
    "mutual exclusion of two threads by loads and stores alone (Peterson, 'Myths about the mutual exclusion problem', 1981)",
  setup: (w) => ({ flags: w.words(2, 'flag'), turn: w.words(1, 'turn'), x: w.words(1, 'x') }),
  threads: [petersonIncrement, petersonIncrement],
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
});

interface Futex {
  readonly lock: number;
  readonly x: number;
}

/** 0 free, 1 locked, 2 locked and somebody asleep. */
function futexIncrement(s: Futex, w: World): void {
  const heap = w.i32;
  let seen = Atomics.compareExchange(heap, s.lock, 0, 1);
  while (seen !== 0) {
    if (seen === 2 || Atomics.compareExchange(heap, s.lock, 1, 2) !== 0) Atomics.wait(heap, s.lock, 2);
    seen = Atomics.compareExchange(heap, s.lock, 0, 2);
  }
  Atomics.store(heap, s.x, Atomics.load(heap, s.x) + 1);
  if (Atomics.sub(heap, s.lock, 1) !== 1) {
    Atomics.store(heap, s.lock, 0);
    Atomics.notify(heap, s.lock, 1);
  }
}

export const futexMutex2 = scenario<Futex>('futex-mutex-2', {
  about: "mutual exclusion by a futex (Drepper, 'Futexes are tricky', 2011, mutex 1)",
  setup: (w) => ({ lock: w.words(1, 'lock'), x: w.words(1, 'x') }),
  threads: [futexIncrement, futexIncrement],
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
});

export const futexMutex3 = scenario<Futex>('futex-mutex-3', {
  about: 'the same with three threads',
  setup: (w) => ({ lock: w.words(1, 'lock'), x: w.words(1, 'x') }),
  threads: [futexIncrement, futexIncrement, futexIncrement],
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=3': 'required' },
});
