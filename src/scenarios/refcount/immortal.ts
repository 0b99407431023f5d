import { Header, HeapTag } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Lent {
  readonly object: Ref;
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
      w.thread(0).refs.immortalize(s.object);
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

interface Counted {
  readonly object: Ref;
}

const OWNER = 0;

/** Copies its reference and drops the copy, in the local count. */
function countAsOwner(s: Counted, w: World): void {
  const { refs } = w.thread(OWNER);
  refs.incref(s.object);
  refs.decref(s.object);
}

function immortalizeInPause(s: Counted, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  thread.refs.immortalize(s.object);
  thread.startTheWorld();
}

/** By another thread than the owner: only in a stopped world, for the owner counts by plain loads and stores. */
export const immortalizeCounted = scenario<Counted>('immortalize-counted', {
  about: 'an object is made immortal in a stopped world while its owner counts references to it (PEP 683)',
  refcount: ['gil', 'biased'],
  setup: (w) => ({ object: w.thread(OWNER).numbers.float(1) }),
  threads: { owner: countAsOwner, other: immortalizeInPause },
  after(s, w) {
    const immortal = !w.freed(s.object) && w.main.refs.isImmortal(s.object);
    if (!w.freed(s.object)) w.main.allocator.free(s.object, HeapTag.Object);
    return { immortal };
  },
  outcomes: { 'immortal=true': 'required' },
  variants: {
    'the world goes on meanwhile': {
      refcount: ['biased'],
      threads: {
        owner: countAsOwner,
        other: (s, w, me) => w.thread(me).refs.immortalize(s.object),
      },
      world: { dataRaces: false },
      finds: ['immortal=false'],
    },
  },
});
