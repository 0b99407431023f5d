import { smallInt } from '../objects/numbers.js';
import type { Ref } from '../refcount/refCounter.js';
import { racesByDesign } from '../runtime/builds.js';
import type { Bodies } from '../runtime/calls.js';
import type { Thread } from '../runtime/thread.js';
import { anchor, checkCount } from './anchor.js';
import { UNROLL } from './lists.js';
import { RangeLoop } from './loop.js';
import { NONE } from './numbers.js';
import type { Worker, Workload } from './workload.js';

const READ_INDEX = 5;

/** Sites of LOAD_GLOBAL. */
const enum Site {
  Lock = 1,
  Counter = 2,
  Function = 3,
}

function counterWorker(t: Thread): Worker {
  const { numbers, refs, dicts, locks, globals, calls } = t;
  const loop = new RangeLoop(t);
  const one = smallInt(1);
  let dict: Ref = 0;
  let name: Ref = 0;
  return {
    start(shared) {
      dict = shared.globals;
      name = t.strings.intern('c');
      globals.bind(Site.Lock, dict, 'L');
      globals.bind(Site.Counter, dict, 'c');
    },
    run(count) {
      const target = dict;
      const key = name;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const lock = globals.load(Site.Lock);
        locks.acquire(lock);
        const counter = globals.load(Site.Counter);
        const sum = numbers.addInt(counter, one);
        calls.close(counter);
        dicts.set(target, key, sum);
        refs.decref(sum);
        locks.release(lock);
        calls.close(lock);
        loop.end(i);
      }
      return count;
    },
    finish: () => null,
  };
}

/** `with L: c += 1` on a global: everything waits for one lock. */
export const sharedCounterLock: Workload = {
  name: 'shared-counter-lock',
  group: 'sharing',
  cpython: 'with L: c += 1, a global counter',
  title: 'one lock around one counter: nothing to gain',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const globals = t.dicts.create();
    const lock = t.locks.create();
    t.dicts.set(globals, t.strings.intern('L'), lock);
    t.refs.decref(lock);
    t.dicts.set(globals, t.strings.intern('c'), smallInt(0));
    return { globals };
  },
  worker: counterWorker,
  check: (t, shared, operations) => {
    const counter = t.dicts.getItem(shared.globals, t.strings.intern('c'));
    const value = t.numbers.value(counter);
    t.refs.decref(counter);
    return value === operations ? null : `${operations} increments left the counter at ${value}`;
  },
};

function callWorker(t: Thread): Worker {
  const { calls, globals, refs } = t;
  const loop = new RangeLoop(t);
  return {
    start(shared) {
      globals.bind(Site.Function, shared.globals, 'f0');
    },
    run(count) {
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        refs.decref(calls.call0(globals.load(Site.Function)));
        loop.end(i);
      }
      return count;
    },
    finish: () => null,
  };
}

/** `f0()` of a global function: scales where functions have deferred counts. */
export const callSharedFunction: Workload = {
  name: 'call-shared-function',
  group: 'sharing',
  cpython: 'f0(), a global function',
  title: 'calls of one function: deferred counts leave its count alone',
  unsafe: true,
  rooted: true,
  unit: 'op',
  functions: ({ refs }) => ({ f0: () => refs.newStatic(NONE) }),
  setup: (t) => {
    const globals = t.dicts.create();
    const callee = t.calls.define('f0');
    t.dicts.set(globals, t.strings.intern('f0'), callee);
    if (racesByDesign(t.build)) anchor(t, callee);
    return { globals, callee };
  },
  worker: callWorker,
  check: (t, shared, operations) => {
    // f0's dict, the run's globals, this function; deferred without a collector, the thread that defined it too.
    const kept = !t.collects && t.refs.isDeferred(shared.callee);
    return checkCount(t, shared.callee, kept ? 4 : 3, operations);
  },
};

function tupleReadWorker(t: Thread): Worker {
  const { tuples, refs, calls } = t;
  const loop = new RangeLoop(t);
  const expected = smallInt(READ_INDEX);
  let tuple: Ref = 0;
  return {
    start(shared) {
      tuple = shared.tuple;
    },
    run(count) {
      const source = tuple;
      let strangers = 0;
      for (let round = 0; round < count; round += UNROLL) {
        const i = loop.variable(round);
        for (let u = 0; u < UNROLL; u++) {
          const item = tuples.get(calls.borrow(source), READ_INDEX);
          calls.unborrow(source);
          if (item !== expected) strangers++;
          refs.decref(item);
        }
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} reads gave another object than the tuple holds`);
      return count;
    },
    finish: () => null,
  };
}

/** `s[5]` of a tuple: immutable, so that not even a re-check is needed. */
export const sharedTupleRead: Workload = {
  name: 'shared-tuple-read',
  group: 'sharing',
  cpython: 's[5] of a shared tuple, an immortal element',
  title: 'reads of an immutable: no lock, no re-check, no count',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const items: Ref[] = [];
    for (let value = 0; value < 10; value++) items.push(smallInt(value));
    return { tuple: t.tuples.create(items) };
  },
  worker: tupleReadWorker,
};

function allocListWorker(t: Thread): Worker {
  const { lists, refs } = t;
  const loop = new RangeLoop(t);
  return {
    start: () => {},
    run(count) {
      let items = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const list = lists.create();
        items += lists.length(list);
        refs.decref(list);
        loop.end(i);
      }
      if (items !== 0) throw new Error(`new lists had ${items} items`);
      return count;
    },
    finish: () => null,
  };
}

/** `[]` made and dropped: the free list of the thread. */
export const allocDropList: Workload = {
  name: 'alloc-drop-list',
  group: 'sharing',
  cpython: '[] made and dropped',
  title: 'lists from the free list: per thread without the GIL',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: () => ({}),
  worker: allocListWorker,
};

/** `def __init__(self, i): self.x = i`, the store specialised to the slot. */
function initBody(t: Thread): Bodies {
  const { instances, calls, refs } = t;
  return {
    init(self: Ref, i: Ref): Ref {
      instances.setSlot(calls.borrow(self), 0, i);
      calls.unborrow(self);
      return refs.newStatic(NONE);
    },
  };
}

function allocInstanceWorker(t: Thread): Worker {
  const { instances, calls, refs, numbers } = t;
  const loop = new RangeLoop(t);
  let type: Ref = 0;
  let initializer: Ref = 0;

  /** `C(i)`: the instance, and a call of its `__init__`. */
  function construct(i: Ref): Ref {
    const instance = instances.create(type);
    refs.incref(instance);
    refs.decref(calls.call2(calls.open(initializer), instance, calls.lend(i)));
    return instance;
  }

  return {
    start(shared) {
      type = shared.type;
      initializer = shared.init;
    },
    run(count) {
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        refs.decref(construct(i));
        loop.end(i);
      }
      return count;
    },
    finish() {
      const value = numbers.int(12345);
      const instance = construct(value);
      refs.decref(value);
      const x = instances.getAttr(instance, t.strings.intern('x'));
      const number = numbers.value(x);
      refs.decref(x);
      refs.decref(instance);
      return number === 12345 ? null : `attribute x is ${number}, not 12345`;
    },
  };
}

/** `C(i)` made and dropped: allocation, a call of `__init__`, an attribute. */
export const allocDropInstance: Workload = {
  name: 'alloc-drop-instance',
  group: 'sharing',
  cpython: 'C(i) made and dropped; __init__ sets self.x = i',
  title: 'instances of a shared class: heap, call, attribute',
  unsafe: false,
  rooted: true,
  unit: 'op',
  functions: initBody,
  setup: (t) => {
    const initializer = t.calls.define('init');
    return { type: t.instances.createType('C', ['x'], 0), init: initializer };
  },
  worker: allocInstanceWorker,
};
