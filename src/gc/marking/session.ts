import { Control } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { Marking, MarkingEnd } from './layout.js';

/**
 * Who has work, who waits for some, and when nobody has any left. One session at a time; every marker has an instance.
 *
 * `Active` counts the markers that may have work. Who has counted itself in has it in its stack or its deque or nowhere; who
 * counts itself out has emptied both, and nobody puts anything into another's deque. So at 0 there is no work, and as
 * nobody counts itself in any more at 0, that stays so: the end needs no second look.
 *
 * Nobody misses work that is published while it goes to sleep. The publisher moves its deque's Bottom, then looks at
 * `Sleepers`; the sleeper counts itself into `Sleepers`, reads `Work`, then looks at the deques. One of the two sees the
 * other; and if it is the publisher, it moves `Work`, so that the sleeper does not fall asleep, or wakes.
 */
export class MarkingSession {
  private readonly word = Control.GcMarking;

  constructor(protected readonly i32: Int32Array) {}

  /** One marker has work: whoever collects. Before anybody else is invited. */
  open(): void {
    const heap = this.i32;
    Atomics.store(heap, this.word + Marking.End, MarkingEnd.None);
    Atomics.store(heap, this.word + Marking.Sleepers, 0);
    Atomics.store(heap, this.word + Marking.Active, 1);
  }

  /** Before a look for others' work: false if none is left, for ever. */
  enter(): boolean {
    const heap = this.i32;
    const word = this.word + Marking.Active;
    let active = Atomics.load(heap, word);
    while (active !== 0) {
      const seen = Atomics.compareExchange(heap, word, active, active + 1);
      if (seen === active) return true;
      active = seen;
    }
    return false;
  }

  /** This marker has nothing in its stack, nothing in its deque. */
  leave(): void {
    if (Atomics.sub(this.i32, this.word + Marking.Active, 1) === 1) this.wake(Number.POSITIVE_INFINITY);
  }

  /** After something was put into a deque. */
  announce(): void {
    if (Atomics.load(this.i32, this.word + Marking.Sleepers) !== 0) this.wake(1);
  }

  /** Everybody ends, whatever is left. */
  cancel(end: MarkingEnd): void {
    Atomics.compareExchange(this.i32, this.word + Marking.End, MarkingEnd.None, end);
    this.wake(Number.POSITIVE_INFINITY);
  }

  ended(): MarkingEnd {
    return Atomics.load(this.i32, this.word + Marking.End);
  }

  isOver(): boolean {
    const heap = this.i32;
    return Atomics.load(heap, this.word + Marking.Active) === 0 || this.ended() !== MarkingEnd.None;
  }

  /** First half of falling asleep: what `sleep` is called with, unless there is work or the session is over. */
  prepareSleep(): number {
    Atomics.add(this.i32, this.word + Marking.Sleepers, 1);
    return Atomics.load(this.i32, this.word + Marking.Work);
  }

  /** Sleeps unless `Work` has moved since. `endSleep` follows in any case. Throws RunAborted. */
  sleep(seen: number): void {
    futexWait(this.i32, this.word + Marking.Work, seen, Number.POSITIVE_INFINITY);
  }

  endSleep(): void {
    Atomics.sub(this.i32, this.word + Marking.Sleepers, 1);
  }

  private wake(count: number): void {
    Atomics.add(this.i32, this.word + Marking.Work, 1);
    futexWake(this.i32, this.word + Marking.Work, count);
  }
}
