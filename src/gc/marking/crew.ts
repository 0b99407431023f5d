import { Control, Geometry, ThreadBlock, ThreadStatus } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { SpinLimit, Spinner } from '../../sync/spin.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { Marking } from './layout.js';

/**
 * Asks the threads that wait at their safepoints for the end of a pause to mark, and sees that all have left before the
 * pause can end. By the thread that has stopped the world, but for `left`.
 *
 * An invitation is a status, `Invited` in the place of `Suspended`, and a futex word at once: a thread that is about to wait
 * for the end of the pause cannot miss it. It is accepted, or taken back, by an exchange to `Suspended`: one of the two
 * happens. A thread that wakes late finds `Suspended` or `Detached` and goes on as if nothing had been asked of it; one that
 * finds the invitation of a later session accepts that.
 *
 * `Outstanding` counts invitations. Who takes one back counts it off, who has accepted one counts it off as the last thing
 * that it does. At 0 nobody but the collecting thread has anything to do with the session.
 */
export class MarkingCrew {
  private readonly word = Control.GcMarking;
  private readonly spinner = new Spinner();

  constructor(
    protected readonly i32: Int32Array,
    /** The thread that collects. */
    private readonly block: number,
  ) {}

  /** Lists the markers of the next session, at most so many: this thread, and others at their safepoints. Returns how many. */
  gather(limit: number): number {
    const heap = this.i32;
    heap[this.word + Marking.Table] = this.block;
    let members = 1;
    for (let slot = 0; slot < Geometry.ThreadSlots && members < limit; slot++) {
      const block = threadBlock(slot);
      if (block === this.block || !this.canHelp(block)) continue;
      heap[this.word + Marking.Table + members] = block;
      members++;
    }
    heap[this.word + Marking.Members] = members;
    return members;
  }

  /** Once a session, when everything that a helper reads has been written. */
  invite(): void {
    const heap = this.i32;
    const members = heap[this.word + Marking.Members];
    Atomics.store(heap, this.word + Marking.Outstanding, members - 1);
    for (let member = 1; member < members; member++) {
      const status = heap[this.word + Marking.Table + member] + ThreadBlock.Status;
      const before = Atomics.compareExchange(heap, status, ThreadStatus.Suspended, ThreadStatus.Invited);
      // A thread that goes in an aborted run.
      if (before === ThreadStatus.Suspended) futexWake(heap, status, 1);
      else this.left();
    }
  }

  /**
   * Takes back what nobody has accepted, and waits for those who have. They leave soon: the session is over, or was
   * cancelled. Throws RunAborted when a marker may still be at work.
   */
  dismiss(): void {
    const heap = this.i32;
    const members = heap[this.word + Marking.Members];
    for (let member = 1; member < members; member++) {
      const status = heap[this.word + Marking.Table + member] + ThreadBlock.Status;
      if (this.takeBack(status)) Atomics.sub(heap, this.word + Marking.Outstanding, 1);
    }
    this.waitForHelpers();
  }

  /** The last thing that a helper does with the session. */
  left(): void {
    if (Atomics.sub(this.i32, this.word + Marking.Outstanding, 1) === 1) {
      futexWake(this.i32, this.word + Marking.Outstanding, 1);
    }
  }

  /** Whether the invitation had not been accepted. */
  protected takeBack(status: number): boolean {
    const before = Atomics.compareExchange(this.i32, status, ThreadStatus.Invited, ThreadStatus.Suspended);
    return before === ThreadStatus.Invited;
  }

  protected waitForHelpers(): void {
    const heap = this.i32;
    const word = this.word + Marking.Outstanding;
    try {
      for (let left = Atomics.load(heap, word); left !== 0; left = Atomics.load(heap, word)) {
        futexWait(heap, word, left, Number.POSITIVE_INFINITY);
      }
    } catch (error) {
      // In an aborted run nobody may sleep. They have been told too; only one that is dead does not come.
      for (let turn = 0; turn < SpinLimit.TurnsDespiteAbort && Atomics.load(heap, word) !== 0; turn++) {
        this.spinner.turn();
      }
      throw error;
    }
  }

  /** Of the interpreter that is stopped; neither parked while it was detached, nor gone. */
  private canHelp(block: number): boolean {
    const heap = this.i32;
    if (heap[block + ThreadBlock.Alive] === 0 || heap[block + ThreadBlock.MayMark] === 0) return false;
    return heap[block + ThreadBlock.Interpreter] === heap[this.block + ThreadBlock.Interpreter];
  }
}
