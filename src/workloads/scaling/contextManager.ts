import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RangeLoop } from '../loop.js';
import { NONE } from '../numbers.js';
import type { Worker } from '../workload.js';
import { scalingCase } from './family.js';
import { moduleOf } from './modules.js';

/** Sites of LOAD_GLOBAL. */
const enum Site {
  Class = 0,
}

function withWorker(t: Thread): Worker {
  const { calls, globals, instances, refs, types } = t;
  const loop = new RangeLoop(t);
  let enterName: Ref = 0;
  let exitName: Ref = 0;
  return {
    start(shared) {
      globals.bind(Site.Class, shared.globals, 'MyContextManager');
      enterName = t.strings.intern('__enter__');
      exitName = t.strings.intern('__exit__');
    },
    run(count) {
      let strangers = 0;
      for (let round = 0; round < count; round++) {
        const i = loop.variable(round);
        const type = globals.load(Site.Class);
        const manager = instances.create(type);
        // LOAD_SPECIAL, first of __exit__.
        const exit = types.lookupSpecial(type, exitName);
        const enter = types.lookupSpecial(type, enterName);
        calls.close(type);
        const entered = calls.call1(enter, calls.lend(manager));
        // Instead of three arguments, all None and immortal, one.
        const exited = calls.call2(exit, calls.lend(manager), calls.lend(NONE));
        if (entered !== NONE || exited !== NONE) strangers++;
        refs.decref(entered);
        refs.decref(exited);
        refs.decref(manager);
        loop.end(i);
      }
      if (strangers > 0) throw new Error(`${strangers} calls gave another object than None`);
      return count;
    },
    finish: () => null,
  };
}

/** Added to CPython's suite later; no figures. */
export const contextManager = scalingCase({
  name: 'context-manager',
  cpython: 'with MyContextManager(): pass, a shared class',
  title: 'two special methods of one class: the cache of types without a lock, its values not counted',
  rooted: true,
  unit: 'op',
  functions: ({ refs }) => ({
    __enter__: () => refs.newStatic(NONE),
    __exit__: () => refs.newStatic(NONE),
  }),
  setup: (t) => {
    const type = t.instances.createType('MyContextManager', [], 0);
    for (const name of ['__enter__', '__exit__']) {
      const method = t.calls.define(name);
      t.types.setAttr(type, t.strings.intern(name), method);
      t.refs.decref(method);
    }
    const globals = moduleOf(t, { MyContextManager: type });
    t.refs.decref(type);
    return { globals };
  },
  worker: withWorker,
});
