// Scenarios whose threads behave as no thread should, for tests of the worker and stress engines.
import { threadId } from 'node:worker_threads';
import { scenario } from 'ungil/race';

const word = (w) => w.words(1, 'x');

export const dies = scenario('dies', {
  about: 'a thread ends its worker',
  setup: word,
  threads: [(x, w) => Atomics.add(w.i32, x, 1), () => globalThis.process.exit(3)],
  outcomes: { '*': 'expected' },
});

export const throws = scenario('throws', {
  about: 'a thread throws',
  setup: word,
  threads: {
    calm: (x, w) => Atomics.add(w.i32, x, 1),
    angry() {
      throw new RangeError('too much');
    },
  },
  outcomes: { error: 'required' },
});

export const sleeps = scenario('sleeps', {
  about: 'one thread may sleep for ever; it catches whatever would end it',
  setup: word,
  threads: [
    (x, w) => {
      try {
        Atomics.wait(w.i32, x, 0);
      } catch {
        Atomics.store(w.i32, x, 7);
      }
    },
    (x, w) => Atomics.store(w.i32, x, 1),
  ],
  after: (x, w) => ({ x: w.i32[x] }),
  outcomes: { 'x=1': 'required', deadlock: 'required' },
});

export const remembers = scenario('remembers', {
  about: 'threads keep what they have seen in JavaScript objects',
  setup: (w) => ({ x: w.words(1, 'x'), seen: new Map(), list: [] }),
  threads: [
    (s, w) => s.seen.set('a', Atomics.add(w.i32, s.x, 1)),
    (s, w) => s.list.push(Atomics.add(w.i32, s.x, 1)),
  ],
  after: (s) => ({ a: s.seen.get('a'), b: s.list.join() }),
  outcomes: { 'a=0, b=1': 'required', 'a=1, b=0': 'required' },
});

export const choosy = scenario('choosy', {
  about: 'clock, random numbers, choices, plain fills',
  setup: (w) => w.words(4, 'x'),
  threads: [
    (x, w) => {
      const start = performance.now();
      w.i32.fill(w.choose(2) + 1, x, x + 2);
      w.i32.copyWithin(x + 1, x, x + 3);
      Atomics.store(w.i32, x + 3, Date.now() - start + Math.floor(Math.random() * 100));
    },
    (x, w) => w.i32[x]++,
  ],
  after: (x, w) => ({ x: w.i32.slice(x, x + 4).join() }),
  outcomes: { '*': 'expected' },
});

export const fickle = scenario('fickle', {
  about: 'set-up is not the same each time',
  setup(w) {
    const x = w.words(1, 'x');
    for (let i = 0; i < threadId; i++) w.i32[x] = i;
    return x;
  },
  threads: [(x, w) => Atomics.add(w.i32, x, 1), (x, w) => Atomics.add(w.i32, x, 1)],
  outcomes: { '*': 'expected' },
});

export const neverWoken = scenario('never-woken', {
  about: 'one thread sleeps for ever',
  setup: word,
  threads: [(x, w) => Atomics.wait(w.i32, x, 0), () => {}],
  outcomes: { deadlock: 'required' },
});

export const register = scenario('register', {
  about: 'a register that is written and read',
  setup: word,
  threads: [
    (x, w) => w.operation('write', [1], () => Atomics.store(w.i32, x, 1)),
    (x, w) => w.operation('read', [], () => Atomics.load(w.i32, x)),
  ],
  linearizable: {
    initial: 0,
    apply: (state, operation, [value]) => (operation === 'write' ? [value, value] : [state, state]),
  },
  outcomes: { done: 'required' },
  variants: {
    'reads are made up': {
      threads: [
        (x, w) => w.operation('write', [1], () => Atomics.store(w.i32, x, 1)),
        (_, w) => w.operation('read', [], () => 2),
      ],
      finds: ['not linearizable'],
    },
  },
});

export const dark = scenario('dark', {
  about: 'a light that must never be off while somebody reads',
  setup: (w) => ({ light: w.words(1, 'light'), reading: w.words(1, 'reading') }),
  threads: {
    reader(s, w) {
      Atomics.store(w.i32, s.reading, 1);
      Atomics.store(w.i32, s.reading, 0);
    },
    saver(s, w) {
      w.i32[s.light] = 1;
      w.i32[s.light] = 0;
    },
  },
  never: (s, w) => w.i32[s.light] === 0 && Atomics.load(w.i32, s.reading) === 1 && 'reading in the dark',
  outcomes: { done: 'required', 'broken invariant': 'required' },
});
