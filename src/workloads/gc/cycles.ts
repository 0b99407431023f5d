import type { Thread } from '../../runtime/thread.js';
import type { Worker, Workload } from '../workload.js';
import { type CycleKind, createClass, KindMaker } from './kinds.js';
import { closeTally, openTally, setAutomatic, Tally } from './tally.js';
import { Watch } from './watch.js';

const POLL_EVERY = 1024;

function cyclesWorker(t: Thread, kind: CycleKind, objects: number): Worker {
  const { collector, state } = t;
  const maker = new KindMaker(t);
  const tally = new Tally(t);
  const watch = new Watch(t, tally);
  return {
    start(shared) {
      maker.start(shared.type);
      tally.start(shared);
      watch.start(0);
    },
    run() {
      let made = 0;
      for (let i = 0; made < objects; i++) {
        made += maker.garbage(kind);
        if (i % POLL_EVERY === 0) state.poll();
      }
      tally.add(made);
      watch.look();
      // 0 at once if another thread is at it: what is left is found by the next one.
      collector.collect(2, 'manual');
      state.poll();
      return made;
    },
    memory: () => watch.memory(),
    trash: () => watch.trash(),
    finish: () => null,
  };
}

const WHAT: Readonly<Record<CycleKind, string>> = {
  lists: 'lists that hold themselves',
  pairs: 'instances in pairs that hold each other',
  dicts: 'dicts that hold themselves',
};

/** Every thread makes garbage, then collects; automatic collections are off. An operation is an object. */
export function gcCycles(kind: CycleKind, objects: number): Workload {
  return {
    name: `gc-cycles-${kind}`,
    group: 'gc',
    cpython: `gc.collect() with ${objects} cyclic garbage ${kind}`,
    title: `${objects} ${WHAT[kind]} are made, dropped and collected`,
    unit: 'object',
    unsafe: false,
    coarse: true,
    setup(t) {
      setAutomatic(t, false);
      return { ...openTally(t), type: createClass(t) };
    },
    worker: (t) => cyclesWorker(t, kind, objects),
    check(t, shared) {
      const wrong = closeTally(t, shared, 0);
      setAutomatic(t, true);
      return wrong;
    },
  };
}
