import { FreeThreadedCollector } from '../../gc/freeThreaded/freeThreadedCollector.js';
import { Resurrection } from '../../gc/freeThreaded/resurrection.js';
import { Control, Header, InstanceObject, SharedState } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { ownerId, threadBlock } from '../../threads/evalBreaker.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Between the two pauses of a collection a finaliser brings an object back, and another thread looks for it. */

const COLLECTOR = 0;
const OTHER = 1;

/** An instance whose finaliser brings it back, and a second one: they refer to each other. All of it is the other thread's. */
interface Ring {
  readonly type: Ref;
  readonly first: Ref;
  readonly second: Ref;
  /** To the second. */
  readonly weakref: Ref;
  /** The first, which is referred to from here, once the finaliser has run. */
  readonly saved: number;
  /** What the other thread got. */
  readonly got: number;
  /** How many objects the collection found. */
  readonly found: number;
}

function ring(w: World): Ring {
  const saved = w.words(1, 'saved');
  const type = classThatSaves(w, saved);
  const { instances, weakrefs, refs, state } = w.thread(OTHER);
  const [first, second] = [instances.create(type), instances.create(type)];
  w.i32[w.words(1, 'first')] = first;
  instances.setSlot(first, 0, second);
  instances.setSlot(second, 0, first);
  const weakref = weakrefs.create(second);
  refs.decref(first);
  refs.decref(second);
  state.detach();
  return { type, first, second, weakref, saved, got: w.words(1, 'got'), found: w.words(1, 'found') };
}

/** The finaliser acts for the object in the word behind `saved` alone. Whichever thread runs it. */
function classThatSaves(w: World, saved: number): Ref {
  for (const { calls, refs } of [w.thread(COLLECTOR), w.thread(OTHER), w.main]) {
    const save = (self: Ref): Ref => {
      if (self === w.i32[saved + 1]) {
        refs.incref(self);
        Atomics.store(w.i32, saved, self);
      }
      return refs.newStatic(Control.None);
    };
    calls.exit();
    calls.start({ save });
  }
  const { instances, calls, refs } = w.thread(OTHER);
  const type = instances.createType('C', ['next'], 0, 1);
  const finalizer = calls.define('save');
  instances.setFinalizer(type, finalizer);
  refs.disableDeferred(finalizer);
  refs.decref(finalizer);
  return type;
}

function collect(s: { found: number }, w: World): void {
  w.i32[s.found] = w.thread(COLLECTOR).gc.collect();
}

/** INV-1.1: who has no owner is merged, and nobody else. */
function checkOwner(w: World, object: Ref): void {
  const owner = w.i32[object] & Header.OwnerMask;
  const state = w.i32[object + Header.Shared] & SharedState.Mask;
  w.check((owner === 0) === (state === SharedState.Merged), `owner ${owner} of an object in state ${state}`);
}

/** Drops what the finaliser has kept, runs it if nobody has, and frees what it has kept then. */
function dropRing(s: { type: Ref; saved: number }, w: World): void {
  const { refs, gc } = w.main;
  for (let round = 0; round < 2; round++) {
    gc.collect();
    const object = w.i32[s.saved];
    w.i32[s.saved] = 0;
    if (object !== 0) refs.decref(object);
  }
  gc.collect();
  refs.decref(s.type);
  w.thread(OTHER).calls.releaseDefined();
}

// --- D21 ---

class NothingComesBack extends Resurrection {
  override run(): void {}
}

class LeavesWeakrefs extends FreeThreadedCollector {
  protected override clearWeakrefs(): void {}
}

export const gcWeakref = scenario<Ring>('gc-weakref', {
  about:
    'a finaliser brings one of a ring back; another thread asks a weak reference for its second member (PEP 442, D21)',
  litmus: ['D21'],
  refcount: ['atomic', 'biased'],
  setup: ring,
  threads: {
    collector: collect,
    other(s, w) {
      const { state, weakrefs, refs } = w.thread(OTHER);
      state.attach();
      const late = Atomics.load(w.i32, s.saved) !== 0;
      const object = weakrefs.get(s.weakref);
      if (object === 0) return;
      w.check(!late, 'a weak reference gives an object that was found unreachable');
      w.i32[s.got] = 1;
      refs.decref(object);
    },
  },
  after(s, w) {
    const heap = w.i32;
    const back = heap[s.saved] === s.first;
    const next = (object: Ref): Ref => (w.freed(object) ? 0 : heap[object + InstanceObject.Values]);
    const whole = next(s.first) === s.second && next(s.second) === s.first;
    if (whole && w.scheme === 'biased') for (const object of [s.first, s.second]) checkOwner(w, object);
    const outcome = { got: heap[s.got], found: heap[s.found], back, whole };
    w.main.refs.decref(s.weakref);
    dropRing(s, w);
    return outcome;
  },
  outcomes: {
    'got=1, found=0, back=true, whole=true': 'required',
    'got=0, found=0, back=true, whole=true': 'required',
  },
  variants: {
    'what has come back is not looked for (D21)': {
      overrides: [NothingComesBack],
      outcomes: { '*': 'expected' },
      finds: [
        'got=0, found=2, back=true, whole=false',
        'got=1, found=2, back=true, whole=false',
        'use after free',
      ],
    },
    'weak references are left as they are': {
      overrides: [LeavesWeakrefs],
      outcomes: { '*': 'expected' },
      finds: ['broken invariant'],
    },
  },
});

// --- 39 ---

interface Queued {
  readonly type: Ref;
  /** The other thread's, who is detached at first: the collector drops the last reference to it. */
  readonly object: Ref;
  readonly saved: number;
  readonly got: number;
  readonly found: number;
}

function instanceThatComesBack(w: World): Queued {
  const saved = w.words(1, 'saved');
  const type = classThatSaves(w, saved);
  const { instances, state } = w.thread(OTHER);
  const object = instances.create(type);
  w.i32[w.words(1, 'first')] = object;
  state.detach();
  return { type, object, saved, got: w.words(1, 'got'), found: w.words(1, 'found') };
}

/** The owner's half word is given back to who had it. */
class MergedWithOwner extends BiasedRefCounter {
  override takeUnreachable(object: Ref): void {
    super.takeUnreachable(object);
    Atomics.store(this.u16, object << 1, ownerId(threadBlock(OTHER)));
  }
}

/** Scenario 39. */
export const gcQueueBack = scenario<Queued>('gc-queue-back', {
  about:
    'a collection merges a queue and finds its object dead; a finaliser brings it back, for its former owner (gh-135106)',
  refcount: ['biased'],
  setup: instanceThatComesBack,
  threads: {
    collector(s, w) {
      w.thread(COLLECTOR).refs.decref(s.object);
      collect(s, w);
    },
    owner(s, w) {
      const { state, refs } = w.thread(OTHER);
      state.attach();
      const object = refs.tryXGetRef(s.saved);
      if (object === 0) return;
      w.i32[s.got] = 1;
      checkOwner(w, object);
      state.detach();
      state.attach();
      checkOwner(w, object);
      refs.decref(object);
    },
  },
  after(s, w) {
    const back = w.i32[s.saved] === s.object;
    const outcome = { got: w.i32[s.got], found: w.i32[s.found], back };
    if (back) {
      checkOwner(w, s.object);
      const count = w.main.refs.count(s.object);
      w.check(count === 1, `${count} references to an object that one word refers to`);
    }
    dropRing(s, w);
    return outcome;
  },
  outcomes: { 'got=0, found=0, back=true': 'required', 'got=1, found=0, back=true': 'required' },
  variants: {
    'merged, and the owner is there (gh-135106)': {
      overrides: [MergedWithOwner],
      outcomes: { '*': 'expected' },
      finds: ['broken invariant', 'use after free', 'error'],
    },
  },
});
