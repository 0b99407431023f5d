import { Header, SharedState } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';

/** The queue gets a reference that has been taken back from the shared count as well. */
export class DecrefAndDonate extends BiasedRefCounter {
  protected override decrefShared(object: Ref): void {
    const word = object + Header.Shared;
    const donate = Atomics.compareExchange(this.i32, word, 0, SharedState.Queued - SharedState.One) === 0;
    if (donate) this.queue.enqueue(object);
    else super.decrefShared(object);
  }
}

/** The owner's last local reference frees the object, whatever the shared count says. */
export class FreesAtZeroLocal extends BiasedRefCounter {
  protected override sharedIsZero(_object: Ref): boolean {
    return true;
  }
}
