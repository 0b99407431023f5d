import { Control, Counter, EvalBreaker, GilWait, ThreadBlock } from '../memory/layout.js';
import { Clock, elapsed } from '../sync/clock.js';
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
  private readonly clock = new Clock();

  constructor(
    private readonly i32: Int32Array,
    private readonly block: number,
  ) {}

  take(): void {
    const heap = this.i32;
    if (Atomics.compareExchange(heap, Control.GilLocked, 0, 1) !== 0) this.takeSlow();
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

  private takeSlow(): void {
    const begun = this.clock.microseconds();
    this.waitForLock();
    this.noteWait(elapsed(begun, this.clock.microseconds()));
  }

  /** The histogram's limits are powers of two: 1 us, 2 us, 4 us ... */
  private noteWait(microseconds: number): void {
    const heap = this.i32;
    const counters = this.block + ThreadBlock.Counters;
    const waits = this.block + ThreadBlock.GilWaits;
    const bucket = microseconds <= 1 ? 0 : Math.min(32 - Math.clz32(microseconds - 1), GilWait.Buckets - 1);
    heap[counters + Counter.GilWaits]++;
    heap[counters + Counter.GilMicroseconds] += microseconds;
    heap[waits + GilWait.Histogram + bucket]++;
    if (microseconds > heap[waits + GilWait.Longest]) heap[waits + GilWait.Longest] = microseconds;
  }

  protected waitForLock(): void {
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
    if (holder === 0) return;
    setBreaker(heap, holder, EvalBreaker.GilDropRequest);
    heap[this.block + ThreadBlock.Counters + Counter.GilDropRequests]++;
  }

  private noteSwitch(): void {
    const heap = this.i32;
    Atomics.store(heap, Control.GilLastHolder, this.block);
    Atomics.add(heap, Control.GilSwitchNumber, 1);
    futexWake(heap, Control.GilSwitchNumber, 1);
    heap[this.block + ThreadBlock.Counters + Counter.GilSwitches]++;
  }

  protected dropRequested(): boolean {
    return (Atomics.load(this.i32, this.block + ThreadBlock.Breaker) & EvalBreaker.GilDropRequest) !== 0;
  }

  /** Forced switching: a thread that was asked to yield does not come back before someone else has run. */
  protected awaitSwitch(switches: number): void {
    const heap = this.i32;
    clearBreaker(heap, this.block, EvalBreaker.GilDropRequest);
    if (Atomics.load(heap, Control.GilLastHolder) === this.block) {
      heap[this.block + ThreadBlock.Counters + Counter.ForcedSwitches]++;
      futexWait(heap, Control.GilSwitchNumber, switches, Number.POSITIVE_INFINITY);
    }
  }
}
