import { Control, WeakrefStripes } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';

/**
 * Locks of the lists of weak references (CPython `WEAKREF_LIST_LOCK`), one of 127 by the address of the object that is
 * referred to. Leaf locks, taken without detaching: whoever stops the world finds all of them free. Between `lock`
 * and `unlock` nothing allocates, drops a reference or polls.
 */
export interface Stripes {
  lock(stripe: number): void;
  unlock(stripe: number): void;
}

/** gil: the global lock protects; unsafe: nothing does. */
export class NoStripes implements Stripes {
  lock(_stripe: number): void {}
  unlock(_stripe: number): void {}
}

export class MutexStripes implements Stripes {
  constructor(private readonly mutex: Mutex) {}

  lock(stripe: number): void {
    this.mutex.lock(stripe, false);
  }

  unlock(stripe: number): void {
    this.mutex.unlock(stripe);
  }
}

/** Byte address of the mutex of an object's list. */
export function stripeOf(object: Ref): number {
  return (Control.WeakrefStripes + (object % WeakrefStripes.Count)) << 2;
}
