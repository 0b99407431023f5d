import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Shared {
  readonly object: number;
}

/** An object of the main thread's, with a reference for each thread that drops one. */
function sharedFloat(w: World, references: number): Shared {
  const object = w.main.numbers.float(1);
  for (let i = 1; i < references; i++) w.main.refs.incref(object);
  return { object };
}

function increfDecref(s: Shared, w: World, me: number): void {
  const { refs } = w.thread(me);
  refs.incref(s.object);
  refs.decref(s.object);
}

/** Scenario 1. */
export const increfDecrefShared = scenario<Shared>('incref-decref', {
  about: 'two threads incref and decref one shared object (PEP 703: why plain counts need the GIL)',
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup: (w) => sharedFloat(w, 1),
  threads: [increfDecref, increfDecref],
  after(s, w) {
    const freed = w.freed(s.object);
    if (!freed) w.main.refs.decref(s.object);
    return { freed };
  },
  outcomes: {
    'freed=false': 'required',
    leak: { plain: 'required', else: 'forbidden' },
    'use after free': { plain: 'required', else: 'forbidden' },
    'double free': { plain: 'expected', else: 'forbidden' },
    'freed=true': { plain: 'expected', else: 'forbidden' },
  },
});

/** Scenario 2. */
export const lastTwoReferences = scenario<Shared>('last-two', {
  about: 'the last two references are dropped at once',
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup: (w) => sharedFloat(w, 2),
  threads: [(s, w) => w.thread(0).refs.decref(s.object), (s, w) => w.thread(1).refs.decref(s.object)],
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: {
    'freed=true': { biased: 'expected', else: 'required' },
    'freed=false': { biased: 'interesting', else: 'forbidden' },
    leak: { plain: 'required', else: 'forbidden' },
    'double free': { plain: 'required', else: 'forbidden' },
  },
});
