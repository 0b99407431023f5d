import { CodeFlags } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';
import { moduleOf } from './modules.js';

/** Sites of LOAD_GLOBAL. */
const enum Site {
  Class = 0,
}

function instanceWorker(t: Thread): Worker {
  const { calls, globals, instances, refs } = t;
  const loop = new RangeLoop(t);
  let type: Ref = 0;
  return {
    start(shared) {
      type = shared.type;
      globals.bind(Site.Class, shared.globals, 'MyObject');
    },
    run(count) {
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const made = globals.load(Site.Class);
        refs.decref(instances.create(made));
        calls.close(made);
        loop.end(i);
      }
      return count;
    },
    finish() {
      const made = globals.load(Site.Class);
      calls.close(made);
      return made === type ? null : 'the global is another class';
    },
  };
}

/** 9.5 times in both. The class is counted in arrays of the threads; as a global it has deferred counts. */
export const createPyobject = scalingCase({
  name: 'create-pyobject',
  cpython: 'MyObject() made and dropped, a class without attributes',
  title: 'instances of one class: its count is in arrays of the threads',
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const type = t.instances.createType('MyObject', [], 0);
    const globals = moduleOf(t, { MyObject: type });
    return { type, globals };
  },
  worker: instanceWorker,
});

function closureWorker(t: Thread): Worker {
  const { calls, functions, refs } = t;
  const loop = new RangeLoop(t);
  let code: Ref = 0;
  let module: Ref = 0;
  return {
    start(shared) {
      code = shared.code;
      module = shared.globals;
    },
    run(count) {
      let strangers = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const foo = functions.create(code, module);
        const result = calls.call1(calls.open(foo), calls.lend(i));
        if (result !== i) strangers++;
        refs.decref(result);
        refs.decref(foo);
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} calls gave another object than their argument`);
      return count;
    },
    finish: () => null,
  };
}

/**
 * 9.8 and 9.9 times. A function made by a function is counted like any other object, so that it dies at once
 * (`CO_NESTED`); the code and the globals that all of them have are counted in arrays of the threads. It has no free
 * variables, as in CPython's case.
 */
export const createClosure = scalingCase({
  name: 'create-closure',
  cpython: 'def foo(x): return x, made, called and dropped',
  title: 'functions made of one code object: its count and that of the globals are in arrays of the threads',
  rooted: true,
  unit: 'op',
  functions: ({ refs }) => ({
    identity(x: Ref): Ref {
      refs.incref(x);
      return x;
    },
  }),
  setup: (t) => {
    const globals = moduleOf(t, {});
    t.dicts.enablePerThread(globals);
    const body = t.calls.bodyNumber('identity');
    return { globals, code: t.codes.create(body, t.strings.intern('foo'), 1, 0, CodeFlags.Nested) };
  },
  worker: closureWorker,
});

function dictWorker(t: Thread): Worker {
  const { calls, codes, dicts, refs } = t;
  const loop = new RangeLoop(t);
  let code: Ref = 0;
  return {
    start(shared) {
      code = shared.code;
    },
    run(count) {
      let entries = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const key = calls.open(codes.constant(code, 0));
        const value = calls.open(codes.constant(code, 1));
        const dict = dicts.create();
        dicts.set(dict, key, value);
        calls.close(value);
        calls.close(key);
        entries += dicts.length(dict);
        refs.decref(dict);
        loop.end(i);
      }
      if (entries !== count) throw new Error(`${count} dicts had ${entries} entries`);
      return count;
    },
    finish: () => null,
  };
}

/** 8.8 and 9.8 times. Key and value look like identifiers: interned and immortal in both builds of CPython. */
export const createDict = scalingCase({
  name: 'create-dict',
  cpython: '{"key": "value"} made and dropped',
  title: 'dicts of two constants: free lists and key tables a thread',
  rooted: true,
  unit: 'op',
  setup: (t) => {
    const constants = t.tuples.create([t.strings.intern('key'), t.strings.intern('value')]);
    const code = t.codes.create(0, t.strings.intern('create_dict'), 0, constants);
    t.refs.decref(constants);
    return { code };
  },
  worker: dictWorker,
});
