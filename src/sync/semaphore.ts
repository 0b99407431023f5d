import type { Clock } from './clock.js';
import { futexWait, futexWake } from './futex.js';
import { SpinLimit, type Spinner } from './spin.js';

/**
 * The thread's own semaphore, on which it sleeps while parked (CPython's `_PySemaphore`): 1 posted, 0 not. One
 * bit suffices, because a thread is dequeued, hence posted, at most once for each time it queues.
 */
export class Semaphore {
  constructor(
    private readonly heap: Int32Array,
    private readonly word: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Sleeps until posted and takes the post. `timeoutMs` is in milliseconds, Infinity: for ever. False when the
   * time has passed without a post. Throws RunAborted.
   */
  wait(timeoutMs: number): boolean {
    const heap = this.heap;
    const word = this.word;
    const end = timeoutMs === Infinity ? Infinity : this.clock.milliseconds() + timeoutMs;
    let left = timeoutMs;
    while (Atomics.exchange(heap, word, 0) === 0) {
      if (left <= 0) return false;
      futexWait(heap, word, 0, left);
      if (end !== Infinity) left = end - this.clock.milliseconds();
    }
    return true;
  }

  /** Takes a post that is under way, in an aborted run that leaves no way to sleep. False: the poster is dead. */
  takeDespiteAbort(spinner: Spinner): boolean {
    const heap = this.heap;
    const word = this.word;
    for (let left: number = SpinLimit.TurnsDespiteAbort; left > 0; left--) {
      if (Atomics.exchange(heap, word, 0) !== 0) return true;
      spinner.turn();
    }
    return false;
  }
}

/** Posts the semaphore of another thread (or the own one). */
export function semaphorePost(heap: Int32Array, word: number): void {
  Atomics.store(heap, word, 1);
  futexWake(heap, word, 1);
}
