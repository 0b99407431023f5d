import type { ObjectContext } from '../../objects/context.js';
import type { Guard } from '../../objects/guard.js';
import { Hashing } from '../../objects/hash.js';
import { LifeEnd } from '../../objects/lifeEnd.js';
import { LockFreeDicts } from '../../objects/lockFreeDicts.js';
import { LockFreeInstances } from '../../objects/lockFreeInstances.js';
import { LockFreeLists } from '../../objects/lockFreeLists.js';
import { NoStripes } from '../../objects/stripes.js';
import type { BiasedRefCounter } from '../../refcount/biased.js';
import type { Thread } from '../../runtime/thread.js';

/** A read came to the point where it takes the lock. */
class WouldLock extends Error {}

/** Gives up instead. What is no object has no lock to be taken: a mark, where a reference was expected. */
class NoLock implements Guard {
  begin(object: number): number {
    if ((object & 3) !== 0) throw new Error(`the lock of ${object}, which is no object's address`);
    throw new WouldLock();
  }
  begin2(first: number, second: number): number {
    this.begin(first);
    return this.begin(second);
  }
  end(_token: number): void {}
}

/**
 * Production's lock-free reads up to where they would take a lock: behind that they find what is there in any case,
 * and a contended mutex has more interleavings than all the rest. For bodies of threads; made anew each time.
 */
export function lockFreeReads(thread: Thread): { lists: LockFreeLists; instances: LockFreeInstances } {
  const { memory, i32, atomics, refs, allocator, gcHeap, block, id, strings } = thread;
  const own = { memory, i32, atomics, refs, allocator, gcHeap, block, id, freeLists: 0 };
  const context: ObjectContext = { ...own, guard: new NoLock(), mutex: thread.state.mutex };
  const dicts = new LockFreeDicts(context, new Hashing(context, strings), strings);
  return {
    lists: new LockFreeLists(context, refs as BiasedRefCounter),
    instances: new LockFreeInstances(context, strings, dicts, new LifeEnd(context, strings, new NoStripes())),
  };
}

/** What `read` returns; 0 if it would have taken a lock. */
export function unlessLocked(read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (error instanceof WouldLock) return 0;
    throw error;
  }
}
