import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Handle } from '../../runtime/handle.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';
import { moduleWith } from './modules.js';

const LENGTH = 100;
const READ_INDEX = 50;
/** Appended so many rounds ago, an item is at `READ_INDEX`. */
const DISTANCE = LENGTH - READ_INDEX;

/** Sites of LOAD_ATTR of a method. */
const enum Site {
  Pop = 0,
  Append = 1,
}

function listMethodsWorker(t: Thread): Worker {
  const { calls, lists, methodSites, natives, numbers, refs } = t;
  const loop = new RangeLoop(t);
  const zero = smallInt(0);
  /** What was appended in the last rounds. */
  const recent = new Float64Array(DISTANCE);
  let tab: Ref = 0;
  let handle: Handle | null = null;
  let accu: Ref = 0;
  let expected = 0;
  let at = 0;
  return {
    start() {
      tab = lists.create();
      for (let item = 0; item < LENGTH; item++) lists.append(tab, smallInt(1));
      handle = t.handles.adopt(tab);
      methodSites.bind(Site.Pop, 'pop');
      methodSites.bind(Site.Append, 'append');
      accu = numbers.fromInteger(0);
      recent.fill(1);
      expected = 0;
      at = 0;
    },
    run(count) {
      const list = tab;
      let total = accu;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        refs.decref(natives.callMethod(methodSites.load(Site.Pop, list), list, zero));
        refs.decref(natives.callMethod(methodSites.load(Site.Append, list), list, i));
        const item = lists.get(calls.borrow(list), READ_INDEX);
        calls.unborrow(list);
        const sum = numbers.addInt(calls.borrow(total), item);
        calls.unborrow(total);
        refs.decref(item);
        refs.decref(total);
        total = sum;
        recent[at] = numbers.value(i);
        at = at === DISTANCE - 1 ? 0 : at + 1;
        expected += recent[at];
        loop.end(i);
      }
      accu = total;
      return count;
    },
    finish() {
      const value = numbers.value(accu);
      refs.decref(accu);
      handle?.release();
      return value === expected ? null : `accu is ${value}, not ${expected}`;
    },
  };
}

/** 9.8 and 1.1 times: the method descriptors, which all threads call. */
export const objectCfunction = scalingCase({
  name: 'object-cfunction',
  cpython: 'tab.pop(0); tab.append(i); accu += tab[50], a private list',
  title: 'methods written in C: the descriptors in the type are deferred, hence not counted',
  unit: 'op',
  setup: (t) => {
    t.natives.defineMethods('list');
    return {};
  },
  worker: listMethodsWorker,
});

/** Arguments are i / N. */
const N = 100_000;

/** Sites of LOAD_GLOBAL and of LOAD_ATTR of a module. */
const enum GlobalSite {
  Module = 0,
  Function = 1,
}

function cosWorker(t: Thread): Worker {
  const { calls, globals, modules, natives, numbers, refs } = t;
  const loop = new RangeLoop(t);
  return {
    start(shared) {
      globals.bind(GlobalSite.Module, shared.globals, 'math');
      globals.bind(GlobalSite.Function, modules.dictOf(shared.math), 'cos');
    },
    run(count) {
      let last = 0;
      let value = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const module = globals.load(GlobalSite.Module);
        const func = globals.load(GlobalSite.Function);
        calls.close(module);
        last = numbers.value(i) / N;
        const angle = numbers.float(last);
        const result = natives.call(func, angle);
        refs.decref(angle);
        value = numbers.value(result);
        refs.decref(result);
        loop.end(i);
      }
      if (value !== Math.cos(last)) throw new Error(`math.cos(${last}) gave ${value}`);
      return count;
    },
    finish: () => null,
  };
}

/** 9.6 times, 1.1 times slower, and 14.9 times when modules and their functions had deferred counts (gh-128164). */
export const cmoduleFunction = scalingCase({
  name: 'cmodule-function',
  cpython: 'math.cos(i / N)',
  title: 'a C function as attribute of a module: module and function deferred, neither is counted',
  rooted: true,
  unit: 'call',
  setup: (t) => {
    const math = t.natives.importModule('math');
    t.refs.incref(math);
    return { math, globals: moduleWith(t, { math }) };
  },
  worker: cosWorker,
});

function roundWorker(t: Thread): Worker {
  const { globals, modules, natives, numbers, refs } = t;
  const loop = new RangeLoop(t);
  return {
    start(shared) {
      globals.bind(GlobalSite.Function, modules.dictOf(shared.builtins), 'round');
    },
    run(count) {
      let wrong = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const number = numbers.float(numbers.value(i) / N);
        const result = natives.call(globals.load(GlobalSite.Function), number);
        refs.decref(number);
        if (result !== smallInt(0)) wrong++;
        refs.decref(result);
        loop.end(i);
      }
      if (wrong > 0) throw new Error(`${wrong} of ${count} numbers near 0 were rounded to another`);
      return count;
    },
    finish: () => null,
  };
}

/** 1.3 times slower in January 2025: what the lookup in the type had found was counted. */
export const objectLookupSpecial = scalingCase({
  name: 'object-lookup-special',
  cpython: 'round(i / N), which looks __round__ up in float',
  title: 'a special method of a built-in type: the cache of types without a lock, its value not counted',
  rooted: true,
  unit: 'call',
  setup: (t) => {
    t.natives.defineMethods('float');
    return { builtins: t.natives.importModule('builtins') };
  },
  worker: roundWorker,
});
