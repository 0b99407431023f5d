import type { Ref } from '../refcount/refCounter.js';
import type { Thread } from './thread.js';

/**
 * threading.Condition over a lock of the program (CPython `Lib/threading.py`): a condition is the list of the locks on
 * which its waiters sleep, one made for each wait, the longest-waiting first. All methods are called with the
 * condition's lock held, by an attached thread at a safepoint; that lock guards the list. One instance a thread;
 * references are borrowed.
 *
 * Whoever waits looks again afterwards: between the wake-up and having the lock back anybody may have been there.
 */
export class Conditions {
  constructor(protected readonly t: Pick<Thread, 'lists' | 'locks' | 'refs'>) {}

  /** A condition that nobody waits for; a new reference. */
  create(): Ref {
    return this.t.lists.create();
  }

  /**
   * Gives the lock up, sleeps until notified, takes the lock again. The sleep is that of any lock: it detaches, and
   * throws RunAborted when the run ends or a thread of it has died; then the lock is not held. Throws MemoryError with the
   * lock held, as before.
   */
  wait(condition: Ref, lock: Ref): void {
    const { locks, refs } = this.t;
    const waiter = locks.create();
    locks.acquire(waiter);
    try {
      this.enrolAndRelease(condition, waiter, lock);
    } catch (error) {
      refs.decref(waiter);
      throw error;
    }
    locks.acquire(waiter);
    refs.decref(waiter);
    locks.acquire(lock);
  }

  /** Wakes who has waited longest; returns whether anybody waited. */
  notify(condition: Ref): boolean {
    const { lists, locks, refs } = this.t;
    if (lists.length(condition) === 0) return false;
    // CPython has a deque.
    const waiter = lists.popAt(condition, 0);
    locks.release(waiter);
    refs.decref(waiter);
    return true;
  }

  notifyAll(condition: Ref): void {
    while (this.notify(condition));
  }

  /** A step of `wait`. Enrolled first: who has the lock behind us finds us in the list. */
  protected enrolAndRelease(condition: Ref, waiter: Ref, lock: Ref): void {
    this.t.lists.append(condition, waiter);
    this.t.locks.release(lock);
  }
}
