import { Control } from '../memory/layout.js';
import { smallInt } from '../objects/numbers.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Bodies } from '../runtime/calls.js';
import type { Thread } from '../runtime/thread.js';
import { RangeLoop } from './loop.js';
import type { Worker, Workload } from './workload.js';

/** None, as a name for the workloads that need just any immortal value. */
export const NONE: Ref = Control.None;

/** Sites of LOAD_GLOBAL. */
const enum Site {
  Fib = 0,
}

/** What `fib(18)` is, and how many calls it takes. */
const FIB_ARGUMENT = 18;
const FIB_RESULT = 2584;
const FIB_CALLS = 8361;

/**
 * The body of `fib`: `return n if n < 2 else fib(n - 1) + fib(n - 2)`. Small ints are immortal; `fib` is found in
 * the module's globals each time, through the cache of its LOAD_GLOBAL.
 */
function fibBody(t: Thread): Bodies {
  const { numbers, refs, calls, globals } = t;
  const one = smallInt(1);
  const two = smallInt(2);
  return {
    fib(n: Ref): Ref {
      const small = numbers.lessInt(calls.borrow(n), two);
      calls.unborrow(n);
      if (small) {
        // What leaves the frame is counted, borrowed or not.
        refs.incref(n);
        return n;
      }
      const left = globals.load(Site.Fib);
      const oneLess = numbers.subtractInt(calls.borrow(n), one);
      calls.unborrow(n);
      const first = calls.call1(left, oneLess);
      const right = globals.load(Site.Fib);
      const twoLess = numbers.subtractInt(calls.borrow(n), two);
      calls.unborrow(n);
      const second = calls.call1(right, twoLess);
      const sum = numbers.addInt(first, second);
      refs.decref(first);
      refs.decref(second);
      return sum;
    },
  };
}

function fibWorker(t: Thread): Worker {
  const { numbers, refs, calls, globals, state } = t;
  return {
    start(shared) {
      globals.bind(Site.Fib, shared.globals, 'fib');
    },
    run(count) {
      let done = 0;
      while (done < count) {
        const result = calls.call1(globals.load(Site.Fib), numbers.fromInteger(FIB_ARGUMENT));
        const value = numbers.value(result);
        refs.decref(result);
        if (value !== FIB_RESULT) throw new Error(`fib(${FIB_ARGUMENT}) gave ${value}, not ${FIB_RESULT}`);
        done += FIB_CALLS;
        state.poll();
      }
      return done;
    },
    finish: () => null,
  };
}

/** `fib(18)`, a recursive function: calls, small ints, nothing shared but the function. */
export const fibWorkload: Workload = {
  name: 'fib',
  group: 'sharing',
  cpython: 'fib(18) recursive, an operation is a call',
  title: 'calls and small ints; threads share only the function',
  unsafe: false,
  unit: 'call',
  functions: fibBody,
  setup: (t) => {
    const globals = t.dicts.create();
    const self = t.calls.define('fib');
    t.dicts.set(globals, t.strings.intern('fib'), self);
    t.refs.decref(self);
    return { globals };
  },
  worker: fibWorker,
};

function intAddWorker(t: Thread): Worker {
  const { numbers, refs, calls } = t;
  const loop = new RangeLoop(t);
  let sum: Ref = smallInt(0);
  let expected = 0;

  function restart(): void {
    const value = numbers.value(sum);
    if (value !== expected) throw new Error(`sum is ${value}, not ${expected}`);
    refs.decref(sum);
    sum = numbers.fromInteger(0);
    expected = 0;
  }

  return {
    start() {
      sum = numbers.fromInteger(0);
      expected = 0;
    },
    run(count) {
      let total = sum;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const result = numbers.addInt(calls.borrow(total), calls.borrow(i));
        calls.unborrow(total);
        calls.unborrow(i);
        refs.decref(total);
        total = result;
        loop.end(i);
      }
      sum = total;
      expected += (count * (count - 1)) / 2 + 300 * count;
      // Stay far below 2^53, as the twin stays within two digits.
      if (expected > 1e14) restart();
      return count;
    },
    finish() {
      const value = numbers.value(sum);
      refs.decref(sum);
      return value === expected ? null : `sum is ${value}, not ${expected}`;
    },
  };
}

/** `s += i`: two ints made and dropped an operation, all private. */
export const intAddWorkload: Workload = {
  name: 'int-add',
  group: 'sharing',
  cpython: 'for i in range(n): s += i',
  title: 'two private ints made and dropped an operation',
  unsafe: false,
  unit: 'op',
  setup: () => ({}),
  worker: intAddWorker,
};
