import { smallInt } from '../objects/numbers.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Handle } from '../runtime/handle.js';
import type { Thread } from '../runtime/thread.js';
import { UNROLL } from './lists.js';
import { RangeLoop } from './loop.js';
import type { Worker, Workload } from './workload.js';

/** Entries of the dicts: small ints 0..KEYS-1, each its own value. */
const KEYS = 10;
const READ_KEY = 5;

function dictOfSmallInts(t: Thread): Ref {
  const dict = t.dicts.create();
  for (let key = 0; key < KEYS; key++) t.dicts.set(dict, smallInt(key), smallInt(key));
  return dict;
}

function privateDictWorker(t: Thread): Worker {
  const { dicts, refs, calls } = t;
  const loop = new RangeLoop(t);
  let dict: Ref = 0;
  let handle: Handle | null = null;
  return {
    start() {
      dict = dictOfSmallInts(t);
      // Where every collector finds it.
      handle = t.handles.adopt(dict);
    },
    run(count) {
      const target = dict;
      let key = 0;
      let wrong = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        key = key === KEYS - 1 ? 0 : key + 1;
        const name = smallInt(key);
        dicts.set(calls.borrow(target), name, i);
        calls.unborrow(target);
        const value = dicts.get(calls.borrow(target), calls.borrow(name));
        calls.unborrow(name);
        calls.unborrow(target);
        if (value !== i) wrong++;
        refs.decref(value);
        loop.end(i);
      }
      if (wrong > 0) throw new Error(`${wrong} reads gave another value than was set`);
      return count;
    },
    finish() {
      const size = dicts.length(dict);
      handle?.release();
      return size === KEYS ? null : `dict has ${size} entries, not ${KEYS}`;
    },
  };
}

/** `d[k] = i; d[k]` on a dict of the thread's own. */
export const privateDict: Workload = {
  name: 'private-dict',
  group: 'sharing',
  cpython: 'd[k] = i; d[k], a private dict',
  title: 'a dict a thread: set and get, the lock always free',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: () => ({}),
  worker: privateDictWorker,
};

function dictGetWorker(t: Thread): Worker {
  const { dicts, refs, calls } = t;
  const loop = new RangeLoop(t);
  const key = smallInt(READ_KEY);
  let dict: Ref = 0;
  return {
    start(shared) {
      dict = shared.dict;
    },
    run(count) {
      const source = dict;
      let strangers = 0;
      for (let round = 0; round < count; round += UNROLL) {
        const i = loop.variable(round);
        for (let u = 0; u < UNROLL; u++) {
          const value = dicts.get(calls.borrow(source), key);
          calls.unborrow(source);
          if (value !== key) strangers++;
          refs.decref(value);
        }
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} reads gave another value than the dict holds`);
      return count;
    },
    finish: () => null,
  };
}

/** `d[5]` where key and value are immortal ints. */
export const sharedDictGet: Workload = {
  name: 'shared-dict-get',
  group: 'sharing',
  cpython: 'd[5] of a shared dict, an immortal value',
  title: 'lock-free lookups of an immortal: nothing is written',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => ({ dict: dictOfSmallInts(t) }),
  worker: dictGetWorker,
};

function dictSetWorker(t: Thread): Worker {
  const { dicts, strings, calls } = t;
  const loop = new RangeLoop(t);
  const value = smallInt(t.slot + 1);
  let key: Ref = 0;
  let dict: Ref = 0;
  return {
    start(shared) {
      key = strings.intern('k');
      dict = shared.dict;
    },
    run(count) {
      const target = dict;
      const name = key;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        dicts.set(calls.borrow(target), name, value);
        calls.unborrow(target);
        loop.end(i);
      }
      return count;
    },
    finish: () => null,
  };
}

/** `d['k'] = v` by all threads: the lock of the dict is fought over. */
export const sharedDictSet: Workload = {
  name: 'shared-dict-set',
  group: 'sharing',
  cpython: "d['k'] = v on a shared dict, the same key",
  title: 'one dict, one key: writes take turns',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const dict = t.dicts.create();
    t.dicts.set(dict, t.strings.intern('k'), smallInt(0));
    return { dict };
  },
  worker: dictSetWorker,
  check: (t, shared) => {
    const value = t.dicts.getItem(shared.dict, t.strings.intern('k'));
    const number = t.numbers.value(value);
    t.refs.decref(value);
    const known = t.dicts.length(shared.dict) === 1 && number >= 0 && number <= 64;
    return known ? null : `the dict holds ${number}, which nobody wrote, or more than one entry`;
  },
};

function dictMixedWorker(t: Thread): Worker {
  const { dicts, numbers, refs, calls } = t;
  const loop = new RangeLoop(t);
  const ten = smallInt(KEYS);
  const zero = smallInt(0);
  const one = smallInt(1);
  let dict: Ref = 0;
  return {
    start(shared) {
      dict = shared.dict;
    },
    run(count) {
      const target = dict;
      let strangers = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const key = numbers.moduloInt(calls.borrow(i), ten);
        calls.unborrow(i);
        if (numbers.lessInt(zero, key)) {
          const value = dicts.get(calls.borrow(target), key);
          calls.unborrow(target);
          if (value !== key) strangers++;
          refs.decref(value);
        } else {
          dicts.set(calls.borrow(target), one, one);
          calls.unborrow(target);
        }
        refs.decref(key);
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} reads gave another value than the dict holds`);
      return count;
    },
    finish: () => null,
  };
}

/** Nine lock-free reads to one locked write. */
export const sharedDictMixed: Workload = {
  name: 'shared-dict-mixed',
  group: 'sharing',
  cpython: 'd[1] = 1 if i % 10 == 0 else d[i % 10], a shared dict',
  title: '90 % lock-free reads, 10 % locked writes',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => ({ dict: dictOfSmallInts(t) }),
  worker: dictMixedWorker,
  check: (t, shared) => {
    const size = t.dicts.length(shared.dict);
    return size === KEYS ? null : `the dict has ${size} entries, not ${KEYS}`;
  },
};
