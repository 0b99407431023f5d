import { Header } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Lent {
  readonly object: Ref;
}

/** Clears what a correct merge clears first. Behind the merge the block may be somebody else's. */
class ClearsAfterMerging extends BiasedRefCounter {
  override explicitMerge(object: Ref, extra: number): number {
    const heap = this.i32;
    const local = Atomics.load(heap, object + Header.Local);
    const total = this.publishMerged(object, local + extra);
    Atomics.store(heap, object + Header.Local, 0);
    this.clearOwner(object);
    return total;
  }

  protected override mergeZeroLocal(object: Ref): void {
    if (this.sharedIsZero(object)) {
      this.deallocator.dealloc(object);
      return;
    }
    const total = this.publishMerged(object, 0);
    this.clearOwner(object);
    if (total === 0) this.deallocator.dealloc(object);
  }
}

/** With the block used again, the other thread's object loses its owner to the late store, and is never freed. */
function makeAndDropAnother(w: World, me: number): void {
  const { numbers, refs } = w.thread(me);
  refs.decref(numbers.float(2));
}

function dropTwo(s: Lent, w: World, me: number): void {
  w.thread(me).refs.decref(s.object);
  w.thread(me).refs.decref(s.object);
}

/**
 * Scenario 5. The other thread has both references of the object, counted in the local count. It gives the first
 * to the owner's queue; if the owner merges before the second is dropped, the other thread frees the object.
 */
export const explicitMergeOrder = scenario<Lent>('explicit-merge-order', {
  about: 'an owner merges its queue while the last reference is dropped (gh-119999, PIT-2.1)',
  litmus: ['D2'],
  refcount: ['biased'],
  setup(w) {
    const { numbers, refs } = w.thread(0);
    const object = numbers.float(1);
    refs.incref(object);
    return { object };
  },
  threads: {
    owner: (_s, w) => w.thread(0).poll(),
    other: dropTwo,
  },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: {
    'freed=true': 'required',
    'freed=false': 'interesting',
  },
  variants: {
    'owner and local count are cleared after the merge (gh-119999)': {
      overrides: [ClearsAfterMerging],
      finds: ['use after free'],
      refcount: ['biased'],
    },
    'the same, and the block is used again: its new object loses the owner': {
      overrides: [ClearsAfterMerging],
      threads: {
        owner: (_s, w) => w.thread(0).poll(),
        other(s, w, me) {
          dropTwo(s, w, me);
          makeAndDropAnother(w, me);
        },
      },
      world: { allocator: 'reuse' },
      finds: ['leak', 'use after free'],
      refcount: ['biased'],
    },
  },
});

/** Scenario 5 without a queue: the owner's last local reference goes at the same time as the last shared one. */
export const zeroLocalOrder = scenario<Lent>('zero-local-order', {
  about: 'an owner gives an object up while the last shared reference is dropped (D2, gh-121794)',
  litmus: ['D2'],
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup(w) {
    const object = w.thread(0).numbers.float(1);
    w.thread(1).refs.incref(object);
    return { object };
  },
  threads: {
    owner: (s, w) => w.thread(0).refs.decref(s.object),
    other: (s, w) => w.thread(1).refs.decref(s.object),
  },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required', leak: { plain: 'required', else: 'forbidden' } },
  variants: {
    'the owner is cleared after the state is set (gh-119999)': {
      overrides: [ClearsAfterMerging],
      finds: ['use after free'],
      refcount: ['biased'],
    },
  },
});
