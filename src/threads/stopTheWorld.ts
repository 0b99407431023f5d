import { Control, EvalBreaker, Geometry, ThreadBlock, ThreadStatus } from '../memory/layout.js';
import { elapsed } from '../sync/clock.js';
import { futexWait, futexWake } from '../sync/futex.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import { setBreaker, threadBlock } from './evalBreaker.js';
import { countDown, type ThreadState } from './threadState.js';

/** How long the initiator sleeps before it looks for threads that have detached meanwhile (CPython: 1 ms). */
const POLL_MS = 1;

/** Time to safepoint of one stop. */
export class StopMeasure {
  /** From the request, other initiators having gone first, to the world standing still. */
  milliseconds = 0;
  private threads: { thread: number; milliseconds: number }[] = [];

  /** Threads that were waited for, by number in their run; those that were detached at the request are not among them. */
  get byThread(): readonly { readonly thread: number; readonly milliseconds: number }[] {
    return this.threads;
  }

  begin(microseconds: number): void {
    this.milliseconds = microseconds / 1000;
    this.threads = [];
  }

  add(thread: number, microseconds: number): void {
    this.threads.push({ thread, milliseconds: microseconds / 1000 });
  }
}

/**
 * Stop-the-world (CPython `Python/pystate.c`). Attached threads are asked through their eval breaker and suspend
 * themselves; detached ones are suspended by the initiator. Nothing that a suspended thread may hold - a mutex
 * that was handed to it, an allocator's lock - must be needed while the world stands still (PIT-7.2).
 */
export class StopTheWorld {
  /** How long the last `stop` has waited for the threads. */
  readonly waited = new StopMeasure();
  private readonly i32: Int32Array;

  constructor(protected readonly thread: ThreadState) {
    this.i32 = thread.i32;
  }

  /**
   * Returns with every other thread suspended. Attached threads only, holding no pointer that QSBR protects; not
   * re-entrant. Throws RunAborted.
   */
  stop(): void {
    const heap = this.i32;
    // A second initiator waits here detached, so that the first can suspend it (PIT-7.4).
    this.thread.mutex.lock(Control.StopMutex << 2);
    rawLock(heap, Control.HeadLock);
    const requested = this.thread.now();
    this.forgetStops(requested);
    Atomics.store(heap, Control.StopEvent, 0);
    Atomics.store(heap, Control.StopCountdown, this.countOthers());
    heap[Control.StopRequester] = this.thread.block;
    Atomics.store(heap, Control.StopRequested, 1);
    // Offline: who waits for a grace period (delayedFree.ts) comes to its safepoint only after that.
    this.thread.qsbr.detach();
    for (let now = requested; this.parkDetached(now) > 0; now = this.thread.now()) {
      rawUnlock(heap, Control.HeadLock);
      this.waitForOthers();
      rawLock(heap, Control.HeadLock);
    }
    Atomics.store(heap, Control.WorldStopped, 1);
    this.measure(requested);
    rawUnlock(heap, Control.HeadLock);
    this.thread.qsbr.attach();
  }

  /** Lets everybody go on. The thread that stopped the world. */
  start(): void {
    const heap = this.i32;
    rawLock(heap, Control.HeadLock);
    Atomics.store(heap, Control.StopRequested, 0);
    Atomics.store(heap, Control.WorldStopped, 0);
    heap[Control.StopRequester] = 0;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (!this.isOther(block)) continue;
      Atomics.store(heap, block + ThreadBlock.Status, ThreadStatus.Detached);
      futexWake(heap, block + ThreadBlock.Status, 1);
    }
    rawUnlock(heap, Control.HeadLock);
    this.thread.mutex.unlock(Control.StopMutex << 2);
  }

  /** Without detaching: that would release this thread's own critical sections (gh-118332). */
  protected waitForOthers(): void {
    futexWait(this.i32, Control.StopEvent, 0, POLL_MS);
  }

  /**
   * Suspends who is detached, asks who is attached; returns how many are still to come. Under HeadLock. The
   * exchange decides the race with a thread that is attaching: exactly one of the two wins.
   */
  private parkDetached(now: number): number {
    const heap = this.i32;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (!this.isOther(block)) continue;
      const before = Atomics.compareExchange(
        heap,
        block + ThreadBlock.Status,
        ThreadStatus.Detached,
        ThreadStatus.Suspended,
      );
      if (before === ThreadStatus.Detached) {
        heap[block + ThreadBlock.StoppedAt] = now;
        countDown(heap);
      } else if (before === ThreadStatus.Attached) setBreaker(heap, block, EvalBreaker.PleaseStop);
    }
    return Atomics.load(heap, Control.StopCountdown);
  }

  /** Under HeadLock. Who is found detached has stopped at once: it was not waited for. */
  private forgetStops(requested: number): void {
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      this.i32[threadBlock(slot) + ThreadBlock.StoppedAt] = requested;
    }
  }

  /** Under HeadLock, everybody stopped. */
  private measure(requested: number): void {
    const heap = this.i32;
    const { waited } = this;
    waited.begin(elapsed(requested, this.thread.now()));
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      const microseconds = elapsed(requested, heap[block + ThreadBlock.StoppedAt]);
      if (microseconds > 0 && this.isOther(block)) waited.add(heap[block + ThreadBlock.Index], microseconds);
    }
  }

  private countOthers(): number {
    let count = 0;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) if (this.isOther(threadBlock(slot))) count++;
    return count;
  }

  private isOther(block: number): boolean {
    return this.i32[block + ThreadBlock.Alive] !== 0 && block !== this.thread.block;
  }
}
