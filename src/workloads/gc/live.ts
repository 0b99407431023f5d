import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { createClass, KindMaker, type LiveKind } from './kinds.js';
import { collectionsEver, setAutomatic } from './tally.js';

/** Rounds of a busy thread between two looks at the clock. */
const BUSY_ROUNDS = 10_000;

function liveWorker(t: Thread, objects: number): Worker {
  const { collector, state } = t;
  const loop = new RangeLoop(t);
  let collected = 0;
  let before = 0;
  let own = 0;
  return {
    start() {
      collected = 0;
      before = collectionsEver(t.i32);
      own = 0;
    },
    run() {
      collected += collector.collect(2, 'manual');
      own++;
      state.poll();
      return objects;
    },
    help() {
      for (let round = 0; round < BUSY_ROUNDS; round++) loop.end(loop.variable(round));
      return BUSY_ROUNDS;
    },
    finish() {
      if (t.index !== 0) return null;
      if (collected !== 0) return `${collected} objects were collected, though all were held`;
      const did = collectionsEver(t.i32) - before;
      if (did !== own) return `${own} collections were asked for, ${did} took place`;
      const visited = collector.last?.visited ?? 0;
      return visited >= objects ? null : `the last collection looked at ${visited} of ${objects} objects`;
    },
  };
}

/** Every object is as it was made, and the one reference of the list is all that is counted. */
function verdictOnLive(t: Thread, list: Ref, kind: LiveKind, objects: number): string | null {
  const { lists, refs } = t;
  const expected = kind === 'pairs' ? objects / 2 : objects;
  const length = lists.length(list);
  if (length !== expected) return `${length} live objects are left, not ${expected}`;
  let wrong = 0;
  for (let i = 0; i < length; i++) {
    const object = lists.get(list, i);
    // The list, this function, and the other one of a pair.
    if (refs.count(object) !== (kind === 'pairs' ? 3 : 2) || !isWhole(t, object, kind)) wrong++;
    refs.decref(object);
  }
  return wrong === 0 ? null : `${wrong} of ${length} live objects are not as they were made`;
}

function isWhole(t: Thread, object: Ref, kind: LiveKind): boolean {
  if (kind === 'lists') return t.lists.length(object) === 0;
  if (kind === 'dicts') return t.dicts.length(object) === 1;
  const value = t.instances.getSlot(object, 0);
  const back = kind === 'pairs' ? t.instances.getSlot(value, 0) : object;
  if (kind === 'pairs') t.refs.decref(back);
  t.refs.decref(value);
  return value !== 0 && back === object;
}

function setUp(t: Thread, kind: LiveKind, objects: number): SharedRefs {
  setAutomatic(t, false);
  const type = createClass(t);
  const live = t.lists.create();
  const maker = new KindMaker(t);
  maker.start(type);
  maker.fill(live, kind, objects);
  return { live, type };
}

function check(t: Thread, { live }: SharedRefs, kind: LiveKind, objects: number): string | null {
  const wrong = verdictOnLive(t, live, kind, objects);
  t.lists.clear(live);
  const found = t.collector.collect(2, 'manual');
  setAutomatic(t, true);
  const expected = kind === 'pairs' ? objects : 0;
  if (wrong !== null || found === expected) return wrong;
  return `${found} objects were collected when nobody held any, not ${expected}`;
}

const WHAT: Readonly<Record<LiveKind, string>> = {
  lists: 'lists []',
  dicts: "dicts {'x': None}",
  instances: 'instances with one attribute',
  pairs: 'instances, each pair linked to each other',
};

/**
 * A full collection among live objects that a global list holds: an operation is one of them. Thread 0 collects; the
 * others run a loop meanwhile, so that they are there to be stopped, and to mark where more than one marks.
 */
export function gcLive(kind: LiveKind, size: string, objects: number): Workload {
  return {
    name: `gc-live-${kind}-${size}`,
    group: 'gc',
    cpython: `gc.collect() with ${objects} live ${kind}`,
    title: `gc.collect() by one thread, ${objects} live ${WHAT[kind]}`,
    unit: 'live object',
    unsafe: false,
    coarse: true,
    setup: (t) => setUp(t, kind, objects),
    worker: (t) => liveWorker(t, objects),
    check: (t, shared) => check(t, shared, kind, objects),
  };
}
