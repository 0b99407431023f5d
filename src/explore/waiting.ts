import { Cell, ThreadCell } from './machineLayout.js';
import type { Monitor } from './monitor.js';

/** Results of a wait. */
export const enum WaitResult {
  Ok = 0,
  NotEqual = 1,
  TimedOut = 2,
}

/** Threads asleep in `Atomics.wait`. */
export class Waiting {
  constructor(
    private readonly c: Int32Array,
    private readonly monitor: Monitor,
  ) {}

  /** The thread of this record and bit falls asleep. */
  sleep(T: number, bit: number): void {
    const c = this.c;
    c[Cell.Asleep] |= bit;
    if (c[T + ThreadCell.Timeout] >= 0) c[Cell.Timed] |= bit;
    c[T + ThreadCell.WaitOrder] = c[Cell.WaitSequence]++;
  }

  /** The thread goes on after its wait: woken, timed out, or for no reason. */
  endWait(T: number, bit: number): void {
    const c = this.c;
    if ((c[Cell.Woken] & bit) !== 0) {
      c[T + ThreadCell.Result] = WaitResult.Ok;
      c[T + ThreadCell.ChangesAtTimeout] = -1;
    } else if ((c[Cell.Timed] & bit) !== 0) {
      c[T + ThreadCell.Result] = WaitResult.TimedOut;
      this.timeOut(T, Math.max(1, c[T + ThreadCell.Timeout]));
    } else {
      c[T + ThreadCell.Result] = WaitResult.Ok;
      c[T + ThreadCell.SpuriousWakes]--;
    }
    c[Cell.Woken] &= ~bit;
    c[Cell.Asleep] &= ~bit;
    c[Cell.Timed] &= ~bit;
  }

  /** Ahead of time it is the thread's own affair: nobody else's clock may tell when it was. */
  private timeOut(T: number, milliseconds: number): void {
    const c = this.c;
    if (c[T + ThreadCell.EarlyTimeouts] > 0) {
      c[T + ThreadCell.EarlyTimeouts]--;
      c[T + ThreadCell.ClockAhead] += milliseconds;
      c[T + ThreadCell.ChangesAtTimeout] = -1;
    } else {
      c[Cell.Clock] += milliseconds;
      c[T + ThreadCell.ChangesAtTimeout] = c[Cell.Changes];
      c[T + ThreadCell.TimeoutSite] = c[T + ThreadCell.Site];
    }
  }

  /** Wakes up to `count` sleepers of the word, first come first served; returns how many. */
  notify(thread: number, word: number, count: number, step: number): number {
    const c = this.c;
    let woken = 0;
    while (woken < count) {
      const t = this.firstWaiter(word);
      if (t < 0) break;
      const bit = 1 << t;
      c[Cell.Asleep] &= ~bit;
      c[Cell.Timed] &= ~bit;
      c[Cell.Woken] |= bit;
      c[Cell.Thread + t * ThreadCell.Words + ThreadCell.Edge] = step;
      if (c[Cell.Monitor] !== 0) this.monitor.wake(thread, t);
      woken++;
    }
    return woken;
  }

  private firstWaiter(word: number): number {
    const c = this.c;
    let first = -1;
    let order = 0x7fffffff;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      const T = Cell.Thread + t * ThreadCell.Words;
      if ((c[Cell.Asleep] & (1 << t)) === 0 || c[T + ThreadCell.Word] !== word) continue;
      if (c[T + ThreadCell.WaitOrder] < order) {
        order = c[T + ThreadCell.WaitOrder];
        first = t;
      }
    }
    return first;
  }
}
