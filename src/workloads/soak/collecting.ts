import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import type { Random } from './random.js';

/** First thresholds: from one object to CPython's. */
export const THRESHOLDS = [1, 10, 100, 500, 2000];

/** What the collectors' soak does with the gc module of all threads. */
export class Collecting {
  constructor(
    private readonly t: Thread,
    private readonly random: Random,
  ) {}

  /** Mostly nothing; sometimes something with the collector. `own`: graphs of this thread. */
  step(own: readonly Ref[]): void {
    const { t, random } = this;
    const { raw } = t.gc;
    switch (random.below(50)) {
      case 0:
      case 1:
      case 2:
        raw.collect(random.below(3));
        break;
      case 3:
        raw.freeze();
        break;
      case 4:
      case 5:
        raw.unfreeze();
        break;
      case 6:
        this.drop(raw.getObjects());
        break;
      case 7:
        if (own.length > 0) this.drop(raw.getReferrers(own[0]!));
        break;
      case 8:
        if (own.length > 0) this.drop(raw.getReferents(own[0]!));
        break;
      case 9:
        raw.setThreshold(
          THRESHOLDS[random.below(THRESHOLDS.length)]!,
          1 + random.below(10),
          random.below(10),
        );
        break;
      case 10:
        raw.disable();
        break;
      case 11:
      case 12:
        raw.enable();
        break;
      case 13:
        raw.collect();
    }
  }

  private drop(objects: readonly Ref[]): void {
    for (const object of objects) this.t.refs.decref(object);
  }
}
