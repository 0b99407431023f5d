import { BiasedRefCounter } from '../../refcount/biased.js';
import { PerThreadCounts } from '../../refcount/perThread.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Class {
  readonly type: Ref;
  readonly instance: Ref;
}

const DROPPER = 0;

/**
 * A class that nothing refers to but its instance, which the main thread has made (its counter: +1) and given to the
 * dropper: merged, so that the dropper will destroy it. The dropper has counted before.
 */
function classOfOneInstance(w: World): Class {
  const { main } = w;
  const dropper = w.thread(DROPPER);
  const type = main.instances.createType('C', ['x'], 0);
  const instance = main.instances.create(type);
  dropper.refs.incref(instance);
  main.refs.decref(instance);
  dropper.refs.decref(dropper.instances.create(type));
  main.refs.decref(type);
  return { type, instance };
}

/** As much of a collection as this takes: a class to which nothing refers is counted per thread no more, and dies. */
function collectClass(s: Class, w: World, me: number): void {
  const { refs } = w.thread(me);
  refs.mergePerThread();
  if (refs.count(s.type) !== 0) return;
  for (const object of refs.disablePerThread()) refs.decref(object);
}

function collectInPause(s: Class, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  collectClass(s, w, me);
  thread.startTheWorld();
}

/** The world may be stopped before and, when the thread has ended, behind it. */
function dropInstance(s: Class, w: World, me: number): void {
  w.thread(me).poll();
  w.thread(me).refs.decref(s.instance);
}

/** What the counts of the class say when all is over: 0, or it is freed already. */
function settle(s: Class, w: World): { freed: boolean; left: number } {
  const freed = w.freed(s.type);
  w.main.refs.mergePerThread();
  return { freed, left: freed ? 0 : w.main.refs.count(s.type) };
}

function freedTooEarly(s: Class, w: World): string | false {
  return w.freed(s.type) && !w.freed(s.instance) && 'the class is freed, and its instance is not';
}

// --- Broken steps ---

/** The collector takes its own counters for all. */
class MergesItsOwn extends BiasedRefCounter {
  override mergePerThread(): void {
    this.perThread.exit();
    this.perThread.start();
  }
}

/** What the thread has counted goes with it. */
class ForgetsItsCounts extends PerThreadCounts {
  protected override mergeOwn(): void {}
}

/** A thread that leaves reads its counters when they are somebody else's memory. */
class FreesTheArrayFirst extends PerThreadCounts {
  override exit(): void {
    const counts = this.i32[this.counts];
    if (counts !== 0) this.allocator.rawFree(counts);
    this.mergeOwn();
    this.i32[this.counts] = 0;
    this.i32[this.capacity] = -1;
  }
}

// --- Litmus D8 ---

export const perThreadCounts = scenario<Class>('per-thread-counts', {
  about:
    'an instance dies elsewhere than where it was made, its class has no other reference, and the world is stopped to count (D8)',
  litmus: ['D8'],
  refcount: ['biased'],
  setup: classOfOneInstance,
  threads: { dropper: dropInstance, collector: collectInPause },
  after: settle,
  never: freedTooEarly,
  outcomes: {
    'freed=true, left=0': 'required',
    'freed=false, left=0': 'required',
  },
  variants: {
    "a class is freed when one thread's counts say so (PIT-2.6)": {
      overrides: [MergesItsOwn],
      finds: ['use after free', 'broken invariant'],
    },
    'the counts are merged while the threads run': {
      threads: { dropper: dropInstance, collector: collectClass },
      finds: ['leak', 'broken invariant', 'use after free'],
      world: { dataRaces: false },
    },
  },
});

/** The dropper has counted -1 for what the main thread has counted 1. */
function classOfNoInstance(w: World): Class {
  const made = classOfOneInstance(w);
  w.thread(DROPPER).refs.decref(made.instance);
  return made;
}

/** The world may be stopped before. */
function exit(_s: Class, w: World, me: number): void {
  w.thread(me).poll();
  w.thread(me).exit();
}

export const perThreadExit = scenario<Class>('per-thread-exit', {
  about: 'a thread that has counted exits while another one stops the world to merge all counts',
  refcount: ['biased'],
  setup: classOfNoInstance,
  threads: { dropper: exit, collector: collectInPause },
  after: settle,
  outcomes: { 'freed=true, left=0': 'required' },
  variants: {
    'a thread exits without merging its counts': {
      overrides: [ForgetsItsCounts],
      finds: ['leak'],
    },
    'a thread that exits frees its counters before it has read them': {
      overrides: [FreesTheArrayFirst],
      finds: ['use after free'],
    },
  },
});

// --- The array of counters ---

interface Many {
  readonly instance: Ref;
  readonly first: Ref;
  readonly last: Ref;
}

/** The dropper has counters for eight ids, and has counted by the first; the last class is the ninth. */
function nineClasses(w: World): Many {
  const { main } = w;
  const { refs, instances } = w.thread(DROPPER);
  const first = main.instances.createType('C1', [], 0, 0);
  const instance = instances.create(first);
  main.refs.decref(first);
  let last = 0;
  for (let i = 2; i <= 9; i++) {
    last = main.instances.createType(`C${i}`, [], 0, 0);
    main.refs.decref(last);
  }
  refs.setMaybeWeakref(instance);
  return { instance, first, last };
}

/** Leaves the old counters behind. */
class GrowsWithoutCopying extends PerThreadCounts {
  protected override grow(): boolean {
    if (this.i32[this.capacity] > 0) this.i32[this.capacity] = 0;
    return super.grow();
  }
}

export const perThreadGrow = scenario<Many>('per-thread-grow', {
  about: 'the array of a thread gets longer while another thread stops the world to merge all counts',
  refcount: ['biased'],
  setup: nineClasses,
  threads: {
    counter(s, w, me) {
      const { refs, instances } = w.thread(me);
      w.thread(me).poll();
      const instance = instances.create(s.last);
      w.thread(me).poll();
      refs.decref(instance);
    },
    collector(_s, w, me) {
      const thread = w.thread(me);
      thread.stopTheWorld();
      thread.refs.mergePerThread();
      thread.startTheWorld();
    },
  },
  after(s, w) {
    const { refs } = w.main;
    refs.mergePerThread();
    const outcome = { first: refs.count(s.first), last: refs.count(s.last) };
    w.thread(DROPPER).state.attach();
    w.thread(DROPPER).refs.decref(s.instance);
    return outcome;
  },
  outcomes: { 'first=1, last=0': 'required' },
  variants: {
    'the counters so far are not copied': {
      overrides: [GrowsWithoutCopying],
      finds: ['error'],
    },
  },
});
