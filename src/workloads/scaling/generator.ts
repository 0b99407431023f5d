import type { Ref } from '../../refcount/refCounter.js';
import type { Bodies } from '../../runtime/calls.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';
import { moduleOf } from './modules.js';

/** What one generator yields: 0 to 9. */
const YIELDS = 10;
const SUM = (YIELDS * (YIELDS - 1)) / 2;

/** Sites of LOAD_GLOBAL. */
const enum Site {
  Generator = 0,
}

/** Locals of the frame. */
const enum Local {
  I = 0,
  Count = 1,
}

/** `for i in range(10): yield i`. The place in the range is where the frame goes on. */
function generatorBodies({ calls, generatorCalls, generators, numbers, refs }: Thread): Bodies {
  let resumed = -1;
  return {
    simple_gen(): Ref {
      if (resumed < 0) resumed = calls.bodyNumber('simple_gen_resumed');
      return generatorCalls.make(resumed, Local.Count);
    },
    simple_gen_resumed(generator: Ref): Ref | undefined {
      const place = generators.resumeAt(generator);
      if (place === YIELDS) return undefined;
      generators.setLocal(generator, Local.I, numbers.fromInteger(place));
      generators.setResume(generator, place + 1);
      const i = generators.local(generator, Local.I);
      refs.incref(i);
      return i;
    },
  };
}

function generatorWorker(t: Thread): Worker {
  const { calls, generatorCalls, globals, numbers, refs } = t;
  const loop = new RangeLoop(t);
  let accu: Ref = 0;
  let done = 0;

  /** `for v in simple_gen(): accu += v`. */
  function exhaust(start: Ref): Ref {
    const generator = calls.call0(globals.load(Site.Generator));
    let total = start;
    for (let v = generatorCalls.next(generator); v !== 0; v = generatorCalls.next(generator)) {
      const sum = numbers.addInt(calls.borrow(total), v);
      calls.unborrow(total);
      refs.decref(v);
      refs.decref(total);
      total = sum;
    }
    refs.decref(generator);
    return total;
  }

  return {
    start(shared) {
      globals.bind(Site.Generator, shared.globals, 'simple_gen');
      accu = numbers.fromInteger(0);
      done = 0;
    },
    run(count) {
      let total = accu;
      let yielded = 0;
      for (let round = 0; yielded < count; round++) {
        const i = loop.variable(round);
        total = exhaust(total);
        yielded += YIELDS;
        loop.end(i);
      }
      accu = total;
      done += yielded;
      return yielded;
    },
    finish() {
      const value = numbers.value(accu);
      refs.decref(accu);
      const expected = (done / YIELDS) * SUM;
      return value === expected ? null : `accu is ${value}, not ${expected}`;
    },
  };
}

/** 9.5 times in both. */
export const generator = scalingCase({
  name: 'generator',
  cpython: 'for v in simple_gen(): accu += v; an operation is a value; ten of a generator',
  title: 'generators of one function, each with a frame of its own; code and function are not counted',
  unit: 'value',
  functions: generatorBodies,
  setup: (t) => {
    const func = t.calls.define('simple_gen');
    const globals = moduleOf(t, { simple_gen: func });
    t.refs.decref(func);
    return { globals };
  },
  worker: generatorWorker,
});
