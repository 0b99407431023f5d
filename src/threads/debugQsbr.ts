import { assertInvariant } from '../memory/invariant.js';
import { Control } from '../memory/layout.js';
import { slotOf } from './evalBreaker.js';
import { Qsbr, reached } from './qsbr.js';

/** `Qsbr` of the debug build: sequences only grow, nobody is ahead or behind, goals are possible. */
export class DebugQsbr extends Qsbr {
  private lastWrite = 1;
  private lastRead = 1;
  private lastGoal: number | null = null;

  override advance(): number {
    const goal = super.advance();
    this.checkSequences();
    this.checkGoal(goal);
    return goal;
  }

  override deferredAdvance(bytes: number): number {
    const goal = super.deferredAdvance(bytes);
    const before = this.lastGoal;
    this.assert(
      before === null || reached(before, goal),
      'INV-5.3',
      () => `goal ${goal} comes after goal ${before}`,
    );
    this.lastGoal = goal;
    this.checkGoal(goal);
    return goal;
  }

  override quiescentState(): void {
    this.assert(
      Atomics.load(this.i32, this.slot) !== 0,
      'INV-5.1',
      () => `a quiescent state while offline, written ${this.current()}`,
    );
    super.quiescentState();
    this.checkSequences();
  }

  /**
   * Until the sequence that is published is the current one: a scanner that did not see this thread has then
   * published nothing beyond it, and the cached minimum is never ahead of this thread.
   */
  override attach(): void {
    super.attach();
    while (this.current() !== this.observed) super.quiescentState();
    this.lastGoal = null;
    this.checkSequences();
  }

  override poll(goal: number): boolean {
    this.checkGoal(goal);
    const result = super.poll(goal);
    const own = Atomics.load(this.i32, this.slot);
    this.assert(
      !result || own === 0 || reached(goal, own),
      'INV-5.2',
      () => `goal ${goal} counts as reached, this thread has observed ${own}`,
    );
    this.checkSequences();
    return result;
  }

  private checkGoal(goal: number): void {
    const write = this.current();
    this.assert(
      (goal & 1) === 1 && reached(goal, (write + 2) | 0),
      'INV-5.1',
      () => `goal ${goal} lies beyond the next advance of ${write}`,
    );
  }

  /** INV-5.1. The minimum is read first: it may be raised meanwhile, but never beyond what is written then. */
  private checkSequences(): void {
    const read = Atomics.load(this.i32, Control.ReadSequence);
    const write = this.current();
    const own = Atomics.load(this.i32, this.slot);
    this.assert(reached(read, write), 'INV-5.1', () => `read sequence ${read} is beyond written ${write}`);
    this.assert(
      reached(this.lastRead, read) && reached(this.lastWrite, write),
      'INV-5.1',
      () => `sequences went back: read ${this.lastRead} to ${read}, written ${this.lastWrite} to ${write}`,
    );
    this.assert(
      own === 0 || (reached(own, write) && reached(read, own)),
      'INV-5.1',
      () => `this thread has observed ${own}, read ${read}, written ${write}`,
    );
    this.lastRead = read;
    this.lastWrite = write;
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, slotOf(this.block), what);
  }
}
