import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { SharedRefs, Worker } from '../workload.js';
import { scalingCase } from './family.js';

const FACTOR = 1.01;

/** A code object with this one constant, which this steals; it stands for the function whose loop the worker runs. */
function codeWith(t: Thread, name: string, constant: Ref): SharedRefs {
  const constants = t.tuples.create([constant]);
  const code = t.codes.create(0, t.strings.intern(name), 0, constants);
  t.refs.decref(constants);
  t.refs.decref(constant);
  return { code };
}

function multiplyWorker(t: Thread): Worker {
  const { calls, codes, numbers, refs } = t;
  const loop = new RangeLoop(t);
  let code: Ref = 0;
  let x: Ref = 0;
  let done = 0;
  return {
    start(shared) {
      code = shared.code;
      x = numbers.float(1);
      done = 0;
    },
    run(count) {
      let product = x;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const factor = calls.open(codes.constant(code, 0));
        const result = numbers.multiplyFloat(calls.borrow(product), factor);
        calls.unborrow(product);
        calls.close(factor);
        refs.decref(product);
        product = result;
        loop.end(i);
      }
      x = product;
      done += count;
      return count;
    },
    finish() {
      const value = numbers.value(x);
      refs.decref(x);
      let expected = 1;
      for (let round = 0; round < done && expected < Infinity; round++) expected *= FACTOR;
      return value === expected ? null : `x is ${value}, not ${expected}`;
    },
  };
}

/** 8.8 and 9.7 times on ten cores: LOAD_CONST of a float. */
export const multConstant = scalingCase({
  name: 'mult-constant',
  cpython: 'x *= 1.01, a local and a constant of shared code',
  title: 'a float constant of one code object: immortal without the GIL, else counted at each use',
  unit: 'op',
  setup: (t) => codeWith(t, 'mult_constant', t.constants.float(FACTOR)),
  worker: multiplyWorker,
});

/** `accu += 7 if i == constant else 1`; the constant is never equal. */
function compareWorker(t: Thread): Worker {
  const { calls, codes, hashing, numbers, refs } = t;
  const loop = new RangeLoop(t);
  const one = smallInt(1);
  const seven = smallInt(7);
  let code: Ref = 0;
  let accu: Ref = 0;
  let done = 0;
  return {
    start(shared) {
      code = shared.code;
      accu = numbers.fromInteger(0);
      done = 0;
    },
    run(count) {
      let total = accu;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const constant = calls.open(codes.constant(code, 0));
        const equal = hashing.equal(calls.borrow(i), constant);
        calls.unborrow(i);
        calls.close(constant);
        const sum = numbers.addInt(calls.borrow(total), equal ? seven : one);
        calls.unborrow(total);
        refs.decref(total);
        total = sum;
        loop.end(i);
      }
      accu = total;
      done += count;
      return count;
    },
    finish() {
      const value = numbers.value(accu);
      refs.decref(accu);
      return value === done ? null : `accu is ${value} after ${done} rounds`;
    },
  };
}

/** 1.8 times slower in 3.13t, 9.5 times in 3.14: the constant's count, until such strings became immortal. */
export const loadStringConst = scalingCase({
  name: 'load-string-const',
  cpython: "i == 'a string', a constant of shared code",
  title: 'a string constant of one code object: interned and immortal without the GIL, else counted',
  unit: 'op',
  setup: (t) => codeWith(t, 'load_string_const', t.constants.string('a string')),
  worker: compareWorker,
});

/** 9.5 and 9.8 times. */
export const loadTupleConst = scalingCase({
  name: 'load-tuple-const',
  cpython: 'i == (1, 2), a constant of shared code',
  title: 'a tuple constant of one code object: interned and immortal without the GIL, else counted',
  unit: 'op',
  setup: (t) => codeWith(t, 'load_tuple_const', t.constants.tuple([smallInt(1), smallInt(2)])),
  worker: compareWorker,
});
