import { Header, HeapTag, Immortal } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Lent {
  readonly object: Ref;
}

/**
 * By the owner (CPython `_Py_SetImmortalUntracked`, as `sys.intern` calls it): from here nobody counts any more. The
 * runtime itself makes objects immortal before it publishes them.
 */
function makeImmortal(w: World, object: Ref): void {
  Atomics.store(w.i32, object + Header.Local, Immortal.Local);
  // Two bytes: the mutex beside them belongs to others.
  Atomics.store(w.memory.u16, object << 1, 0);
  Atomics.store(w.i32, object + Header.Shared, 0);
}

/** A merge that takes every object for a counted one. */
class CountsImmortals extends BiasedRefCounter {
  override explicitMerge(object: Ref, extra: number): number {
    const local = Atomics.exchange(this.i32, object + Header.Local, 0);
    this.clearOwner(object);
    return this.publishMerged(object, local + extra);
  }
}

/**
 * Scenario 8. The other thread was handed two references. The first one it drops may be in the owner's queue, or on
 * its way there, when the object becomes immortal; the owner then exits, so that either it or the other thread comes
 * to merge.
 */
export const queuedImmortal = scenario<Lent>('queued-immortal', {
  about: "an object is made immortal while it waits in its owner's merge queue (gh-152276)",
  refcount: ['biased'],
  setup(w) {
    const { numbers, refs } = w.thread(0);
    const object = numbers.float(1);
    refs.incref(object);
    refs.incref(object);
    return { object };
  },
  threads: {
    owner(s, w) {
      makeImmortal(w, s.object);
      w.thread(0).exit();
    },
    other(s, w) {
      w.thread(1).refs.decref(s.object);
      w.thread(1).refs.decref(s.object);
    },
  },
  after(s, w) {
    const immortal = !w.freed(s.object) && w.main.refs.isImmortal(s.object);
    // Only so that it does not count as a leak.
    if (!w.freed(s.object)) w.main.allocator.free(s.object, HeapTag.Object);
    return { immortal };
  },
  outcomes: { 'immortal=true': 'required' },
  variants: {
    'a merge counts what has become immortal': {
      overrides: [CountsImmortals],
      finds: ['immortal=false', 'error'],
    },
  },
});
