import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { Blocks } from '../memory/blocks.js';
import type { Worker, Workload } from '../workload.js';
import { createClass, KindMaker } from './kinds.js';
import { closeTally, openTally, Tally } from './tally.js';
import { Watch } from './watch.js';

/** What each thread keeps alive: pairs of instances, in a list of its own. */
const LIVE_PAIRS = 10_000;
const LIVE_OBJECTS = 2 * LIVE_PAIRS;
const POLL_EVERY = 16;

function churnWorker(t: Thread): Worker {
  const { lists, refs, state } = t;
  const maker = new KindMaker(t);
  const tally = new Tally(t);
  const watch = new Watch(t, tally);
  const random = new Blocks(t);
  let own: Ref = 0;

  return {
    start(shared) {
      maker.start(shared.type);
      tally.start(shared);
      random.start();
      watch.start(LIVE_OBJECTS * t.i32[Control.RunThreads]);
      own = lists.create();
      lists.set(shared.live, t.index, own);
      maker.fill(own, 'pairs', LIVE_OBJECTS);
      tally.add(LIVE_OBJECTS);
    },
    run(count) {
      for (let i = 0; i < count; i++) {
        const pair = maker.pair();
        lists.set(own, random.below(LIVE_PAIRS), pair);
        refs.decref(pair);
        if (i % POLL_EVERY === 0) state.poll();
      }
      tally.add(2 * count);
      watch.look();
      state.poll();
      return 2 * count;
    },
    memory: () => watch.memory(),
    trash: () => watch.trash(),
    finish() {
      const length = lists.length(own);
      refs.decref(own);
      return length === LIVE_PAIRS ? null : `${length} live pairs are left, not ${LIVE_PAIRS}`;
    },
  };
}

/** Mutators with live sets, cyclic garbage, and a collector that starts by itself. */
export const gcChurn: Workload = {
  name: 'gc-churn',
  group: 'gc',
  cpython: 'live[random] = a new pair of instances that hold each other; an operation is an object',
  title: 'every thread replaces pairs of instances in its live set; collections start by themselves',
  unit: 'object',
  unsafe: false,
  setup: (t) => ({ ...openTally(t), type: createClass(t) }),
  worker: churnWorker,
  check: (t, shared) => closeTally(t, shared, LIVE_OBJECTS * t.i32[Control.RunThreads]),
};
