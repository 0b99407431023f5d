import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';
import { moduleWith } from './modules.js';

/** Sites of LOAD_GLOBAL and of LOAD_ATTR of a module, which does the same in another dict. */
const enum Site {
  Module = 0,
  Function = 1,
}

function moduleFunctionWorker(t: Thread): Worker {
  const { calls, globals, modules, numbers, refs } = t;
  const loop = new RangeLoop(t);
  let total: Ref = 0;
  let expected = 0;
  return {
    start(shared) {
      globals.bind(Site.Module, shared.globals, 'module');
      globals.bind(Site.Function, modules.dictOf(shared.module), 'double');
      total = numbers.fromInteger(0);
      expected = 0;
    },
    run(count) {
      let sum = total;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const module = globals.load(Site.Module);
        const func = globals.load(Site.Function);
        calls.close(module);
        const result = calls.call1(func, calls.lend(i));
        const next = numbers.addInt(calls.borrow(sum), result);
        calls.unborrow(sum);
        refs.decref(result);
        refs.decref(sum);
        sum = next;
        loop.end(i);
      }
      total = sum;
      expected += count * (count - 1) + 600 * count;
      return count;
    },
    finish() {
      const value = numbers.value(total);
      refs.decref(total);
      return value === expected ? null : `total is ${value}, not ${expected}`;
    },
  };
}

/** 10.0 times, and 1.2 times slower: the module's count and that of its value (gh-128164). */
export const moduleFunction = scalingCase({
  name: 'module-function',
  cpython: 'total += module.double(i), a function of a shared module',
  title: 'a function as attribute of a module: module and function deferred, neither is counted',
  unit: 'call',
  functions: ({ calls, numbers }) => ({
    double(x: Ref): Ref {
      const sum = numbers.addInt(calls.borrow(x), calls.borrow(x));
      calls.unborrow(x);
      calls.unborrow(x);
      return sum;
    },
  }),
  setup: (t) => {
    const module = t.modules.create('module');
    t.calls.keep(module);
    const func = t.calls.define('double', t.modules.dictOf(module));
    t.dicts.set(t.modules.dictOf(module), t.strings.intern('double'), func);
    t.refs.decref(func);
    t.refs.incref(module);
    return { module, globals: moduleWith(t, { module }) };
  },
  worker: moduleFunctionWorker,
});
