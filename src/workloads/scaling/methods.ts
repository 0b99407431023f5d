import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Bodies } from '../../runtime/calls.js';
import type { Handle } from '../../runtime/handle.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import { NONE } from '../numbers.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';

/** Sites of LOAD_ATTR of a method. */
const enum Site {
  NextNumber = 0,
}

/** A class with a method, the program's function of that name. */
function classWith(t: Thread, name: string, attributes: readonly string[], method: string): Ref {
  const type = t.instances.createType(name, attributes, 0);
  const func = t.calls.define(method);
  t.types.setAttr(type, t.strings.intern(method), func);
  t.refs.decref(func);
  return type;
}

/** `self.i += 1; return self.i`, both attributes specialised to the slot. */
function counterBody({ calls, instances, numbers, refs }: Thread): Bodies {
  const one = smallInt(1);
  return {
    next_number(self: Ref): Ref {
      const old = instances.getSlot(calls.borrow(self), 0);
      calls.unborrow(self);
      const sum = numbers.addInt(old, one);
      refs.decref(old);
      instances.setSlot(calls.borrow(self), 0, sum);
      calls.unborrow(self);
      refs.decref(sum);
      const value = instances.getSlot(calls.borrow(self), 0);
      calls.unborrow(self);
      return value;
    },
  };
}

function methodWorker(t: Thread): Worker {
  const { calls, instances, methodSites, numbers, refs } = t;
  const loop = new RangeLoop(t);
  let counter: Ref = 0;
  let handle: Handle | null = null;
  let done = 0;
  return {
    start(shared) {
      counter = instances.create(shared.type);
      instances.setSlot(counter, 0, smallInt(0));
      handle = t.handles.adopt(counter);
      methodSites.bind(Site.NextNumber, 'next_number');
      done = 0;
    },
    run(count) {
      const object = counter;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const method = methodSites.load(Site.NextNumber, object);
        refs.decref(calls.call1(method, calls.lend(object)));
        loop.end(i);
      }
      done += count;
      return count;
    },
    finish() {
      const i = instances.getAttr(counter, t.strings.intern('i'));
      const value = numbers.value(i);
      refs.decref(i);
      handle?.release();
      return value === done ? null : `the counter is at ${value} after ${done} calls`;
    },
  };
}

/** 9.7 and 1.1 times: the function that the class's cache knows was counted at each call. */
export const pymethod = scalingCase({
  name: 'pymethod',
  cpython: 'c.next_number(), which does self.i += 1; a shared class, c private',
  title: 'a method of one class, found by the version of its attributes: deferred, not counted',
  rooted: true,
  unit: 'call',
  functions: counterBody,
  setup: (t) => ({ type: classWith(t, 'Counter', ['i'], 'next_number') }),
  worker: methodWorker,
});

function callerWorker(t: Thread): Worker {
  const { calls, instances, methodSites, refs } = t;
  const loop = new RangeLoop(t);
  let caller: Ref = 0;
  let object: Ref = 0;
  let handle: Handle | null = null;
  return {
    start(shared) {
      caller = shared.caller;
      object = instances.create(shared.type);
      handle = t.handles.adopt(object);
    },
    run(count) {
      let strangers = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const result = methodSites.callWith(calls.borrow(caller), object);
        calls.unborrow(caller);
        if (result !== NONE) strangers++;
        refs.decref(result);
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} calls gave another object than None`);
      return count;
    },
    finish() {
      handle?.release();
      return null;
    },
  };
}

/** Added to CPython's suite later; no figures. */
export const methodCaller = scalingCase({
  name: 'method-caller',
  cpython: "mc(obj), mc = operator.methodcaller('my_method') shared, obj private",
  title: 'a method by its name: the cache of types each time, which threads read without a lock',
  rooted: true,
  unit: 'call',
  functions: ({ refs }) => ({ my_method: () => refs.newStatic(NONE) }),
  setup: (t) => ({
    type: classWith(t, 'MyClass', [], 'my_method'),
    caller: t.methodCallers.create('my_method'),
  }),
  worker: callerWorker,
});
