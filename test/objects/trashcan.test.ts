import { describe, expect, it } from 'vitest';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { Thread } from '#ungil/runtime/thread.js';

const BUILDS = ['gil', 'free-threaded', 'gilectomy', 'unsafe', 'free-threaded:biased=off'];

/** Puts `inner`, whose reference it takes, into a new object. */
type Wrap = (t: Thread, inner: number) => number;

const inList: Wrap = (t, inner) => {
  const list = t.lists.create();
  t.lists.append(list, inner);
  t.refs.decref(inner);
  return list;
};

const inTuple: Wrap = (t, inner) => {
  const tuple = t.tuples.create([inner]);
  t.refs.decref(inner);
  return tuple;
};

const inDict: Wrap = (t, inner) => {
  const dict = t.dicts.create();
  t.dicts.set(dict, t.strings.intern('inner'), inner);
  t.refs.decref(inner);
  return dict;
};

/** A function whose globals are a dict that holds the inner object. */
const inFunction: Wrap = (t, inner) => {
  const globals = inDict(t, inner);
  const code = t.codes.create(0, t.strings.intern('f'), 0);
  const made = t.functions.create(code, globals);
  // Else it would wait for a collector.
  t.refs.disableDeferred(made);
  t.refs.decref(code);
  t.refs.decref(globals);
  return made;
};

/** An instance of the class that the chain starts with. */
function inInstanceOf(type: number): Wrap {
  return (t, inner) => {
    const instance = t.instances.create(type);
    t.instances.setSlot(instance, 0, inner);
    t.refs.decref(inner);
    return instance;
  };
}

class World {
  readonly memory = SharedMemory.create(1 << 30);
  readonly threads: Thread[] = [];

  constructor(build: string, threads = 1) {
    for (let slot = 0; slot < threads; slot++) {
      const thread = new Thread(this.memory, buildNamed(build), slot);
      thread.start(slot);
      if (slot === 0) thread.initialiseInterpreter();
      this.threads.push(thread);
    }
  }

  exit(): unknown {
    const [first] = this.threads;
    const objects = first.refs.disablePerThread();
    for (const object of objects) first.refs.decref(object);
    for (const thread of this.threads) thread.exit();
    if (first.build.lock === 'gil') first.closeFreeLists();
    return findLeaks(first);
  }
}

function chain(t: Thread, wrap: Wrap, depth: number): number {
  let object = t.numbers.float(1.5);
  for (let i = 0; i < depth; i++) object = wrap(t, object);
  return object;
}

describe.each(BUILDS)('the trashcan, %s', (build) => {
  it('takes a list apart that is nested one million deep', () => {
    const world = new World(build);
    const [t] = world.threads;
    t.refs.decref(chain(t, inList, 1_000_000));
    expect(world.exit()).toEqual([]);
  });

  it.each([
    ['tuples', inTuple],
    ['dicts', inDict],
    ['functions and their globals', inFunction],
  ] as const)('takes %s in each other apart', (_name, wrap) => {
    const world = new World(build);
    const [t] = world.threads;
    t.refs.decref(chain(t, wrap, 50_000));
    expect(world.exit()).toEqual([]);
  });

  it('takes instances, and all kinds in turn, apart', () => {
    const world = new World(build);
    const [t] = world.threads;
    const type = t.instances.createType('C', ['inner'], 0);
    const inInstance = inInstanceOf(type);
    t.refs.decref(chain(t, inInstance, 50_000));
    const kinds = [inList, inInstance, inTuple, inFunction, inDict];
    let at = 0;
    t.refs.decref(chain(t, (thread, inner) => kinds[at++ % kinds.length](thread, inner), 50_000));
    t.refs.decref(type);
    expect(world.exit()).toEqual([]);
  });
});

describe('the trashcan of an owner', () => {
  it('serves objects that another thread has dropped last, at a safepoint', () => {
    const world = new World('free-threaded', 2);
    const [owner, other] = world.threads;
    const list = chain(owner, inList, 300_000);
    other.refs.decref(list);
    expect(owner.refs.count(list)).toBe(1);
    owner.poll();
    expect(world.exit()).toEqual([]);
  });

  it('serves a foreign thread that destroys what has no owner any more', () => {
    const world = new World('free-threaded', 2);
    const [owner, other] = world.threads;
    const list = chain(owner, inList, 100_000);
    other.refs.incref(list);
    owner.refs.decref(list);
    // The outermost dies here; what it holds is the owner's, and waits for it.
    other.refs.decref(list);
    owner.poll();
    expect(world.exit()).toEqual([]);
  });

  it('serves what is in its queue when it exits', () => {
    const world = new World('free-threaded', 2);
    const [owner, other] = world.threads;
    other.refs.decref(chain(owner, inTuple, 300_000));
    expect(world.exit()).toEqual([]);
  });
});
