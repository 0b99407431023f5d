import { Control, Header } from '../../memory/layout.js';
import { Finalizers } from '../../objects/finalizers.js';
import { AtomicRefCounter } from '../../refcount/atomic.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Bodies } from '../../runtime/calls.js';
import type { ModelThread } from '../modelThread.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const OWNER = 0;
const OTHER = 1;

/** An instance of the owner's whose finaliser puts it into `slot`, and a weakref to it. */
interface Resurrected {
  readonly type: Ref;
  readonly object: Ref;
  readonly weakref: Ref;
  /** Holds a reference once the finaliser has run. */
  readonly slot: number;
  readonly finalized: number;
  readonly got: number;
}

/** The finalisers, whichever thread runs them. */
function bodiesOf(w: World, { refs }: ModelThread, slot: number, finalized: number): Bodies {
  const { i32 } = w;
  return {
    /** Keeps the object. */
    resurrect(self) {
      Atomics.add(i32, finalized, 1);
      refs.incref(self);
      Atomics.store(i32, slot, self);
      return refs.newStatic(Control.None);
    },
    /** Lets others see the object for a while. */
    show(self) {
      Atomics.add(i32, finalized, 1);
      refs.incref(self);
      refs.setMaybeWeakref(self);
      Atomics.store(i32, slot, self);
      Atomics.store(i32, slot, 0);
      refs.decref(self);
      return refs.newStatic(Control.None);
    },
  };
}

function instanceWithFinalizer(w: World, name: string): Resurrected {
  const slot = w.words(1, 'slot');
  const finalized = w.words(1, 'finalized');
  for (const thread of [w.thread(OWNER), w.thread(OTHER), w.main]) {
    thread.calls.exit();
    thread.calls.start(bodiesOf(w, thread, slot, finalized));
  }
  const { instances, weakrefs, calls, refs } = w.thread(OWNER);
  const type = instances.createType('C', ['x'], 0, 1);
  const finalizer = calls.define(name);
  instances.setFinalizer(type, finalizer);
  refs.disableDeferred(finalizer);
  refs.decref(finalizer);
  const object = instances.create(type);
  return { type, object, weakref: weakrefs.create(object), slot, finalized, got: w.words(1, 'got') };
}

/** Dead whatever the finaliser has done, or others meanwhile. */
class DiesAnywayAtomic extends AtomicRefCounter {
  override resurrectEnd(object: Ref): boolean {
    Atomics.store(this.i32, object + Header.Shared, 0);
    return true;
  }
}

class DiesAnywayBiased extends BiasedRefCounter {
  override resurrectEnd(object: Ref): boolean {
    this.explicitMerge(object, -1);
    return true;
  }
}

/** Only the owner's own count is looked at. */
class ForgetsShared extends BiasedRefCounter {
  override resurrectEnd(object: Ref): boolean {
    const local = this.i32[object + Header.Local] - 1;
    this.i32[object + Header.Local] = local;
    return local === 0;
  }
}

/** The object's second death runs the finaliser once more, which brings it back once more. */
class FinalizesAgain extends Finalizers {
  protected override markFinalized(_object: Ref): boolean {
    return true;
  }
}

export const resurrection = scenario<Resurrected>('resurrection', {
  about:
    'a finaliser brings its object back, against a conditional increment through a weak reference (PEP 442)',
  refcount: ['gil', 'atomic', 'biased', 'side-table'],
  setup: (w) => instanceWithFinalizer(w, 'resurrect'),
  threads: {
    owner: (s, w) => w.thread(OWNER).refs.decref(s.object),
    other(s, w) {
      const { weakrefs, refs, i32 } = w.thread(OTHER);
      const object = weakrefs.get(s.weakref);
      if (object === 0) return;
      i32[s.got] = 1;
      refs.decref(object);
    },
  },
  after(s, w) {
    w.drain();
    const { refs, weakrefs } = w.main;
    const object = w.i32[s.slot];
    const count = object === s.object ? refs.count(object) : 0;
    if (object !== 0) refs.decref(object);
    w.drain();
    const dead = weakrefs.get(s.weakref) === 0;
    refs.decref(s.weakref);
    refs.decref(s.type);
    w.thread(OWNER).calls.releaseDefined();
    return { got: w.i32[s.got], finalized: w.i32[s.finalized], count, dead };
  },
  outcomes: {
    // Under the GIL a finaliser is interrupted only where its object has a count again.
    'got=0, finalized=1, count=1, dead=true': { gil: 'forbidden', else: 'required' },
    'got=1, finalized=1, count=1, dead=true': 'required',
  },
  variants: {
    'what the finaliser has done is not looked at': {
      overrides: [DiesAnywayAtomic, DiesAnywayBiased],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free', 'error'],
    },
    'the finaliser runs at each death': {
      overrides: [FinalizesAgain],
      finds: ['leak', 'got=0, finalized=2, count=1, dead=false', 'got=1, finalized=2, count=1, dead=false'],
    },
  },
});

/** The finaliser drops the object again: what another thread has counted meanwhile is in the shared word alone. */
export const resurrectionShared = scenario<Resurrected>('resurrection-shared', {
  about: 'a finaliser shows its object to another thread, which counts it before the finaliser has returned',
  refcount: ['atomic', 'biased', 'side-table'],
  setup: (w) => instanceWithFinalizer(w, 'show'),
  threads: {
    owner: (s, w) => w.thread(OWNER).refs.decref(s.object),
    other(s, w) {
      const { refs, i32 } = w.thread(OTHER);
      const object = refs.tryXGetRef(s.slot);
      if (object === 0) return;
      i32[s.got] = 1;
      w.check(i32[object + Header.Type] === s.type, 'the object is another one');
      refs.decref(object);
    },
  },
  after(s, w) {
    w.drain();
    const { refs, weakrefs } = w.main;
    const dead = weakrefs.get(s.weakref) === 0;
    refs.decref(s.weakref);
    refs.decref(s.type);
    w.thread(OWNER).calls.releaseDefined();
    return { got: w.i32[s.got], finalized: w.i32[s.finalized], dead };
  },
  outcomes: {
    'got=0, finalized=1, dead=true': 'required',
    'got=1, finalized=1, dead=true': 'required',
  },
  variants: {
    'only the own count is looked at': {
      overrides: [ForgetsShared],
      refcount: ['biased'],
      finds: ['use after free', 'double free', 'error', 'leak', 'broken invariant'],
    },
  },
});
