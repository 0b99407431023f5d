import type { Ref } from '../../refcount/refCounter.js';
import { type Scheme, scenario } from '../scenario.js';
import type { World } from '../world.js';

/** `x` lives in a dict, as a global does. Small ints are immortal: what is lost is an update, never memory. */
interface Global {
  readonly dict: Ref;
  readonly x: Ref;
  readonly lock: Ref;
}

const SCHEMES: readonly Scheme[] = ['gil', 'plain', 'atomic', 'biased'];

/**
 * Without atomic counts: there each load takes the dict's mutex, and two waits in each of two threads are more
 * schedules than can be run through. `increment-assign` is what is left of it there.
 */
const WITHOUT_ATOMIC: readonly Scheme[] = ['gil', 'plain', 'biased'];

/** A dict that both threads read without its lock, where the build lets them. */
function globalX(w: World): Global {
  const { dicts, numbers, strings, locks } = w.main;
  const dict = dicts.create();
  const x = strings.intern('x');
  dicts.set(dict, x, numbers.int(0));
  for (let i = 0; i < w.threadCount; i++) w.thread(i).dicts.get(dict, x);
  return { dict, x, lock: locks.create() };
}

/** x += 1: load, add, store. The interpreter polls at calls and back-edges; there is neither in between. */
function increment(s: Global, w: World, me: number): void {
  const { dicts, numbers } = w.thread(me);
  const old = dicts.getItem(s.dict, s.x);
  dicts.set(s.dict, s.x, numbers.addInt(old, numbers.int(1)));
}

/** x += f(): the call polls when x has been loaded. */
function incrementByCall(s: Global, w: World, me: number): void {
  const { dicts, numbers } = w.thread(me);
  const old = dicts.getItem(s.dict, s.x);
  w.thread(me).poll();
  dicts.set(s.dict, s.x, numbers.addInt(old, numbers.int(1)));
}

/** with lock: x += f(). */
function incrementLocked(s: Global, w: World, me: number): void {
  const { locks } = w.thread(me);
  locks.acquire(s.lock);
  incrementByCall(s, w, me);
  locks.release(s.lock);
}

function result(s: Global, w: World): { x: number } {
  const { dicts, numbers, refs } = w.main;
  const x = numbers.value(dicts.getItem(s.dict, s.x));
  refs.decref(s.dict);
  refs.decref(s.lock);
  return { x };
}

/** Scenario 25. */
export const incrementGlobal = scenario<Global>('increment', {
  about: 'two threads run x += 1: only the GIL keeps them apart, and only as nothing in it polls',
  refcount: WITHOUT_ATOMIC,
  setup: globalX,
  threads: [increment, increment],
  after: result,
  outcomes: { 'x=2': 'required', 'x=1': { gil: 'forbidden', else: 'required' } },
});

/** Scenario 25, with a call in the expression. */
export const incrementCall = scenario<Global>('increment-call', {
  about: 'two threads run x += f(): updates are lost under every scheme, the GIL too',
  refcount: WITHOUT_ATOMIC,
  setup: globalX,
  threads: [incrementByCall, incrementByCall],
  after: result,
  outcomes: { 'x=2': 'required', 'x=1': 'required' },
});

/** Scenario 25, as small as it can be: the assignment is lost if it comes between the other's load and store. */
export const incrementAssign = scenario<Global>('increment-assign', {
  about: 'x += 1 against x = 10: atomic counts keep memory whole, not the update',
  refcount: SCHEMES,
  setup: globalX,
  threads: {
    adds: increment,
    assigns(s, w, me) {
      const { dicts, numbers } = w.thread(me);
      dicts.set(s.dict, s.x, numbers.int(10));
    },
  },
  after: result,
  outcomes: { 'x=10': 'required', 'x=11': 'required', 'x=1': { gil: 'forbidden', else: 'required' } },
});

/** Scenario 25, put right. */
export const incrementWithLock = scenario<Global>('increment-locked', {
  about: 'two threads run x += f() with a threading.Lock held: none is lost under any scheme',
  refcount: SCHEMES,
  setup: globalX,
  threads: [incrementLocked, incrementLocked],
  after: result,
  outcomes: { 'x=2': 'required' },
  variants: {
    'one of them takes no lock': {
      refcount: WITHOUT_ATOMIC,
      threads: [incrementLocked, incrementByCall],
      finds: ['x=1'],
    },
  },
});
