import {
  Control,
  Counter,
  EvalBreaker,
  Geometry,
  StopState,
  ThreadBlock,
  ThreadStatus,
} from '../memory/layout.js';
import { elapsed } from '../sync/clock.js';
import { futexWait, futexWake } from '../sync/futex.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import { RwMutex } from '../sync/rwMutex.js';
import { ownStop } from '../sync/worldStopped.js';
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
  private readonly kinds: RwMutex;
  /** `StopState` of the stop under way, or the last one. */
  private current = 0;

  constructor(protected readonly thread: ThreadState) {
    this.i32 = thread.i32;
    this.kinds = new RwMutex(thread, thread.parkingLot);
  }

  /**
   * Returns with every other thread of this one's interpreter suspended; with `global`, of all interpreters. Attached
   * threads only, holding no pointer that QSBR protects; not re-entrant. Throws RunAborted.
   */
  stop(global = false): void {
    const heap = this.i32;
    const stop = global ? Control.GlobalStop : ownStop(heap, this.thread.block);
    this.current = stop;
    this.takeTurn(stop);
    this.excludeOtherKind(global);
    rawLock(heap, Control.HeadLock);
    const requested = this.thread.now();
    this.forgetStops(requested);
    Atomics.store(heap, stop + StopState.Event, 0);
    Atomics.store(heap, stop + StopState.Countdown, this.countOthers());
    heap[stop + StopState.Requester] = this.thread.block;
    Atomics.store(heap, stop + StopState.Requested, 1);
    // Offline: who waits for a grace period (delayedFree.ts) comes to its safepoint only after that.
    this.thread.qsbr.detach();
    for (let now = requested; this.parkDetached(now) > 0; now = this.thread.now()) {
      rawUnlock(heap, Control.HeadLock);
      this.waitForOthers();
      rawLock(heap, Control.HeadLock);
    }
    Atomics.store(heap, stop + StopState.Stopped, 1);
    this.measure(requested);
    rawUnlock(heap, Control.HeadLock);
    this.thread.qsbr.attach();
  }

  /** Lets everybody go on. The thread that stopped the world. */
  start(): void {
    const heap = this.i32;
    const stop = this.current;
    rawLock(heap, Control.HeadLock);
    Atomics.store(heap, stop + StopState.Requested, 0);
    Atomics.store(heap, stop + StopState.Stopped, 0);
    heap[stop + StopState.Requester] = 0;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (!this.isOther(block)) continue;
      Atomics.store(heap, block + ThreadBlock.Status, ThreadStatus.Detached);
      futexWake(heap, block + ThreadBlock.Status, 1);
    }
    rawUnlock(heap, Control.HeadLock);
    this.admitOtherKind(stop === Control.GlobalStop);
    this.thread.mutex.unlock((stop + StopState.Mutex) << 2);
  }

  // --- Steps ---

  /** A second initiator waits detached, so that the first can suspend it (PIT-7.4). */
  protected takeTurn(stop: number): void {
    this.thread.mutex.lock((stop + StopState.Mutex) << 2);
  }

  /** Stops of single interpreters overlap; while there is any, there is none of all, and the other way round. */
  protected excludeOtherKind(global: boolean): void {
    if (global) this.kinds.lockExclusive(Control.StopKinds);
    else this.kinds.lockShared(Control.StopKinds);
  }

  protected admitOtherKind(global: boolean): void {
    if (global) this.kinds.unlockExclusive(Control.StopKinds);
    else this.kinds.unlockShared(Control.StopKinds);
  }

  /** Without detaching: that would release this thread's own critical sections (gh-118332). */
  protected waitForOthers(): void {
    futexWait(this.i32, this.current + StopState.Event, 0, POLL_MS);
  }

  /**
   * Suspends who is detached, asks who is attached; returns how many are still to come. Under HeadLock. The
   * exchange decides the race with a thread that is attaching: exactly one of the two wins.
   */
  private parkDetached(now: number): number {
    const heap = this.i32;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (!this.isOther(block) || this.comesFirst(block)) continue;
      const before = Atomics.compareExchange(
        heap,
        block + ThreadBlock.Status,
        ThreadStatus.Detached,
        ThreadStatus.Suspended,
      );
      if (before === ThreadStatus.Detached) {
        heap[block + ThreadBlock.StoppedAt] = now;
        countDown(heap, this.current);
      } else if (before === ThreadStatus.Attached) setBreaker(heap, block, EvalBreaker.PleaseStop);
    }
    return Atomics.load(heap, this.current + StopState.Countdown);
  }

  /**
   * Whether the thread has its turn before this pause: it waits to attach, and one pause has passed it over since it was
   * woken. It is asked to stop and waited for as if it were attached already; pauses in a row would else keep it out for
   * ever (gh-151518). One pause may go first: the second of a collection follows close upon the first.
   */
  protected comesFirst(block: number): boolean {
    const heap = this.i32;
    const waits = Atomics.load(heap, block + ThreadBlock.AttachWaits);
    if (waits === 0 || Atomics.load(heap, block + ThreadBlock.Status) !== ThreadStatus.Detached) return false;
    if (waits > 1) {
      setBreaker(heap, block, EvalBreaker.PleaseStop);
      return true;
    }
    this.passOver(block, waits);
    return false;
  }

  /** The thread may have attached meanwhile, and wait no more. */
  protected passOver(block: number, waits: number): void {
    Atomics.compareExchange(this.i32, block + ThreadBlock.AttachWaits, waits, waits + 1);
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
    const microsecondsInAll = elapsed(requested, this.thread.now());
    const counters = this.thread.block + ThreadBlock.Counters;
    heap[counters + Counter.Stops]++;
    heap[counters + Counter.StopMicroseconds] += microsecondsInAll;
    waited.begin(microsecondsInAll);
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

  /** Whether the thread is one of those that this stop is for. Under HeadLock. */
  private isOther(block: number): boolean {
    const heap = this.i32;
    if (heap[block + ThreadBlock.Alive] === 0 || block === this.thread.block) return false;
    return this.current === Control.GlobalStop || ownStop(heap, block) === this.current;
  }
}
