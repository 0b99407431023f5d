import { BrcBucket } from '../../memory/layout.js';
import { bucketOf, MergeQueue } from '../../refcount/mergeQueue.js';
import type { Ref } from '../../refcount/refCounter.js';
import { rawLock, rawUnlock } from '../../sync/rawMutex.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Lent {
  readonly object: Ref;
}

/** An object of thread 0's, with references to be handed to others: all of them in the local count. */
function lend(w: World, references: number): Lent {
  const { numbers, refs } = w.thread(0);
  const object = numbers.float(1);
  for (let i = 1; i < references; i++) refs.incref(object);
  return { object };
}

function drop(s: Lent, w: World, me: number): void {
  w.thread(me).refs.decref(s.object);
}

function exit(_s: Lent, w: World, me: number): void {
  w.thread(me).exit();
}

// --- Broken steps ---

/** An owner's id leads to its block, whether the thread still lives or not. */
class OwnerIsNotLookedUp extends MergeQueue {
  protected override findThread(_bucket: number, id: number): number {
    return threadBlock((id - 1) >> 1);
  }
}

/** The owner may leave between the search and the lock. */
class SearchesWithoutTheLock extends MergeQueue {
  protected override lockAndFind(bucket: number, owner: number): number {
    const target = this.findThread(bucket, owner);
    rawLock(this.i32, bucket + BrcBucket.Lock);
    return target;
  }
}

/** The queue is not looked at again under the lock under which the thread leaves. */
class LeavesWithoutALook extends MergeQueue {
  override removeThread(): void {
    this.drain();
    const bucket = bucketOf(this.thread.id);
    rawLock(this.i32, bucket + BrcBucket.Lock);
    this.unlinkThread(bucket);
    rawUnlock(this.i32, bucket + BrcBucket.Lock);
  }
}

/** The thread leaves with objects in its queue, which nobody looks at afterwards (against INV-2.4). */
class LeavesBeforeDraining extends MergeQueue {
  override removeThread(): void {
    const bucket = bucketOf(this.thread.id);
    rawLock(this.i32, bucket + BrcBucket.Lock);
    this.unlinkThread(bucket);
    rawUnlock(this.i32, bucket + BrcBucket.Lock);
  }
}

/** Whoever finds no owner merges after it has opened the bucket. */
class MergesAbandonedUnlocked extends MergeQueue {
  protected override mergeAbandoned(object: Ref, bucket: number): void {
    rawUnlock(this.i32, bucket + BrcBucket.Lock);
    if (this.merger.explicitMerge(object, -1) === 0) this.merger.deallocator.dealloc(object);
  }
}

// --- Scenario 6 ---

export const ownerExit = scenario<Lent>('owner-exit', {
  about: 'an owner exits while another thread gives it the last reference of its object (D3)',
  litmus: ['D3', 'D4'],
  refcount: ['biased'],
  setup: (w) => lend(w, 1),
  threads: { owner: exit, other: drop },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required' },
  variants: {
    'the owner is not looked up in its bucket: queued to a dead owner': {
      overrides: [OwnerIsNotLookedUp],
      finds: ['leak'],
    },
    'the bucket is searched before it is locked (D3)': {
      overrides: [SearchesWithoutTheLock],
      finds: ['leak'],
    },
    'the owner leaves its bucket without a last look at its queue': {
      overrides: [LeavesWithoutALook],
      finds: ['leak'],
    },
    'the owner leaves its bucket before it has drained': {
      overrides: [LeavesBeforeDraining],
      finds: ['leak'],
    },
  },
});

export const ownerExitTwo = scenario<Lent>('owner-exit-two', {
  about: 'an owner exits while two threads drop the references that they were handed (D4)',
  litmus: ['D4'],
  refcount: ['biased'],
  setup: (w) => lend(w, 2),
  threads: { owner: exit, first: drop, second: drop },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required' },
  variants: {
    'the owner is not looked up in its bucket: queued to a dead owner': {
      overrides: [OwnerIsNotLookedUp],
      finds: ['leak'],
    },
  },
});

/** A thread ends, and the next one in its place has its id, so that the objects of the former are its own. */
function exitAndReplace(s: Lent, w: World, me: number): void {
  const thread = w.thread(me);
  thread.exit();
  thread.start();
  thread.refs.decref(s.object);
}

export const ownerIdAgain = scenario<Lent>('owner-id-again', {
  about: 'the id of an exited owner is given to a new thread, while another one drops a reference (PIT-2.4)',
  refcount: ['biased'],
  setup: (w) => lend(w, 2),
  threads: { owner: exitAndReplace, other: drop },
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: { 'freed=true': 'required', 'freed=false': 'interesting' },
  variants: {
    'an abandoned object is merged outside the lock of the bucket': {
      overrides: [MergesAbandonedUnlocked],
      finds: ['leak', 'use after free', 'double free', 'error'],
    },
  },
});
