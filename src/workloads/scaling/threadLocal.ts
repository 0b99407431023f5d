import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';

/** Reads a round of the loop, as in CPython's case. */
const READS = 5;

function readWorker(t: Thread): Worker {
  const { calls, refs, threadLocals } = t;
  const loop = new RangeLoop(t);
  let local: Ref = 0;
  let name: Ref = 0;
  let ten: Ref = 0;
  return {
    start(shared) {
      local = shared.local;
      name = t.strings.intern('x');
      // Each thread another, so that one that reads what another has set is found out.
      ten = smallInt(10 + t.index);
      threadLocals.set(local, name, ten);
    },
    run(count) {
      const tmp = local;
      let strangers = 0;
      let done = 0;
      for (let round = 0; done < count; round++) {
        const i = loop.variable(round);
        for (let read = 0; read < READS; read++) {
          const value = threadLocals.get(calls.borrow(tmp), name);
          calls.unborrow(tmp);
          if (value !== ten) strangers++;
          refs.decref(value);
        }
        done += READS;
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} reads gave another value than this thread has set`);
      return done;
    },
    finish: () => null,
  };
}

/** 2.0 and 2.2 times slower: the object itself, counted at each read of the local variable that holds it. */
export const threadLocalRead = scalingCase({
  name: 'thread-local-read',
  cpython: 'tmp.x, tmp a shared threading.local',
  title: 'attributes in dicts of the threads; the object that they share is borrowed, not counted',
  rooted: true,
  unit: 'read',
  setup: (t) => {
    const local = t.threadLocals.create();
    t.calls.keep(local);
    return { local };
  },
  worker: readWorker,
});
