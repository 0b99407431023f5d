import type { Ref } from '../refcount/refCounter.js';
import type { Thread } from '../runtime/thread.js';

/**
 * `for i in range(...)` of a twin. Each round makes an int above the cache of small ones and drops it, as
 * FOR_ITER_RANGE and STORE_FAST do, and polls the eval breaker at the back-edge. One a worker.
 */
export class RangeLoop {
  private readonly numbers: Thread['numbers'];
  private readonly refs: Thread['refs'];
  private readonly state: Thread['state'];

  constructor(t: Thread) {
    this.numbers = t.numbers;
    this.refs = t.refs;
    this.state = t.state;
  }

  /** The loop variable of a round, from the round's number; a new reference. */
  variable(round: number): Ref {
    return this.numbers.fromInteger(FIRST + round);
  }

  /** End of a round: the variable is overwritten, the breaker polled. */
  end(variable: Ref): void {
    this.refs.decref(variable);
    this.state.poll();
  }
}

/** Above 256, so that every round really makes an object, as in all but the start of a long Python loop. */
const FIRST = 300;
