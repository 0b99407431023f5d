import { smallInt } from '../objects/numbers.js';
import type { Ref } from '../refcount/refCounter.js';
import { racesByDesign } from '../runtime/builds.js';
import type { Handle } from '../runtime/handle.js';
import type { Thread } from '../runtime/thread.js';
import { anchor, checkCount } from './anchor.js';
import { RangeLoop } from './loop.js';
import { NONE } from './numbers.js';
import type { Worker, Workload } from './workload.js';

/** Room of the list under `unsafe`, where it must not be resized while others append. */
const UNSAFE_ROOM = 4_000_000;
/** Lists are started anew at this length, to bound memory. */
const APPEND_LIMIT = 200_000;
/** Reads are unrolled eight times, as in the twins ("U8"). */
export const UNROLL = 8;
const READ_INDEX = 5;
/** More than all threads can append between a look at the length and the end of their calls. */
const MARGIN = 64 * 1024;

function privateAppendWorker(t: Thread): Worker {
  const { lists, calls } = t;
  const loop = new RangeLoop(t);
  let list: Ref = 0;
  let handle: Handle | null = null;
  let appended = 0;

  /** In a handle, where every collector finds it. */
  function begin(): void {
    list = lists.create();
    handle = t.handles.adopt(list);
    appended = 0;
  }

  function drop(): string | null {
    const length = lists.length(list);
    handle?.release();
    return length === appended ? null : `list has ${length} items, not ${appended}`;
  }

  function startAnew(): void {
    const wrong = drop();
    if (wrong !== null) throw new Error(wrong);
    begin();
  }

  return {
    start: begin,
    run(count) {
      const target = list;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        lists.append(calls.borrow(target), NONE);
        calls.unborrow(target);
        loop.end(i);
      }
      appended += count;
      if (appended >= APPEND_LIMIT) startAnew();
      return count;
    },
    finish: drop,
  };
}

/** `a.append(None)` on a list of the thread's own. */
export const privateListAppend: Workload = {
  name: 'private-list-append',
  group: 'sharing',
  cpython: 'a.append(None), a private list',
  title: 'a list a thread: the lock of the list is always free',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: () => ({}),
  worker: privateAppendWorker,
};

function sharedAppendWorker(t: Thread): Worker {
  const { lists, refs, numbers, calls } = t;
  const races = racesByDesign(t.build);
  const loop = new RangeLoop(t);
  let list: Ref = 0;
  let removedCounts: Ref = 0;
  let removed = 0;

  /** Under `unsafe` the list stays within its reserved room: a racing resize would wreck the heap. */
  function makeRoom(count: number): number {
    const length = lists.length(list);
    if (races) return length + MARGIN < UNSAFE_ROOM ? count : 0;
    if (length >= APPEND_LIMIT) removed += lists.clear(list);
    return count;
  }

  return {
    start(shared) {
      list = shared.list;
      removedCounts = shared.removed;
      removed = 0;
    },
    rest() {
      if (!races) return;
      removed += lists.clear(list);
      lists.reserve(list, UNSAFE_ROOM);
    },
    run(count) {
      const room = makeRoom(count);
      const target = list;
      for (let round = 0; round < room; round++) {
        const i = loop.variable(round);
        lists.append(calls.borrow(target), NONE);
        calls.unborrow(target);
        loop.end(i);
      }
      return room;
    },
    /** The check adds what was cleared away to what is left. */
    finish() {
      if (removed > 0) {
        const count = numbers.int(removed);
        lists.append(removedCounts, count);
        refs.decref(count);
      }
      return null;
    },
  };
}

/** `s.append(None)` by all threads on one list: a lock an append, and everybody wants it. */
export const sharedListAppend: Workload = {
  name: 'shared-list-append',
  group: 'sharing',
  cpython: 's.append(None), one list for all',
  title: 'one list, one mutex: appends take turns',
  unsafe: true,
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const list = t.lists.create();
    return { list, removed: t.lists.create() };
  },
  worker: sharedAppendWorker,
  check: (t, shared, operations) => {
    let found = t.lists.length(shared.list);
    for (let i = 0; i < t.lists.length(shared.removed); i++) {
      const count = t.lists.get(shared.removed, i);
      found += t.numbers.value(count);
      t.refs.decref(count);
    }
    return found === operations ? null : `${operations} appends left ${found} items`;
  },
};

function listReadWorker(t: Thread): Worker {
  const { lists, refs, calls } = t;
  const loop = new RangeLoop(t);
  let list: Ref = 0;
  let expected: Ref = 0;
  return {
    start(shared) {
      list = shared.list;
      expected = lists.get(list, READ_INDEX);
      refs.decref(expected);
    },
    run(count) {
      const source = list;
      const wanted = expected;
      let strangers = 0;
      for (let round = 0; round < count; round += UNROLL) {
        const i = loop.variable(round);
        for (let u = 0; u < UNROLL; u++) {
          const item = lists.get(calls.borrow(source), READ_INDEX);
          calls.unborrow(source);
          if (item !== wanted) strangers++;
          refs.decref(item);
        }
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} reads gave another object than the list holds`);
      return count;
    },
    finish: () => null,
  };
}

function listOfSmallInts(t: Thread): Ref {
  const list = t.lists.create();
  for (let value = 0; value < 10; value++) t.lists.append(list, smallInt(value));
  return list;
}

/** `s[5]` where the element is immortal: no count is touched. */
export const sharedListReadImmortal: Workload = {
  name: 'shared-list-read-immortal',
  group: 'sharing',
  cpython: 's[5] of a shared list, an immortal element',
  title: 'lock-free reads of an immortal: nothing is written',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => ({ list: listOfSmallInts(t) }),
  worker: listReadWorker,
};

/** `s[5]` where all threads count references of one ordinary object. */
export const sharedListReadObject: Workload = {
  name: 'shared-list-read-object',
  group: 'sharing',
  cpython: 's[5] of a shared list, one ordinary element',
  title: 'lock-free reads of one object: its count is fought over',
  unsafe: true,
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const list = listOfSmallInts(t);
    const element = t.numbers.float(5.5);
    t.lists.set(list, READ_INDEX, element);
    if (racesByDesign(t.build)) anchor(t, element);
    return { list, element };
  },
  worker: listReadWorker,
  check: (t, shared, operations) => {
    // The list, the module's globals, and this function's own reference.
    return checkCount(t, shared.element, 3, operations);
  },
};

function listWriteWorker(t: Thread): Worker {
  const { lists, calls } = t;
  const loop = new RangeLoop(t);
  const value = smallInt(t.slot + 1);
  let list: Ref = 0;
  return {
    start(shared) {
      list = shared.list;
    },
    run(count) {
      const target = list;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        lists.set(calls.borrow(target), 0, value);
        calls.unborrow(target);
        loop.end(i);
      }
      return count;
    },
    finish: () => null,
  };
}

/** `a[0] = v` by all threads: the lock of the list is fought over. */
export const sharedListWrite: Workload = {
  name: 'shared-list-write',
  group: 'sharing',
  cpython: 'a[0] = v on a shared list',
  title: 'one list, one slot: writes take turns',
  unsafe: false,
  rooted: true,
  unit: 'op',
  setup: (t) => ({ list: listOfSmallInts(t) }),
  worker: listWriteWorker,
  check: (t, shared) => {
    const item = t.lists.get(shared.list, 0);
    const value = t.numbers.value(item);
    t.refs.decref(item);
    const known = t.lists.length(shared.list) === 10 && value >= 0 && value <= 64;
    return known ? null : `slot 0 holds ${value}, which nobody wrote`;
  },
};
