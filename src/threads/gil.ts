import { Control, Counter, EvalBreaker, ThreadBlock } from '../memory/layout.js';
import { futexWait, futexWake } from '../sync/futex.js';
import { clearBreaker, setBreaker } from './evalBreaker.js';

/** The lock that attaching takes and detaching drops. */
export interface InterpreterLock {
  /** Waits until this thread holds the lock. Throws RunAborted, then without it. */
  take(): void;
  /** Gives the lock away. `final`: the thread exits and need not see to a successor. */
  drop(final: boolean): void;
}

/** Builds without a GIL. */
export class NoInterpreterLock implements InterpreterLock {
  take(): void {}
  drop(_final: boolean): void {}
}

/**
 * The global interpreter lock (CPython `Python/ceval_gil.c`): a flag, a waiter that times out after the switch
 * interval asks the holder to drop it, and a holder that was asked waits until somebody else has had it (forced
 * switching). CPython's mutex and condition variable are one futex word here; its switch condition another.
 */
export class Gil implements InterpreterLock {
  constructor(
    private readonly i32: Int32Array,
    private readonly block: number,
  ) {}

  take(): void {
    const heap = this.i32;
    if (Atomics.compareExchange(heap, Control.GilLocked, 0, 1) !== 0) this.waitForLock();
    if (Atomics.load(heap, Control.GilLastHolder) !== this.block) this.noteSwitch();
    clearBreaker(heap, this.block, EvalBreaker.GilDropRequest);
  }

  drop(final: boolean): void {
    const heap = this.i32;
    // Read while the lock is ours: nobody else can count a switch.
    const switches = Atomics.load(heap, Control.GilSwitchNumber);
    Atomics.store(heap, Control.GilLocked, 0);
    futexWake(heap, Control.GilLocked, 1);
    if (!final && this.dropRequested()) this.awaitSwitch(switches);
  }

  // --- Steps ---

  private waitForLock(): void {
    const heap = this.i32;
    const intervalMs = Math.max(heap[Control.SwitchInterval], 1) / 1000;
    Atomics.add(heap, Control.GilWaiters, 1);
    try {
      for (;;) {
        const switches = Atomics.load(heap, Control.GilSwitchNumber);
        const result = futexWait(heap, Control.GilLocked, 1, intervalMs);
        if (Atomics.compareExchange(heap, Control.GilLocked, 0, 1) === 0) return;
        // A whole interval with the same holder: it is asked to go. A new holder gets an interval of its own.
        if (result === 'timed-out' && Atomics.load(heap, Control.GilSwitchNumber) === switches) {
          this.requestDrop();
        }
      }
    } finally {
      Atomics.sub(heap, Control.GilWaiters, 1);
    }
  }

  private requestDrop(): void {
    const heap = this.i32;
    const holder = Atomics.load(heap, Control.GilLastHolder);
    if (holder !== 0) setBreaker(heap, holder, EvalBreaker.GilDropRequest);
  }

  private noteSwitch(): void {
    const heap = this.i32;
    Atomics.store(heap, Control.GilLastHolder, this.block);
    Atomics.add(heap, Control.GilSwitchNumber, 1);
    futexWake(heap, Control.GilSwitchNumber, 1);
    heap[this.block + ThreadBlock.Counters + Counter.GilSwitches]++;
  }

  private dropRequested(): boolean {
    return (Atomics.load(this.i32, this.block + ThreadBlock.Breaker) & EvalBreaker.GilDropRequest) !== 0;
  }

  /** Forced switching: a thread that was asked to yield does not come back before someone else has run. */
  private awaitSwitch(switches: number): void {
    const heap = this.i32;
    clearBreaker(heap, this.block, EvalBreaker.GilDropRequest);
    if (Atomics.load(heap, Control.GilLastHolder) === this.block) {
      futexWait(heap, Control.GilSwitchNumber, switches, Number.POSITIVE_INFINITY);
    }
  }
}
