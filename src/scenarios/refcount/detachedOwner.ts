import { MergeQueue } from '../../refcount/mergeQueue.js';
import type { Ref } from '../../refcount/refCounter.js';
import { StopTheWorld } from '../../threads/stopTheWorld.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Lent {
  readonly object: Ref;
}

/** An object of thread 0's with one reference of its own and one that thread 1 was handed. */
function lend(w: World): Lent {
  const { numbers, refs } = w.thread(0);
  const object = numbers.float(1);
  refs.incref(object);
  return { object };
}

/** The owner comes back from waiting and counts as ever: in the local count. */
function comeBack(s: Lent, w: World): void {
  const { state, refs } = w.thread(0);
  state.attach();
  refs.decref(s.object);
}

/**
 * As a collector does (CPython `merge_refcounts` in `Python/gc_free_threading.c`). It would free nothing before the
 * world goes on, but a float has neither a destructor nor references.
 */
function mergeForTheOwner(_s: Lent, w: World): void {
  w.thread(1).stopTheWorld();
  w.thread(0).mergeQueued();
  w.thread(1).startTheWorld();
}

// --- Broken steps ---

/** The pause does not wait for those that are detached, and does not suspend them. */
class NobodyIsSuspended extends StopTheWorld {
  override stop(): void {}
  override start(): void {}
}

/** Each queue entry would need a chunk, and there is no memory for one. */
class NoChunks extends MergeQueue {
  protected override allocateChunk(): number {
    return 0;
  }
}

/** An object for which there is no chunk is merged while its owner goes on counting. */
class MergesWithoutAPause extends MergeQueue {
  protected override mergeWithStoppedWorld(object: Ref): void {
    if (this.merger.explicitMerge(object, -1) === 0) this.merger.deallocator.dealloc(object);
  }
}

/** Scenario 7. */
export const detachedOwner = scenario<Lent>('detached-owner', {
  about: 'another thread merges the queue of an owner that comes back meanwhile (INV-2.3)',
  refcount: ['biased'],
  setup(w) {
    const lent = lend(w);
    w.thread(1).refs.decref(lent.object);
    w.thread(0).state.detach();
    return lent;
  },
  threads: { owner: comeBack, other: mergeForTheOwner },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required' },
  variants: {
    'without suspending the owner': {
      overrides: [NobodyIsSuspended],
      finds: ['leak', 'use after free', 'double free', 'error'],
    },
  },
});

/** The same without a queue: an entry for which there is no memory is merged at once. */
export const noMemoryForTheQueue = scenario<Lent>('no-memory-for-queue', {
  about: 'there is no memory for an entry of the merge queue: its object is merged in a stopped world',
  refcount: ['biased'],
  setup: lend,
  threads: {
    owner(s, w) {
      w.thread(0).refs.decref(s.object);
      w.thread(0).poll();
    },
    other: (s, w) => w.thread(1).refs.decref(s.object),
  },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required', 'freed=false': 'interesting' },
  variants: {
    'no memory': { overrides: [NoChunks], outcomes: { 'freed=true': 'required' } },
    'no memory, and the world is not stopped': {
      overrides: [NoChunks, MergesWithoutAPause],
      finds: ['leak', 'use after free', 'double free', 'error'],
    },
  },
});
