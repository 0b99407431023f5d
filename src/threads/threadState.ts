import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError, RunAborted } from '../memory/errors.js';
import {
  Control,
  Counter,
  EvalBreaker,
  GcState,
  StopState,
  ThreadBlock,
  ThreadStatus,
} from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { Clock, elapsed } from '../sync/clock.js';
import { CriticalSections } from '../sync/criticalSection.js';
import { checkAbort, futexWait, futexWake } from '../sync/futex.js';
import { Mutex } from '../sync/mutex.js';
import { ParkingLot } from '../sync/parkingLot.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import type { SyncThread } from '../sync/syncThread.js';
import { ownStop } from '../sync/worldStopped.js';
import { clearBreaker, ownerId, setBreaker, threadBlock } from './evalBreaker.js';
import { Gil, type InterpreterLock, NoInterpreterLock } from './gil.js';
import { Qsbr } from './qsbr.js';

/** Turns of spinning before a thread parks (CPython's MAX_SPIN_COUNT). Under the GIL spinning helps nobody. */
const SPIN_LIMIT = 40;

/** What higher floors do at a safepoint when the breaker asks for it. */
export interface PendingWork {
  /** EvalBreaker.ExplicitMerge. */
  mergeQueued(): void;
  /** EvalBreaker.ProcessDelayed. */
  processDelayed(): void;
  /** EvalBreaker.GcScheduled. */
  collectIfDue(): void;
  /**
   * Before the thread leaves the attached state: others may look at its stack from here (`ThreadBlock.StackTop`). No
   * atomics, runs nobody's code.
   */
  publishStack(): void;
  /** The thread that has stopped the world asks for help. Suspended, at a safepoint: touches no count. Throws RunAborted. */
  helpPause(): void;
  /** After the thread has attached, if a collection has freed deferred objects meanwhile: inline caches mean nothing. */
  dropCaches(): void;
}

/**
 * One thread's state (CPython `PyThreadState`, `Python/pystate.c`): attached, detached, suspended or shutting
 * down; the eval breaker that it polls; its place in QSBR and under the GIL. Made by the thread that uses it.
 *
 * Only the thread itself becomes or leaves `Attached` (INV-7.1); only attached threads touch objects (INV-7.2).
 */
export class ThreadState implements SyncThread {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly atomics: AtomicOps;
  readonly slot: number;
  readonly block: number;
  readonly id: number;
  readonly spinLimit: number;
  readonly qsbr: Qsbr;
  readonly parkingLot: ParkingLot;
  readonly mutex: Mutex;
  readonly sections: CriticalSections;
  readonly lock: InterpreterLock;
  /** Set once by the composition, before the first attach. */
  pending!: PendingWork;
  private readonly clock = new Clock();
  /** `GcState.Epoch` when this thread last looked. */
  private epoch = 0;

  /** State of the thread in this slot; `bind` takes the slot. `gil`: the build has a GIL. */
  constructor(
    memory: SharedMemory,
    atomics: AtomicOps,
    slot: number,
    gil: boolean,
    spinLimit = gil ? 0 : SPIN_LIMIT,
  ) {
    this.memory = memory;
    this.i32 = memory.i32;
    this.u8 = memory.u8;
    this.atomics = atomics;
    this.slot = slot;
    this.block = threadBlock(slot);
    this.id = ownerId(this.block);
    this.spinLimit = spinLimit;
    this.qsbr = this.makeQsbr(memory, this.block);
    this.parkingLot = new ParkingLot(this);
    this.mutex = this.makeMutex(this.parkingLot);
    this.sections = new CriticalSections(this, this.mutex);
    this.lock = this.makeLock(gil);
  }

  /** A step of the constructor: its answer depends on the arguments alone. */
  protected makeQsbr(memory: SharedMemory, block: number): Qsbr {
    return new Qsbr(memory, block);
  }

  /** Likewise, and on memory, block and atomics, which are set already. */
  protected makeMutex(lot: ParkingLot): Mutex {
    return new Mutex(this, lot);
  }

  /** Likewise. */
  protected makeLock(gil: boolean): InterpreterLock {
    return gil ? new Gil(this.i32, this.block) : new NoInterpreterLock();
  }

  /** Links the thread into the interpreter. A thread born during a stop starts suspended. */
  bind(): void {
    const heap = this.i32;
    const block = this.block;
    rawLock(heap, Control.HeadLock);
    const taken = heap[block + ThreadBlock.Alive] !== 0;
    if (!taken) {
      heap[block + ThreadBlock.Id] = this.id;
      heap[block + ThreadBlock.AtSafepoint] = 1;
      heap[block + ThreadBlock.Alive] = 1;
      heap[block + ThreadBlock.MayMark] = 0;
      Atomics.store(heap, block + ThreadBlock.Breaker, 0);
      Atomics.store(heap, block + ThreadBlock.AttachWaits, 0);
      for (let word = ThreadBlock.Counters; word < ThreadBlock.CountersEnd; word++) heap[block + word] = 0;
      Atomics.store(heap, block + ThreadBlock.Status, this.statusAtBirth());
    }
    rawUnlock(heap, Control.HeadLock);
    if (taken) throw new FatalError(`thread slot ${this.slot} is in use`);
    // Whoever ends the run marks it first and sets the breakers then: a bit cleared above is made up for here.
    checkAbort(heap);
  }

  /** Unlinks a detached thread. If somebody is stopping the world, this thread need not be waited for. */
  unbind(): void {
    const heap = this.i32;
    const block = this.block;
    rawLock(heap, Control.HeadLock);
    heap[block + ThreadBlock.Alive] = 0;
    const status = Atomics.load(heap, block + ThreadBlock.Status);
    this.leaveCountdown(status);
    Atomics.store(heap, block + ThreadBlock.Status, ThreadStatus.Detached);
    rawUnlock(heap, Control.HeadLock);
  }

  /** Becomes attached: takes the GIL where there is one, waits while suspended. Throws RunAborted. */
  attach(): void {
    const heap = this.i32;
    const status = this.block + ThreadBlock.Status;
    let waited = false;
    for (;;) {
      this.lock.take();
      const before = this.becomeAttached();
      if (before === ThreadStatus.Detached) break;
      this.lock.drop(true);
      if (before === ThreadStatus.ShuttingDown) throw new RunAborted('interrupt');
      if (before === ThreadStatus.Attached) throw new FatalError('this thread is attached already');
      if (before === ThreadStatus.Invited) {
        this.acceptInvitation();
        continue;
      }
      if (!waited) waited = this.announceWait();
      this.waitWhileSuspended(status);
    }
    if (waited) Atomics.store(heap, this.block + ThreadBlock.AttachWaits, 0);
    this.qsbr.attach();
    this.noticeCollections();
    this.sections.resumeTop();
  }

  /** Leaves the attached state, as CPython does where it would have released the GIL. */
  detach(): void {
    this.leave(ThreadStatus.Detached, false);
  }

  /** The last detach of a thread: nobody is waited for. */
  detachFinally(): void {
    this.leave(ThreadStatus.Detached, true);
  }

  /** Own thread only. */
  isAttached(): boolean {
    return Atomics.load(this.i32, this.block + ThreadBlock.Status) === ThreadStatus.Attached;
  }

  /**
   * The safepoint: loop back-edges, calls. Attached; holds no reference that is not counted or on its stack, no
   * raw pointer into a container. May detach, run destructors, and throws RunAborted.
   *
   * Declared racy reads, both of them: a request seen a poll later is still served, and an old write sequence
   * only makes this thread report its quiescence later. What they lead to uses Atomics.
   */
  poll(): void {
    const heap = this.i32;
    if (heap[this.block + ThreadBlock.Breaker] !== 0 || heap[Control.WriteSequence] !== this.qsbr.observed) {
      this.handlePending();
    }
  }

  /**
   * Around a wait of this thread that is a safepoint, 1 and 0: for collectors that trace, to which a thread that waits in
   * the middle of an operation is not ready (`ThreadBlock.AtSafepoint`). A thread is born at one, and stays there until
   * it first says 0.
   */
  atSafepoint(there: number): void {
    this.i32[this.block + ThreadBlock.AtSafepoint] = there;
  }

  /** This thread's next poll looks whether a collection is due. */
  scheduleCollection(): void {
    setBreaker(this.i32, this.block, EvalBreaker.GcScheduled);
  }

  /** CPython `_Py_HandlePending`, in its order. */
  handlePending(): void {
    const heap = this.i32;
    this.qsbr.quiescentState();
    const bits = Atomics.load(heap, this.block + ThreadBlock.Breaker);
    if (bits === 0) return;
    if (bits & EvalBreaker.PleaseStop) {
      const begun = this.stopwatch();
      this.atSafepoint(1);
      this.suspend();
      this.attach();
      this.atSafepoint(0);
      heap[this.block + ThreadBlock.MayMark] = 0;
      const suspended = this.block + ThreadBlock.Counters + Counter.SuspendedMicroseconds;
      heap[suspended] += elapsed(begun, this.stopwatch());
    }
    if (bits & EvalBreaker.ExplicitMerge) {
      clearBreaker(heap, this.block, EvalBreaker.ExplicitMerge);
      this.pending.mergeQueued();
    }
    if (bits & EvalBreaker.ProcessDelayed) {
      clearBreaker(heap, this.block, EvalBreaker.ProcessDelayed);
      this.pending.processDelayed();
    }
    if (bits & EvalBreaker.GcScheduled) {
      clearBreaker(heap, this.block, EvalBreaker.GcScheduled);
      this.pending.collectIfDue();
    }
    if (bits & EvalBreaker.GilDropRequest) {
      this.atSafepoint(1);
      this.detach();
      this.attach();
      this.atSafepoint(0);
    }
    if (bits & EvalBreaker.AsyncException) checkAbort(heap);
  }

  /** May return early. */
  protected waitWhileSuspended(status: number): void {
    futexWait(this.i32, status, ThreadStatus.Suspended, Number.POSITIVE_INFINITY);
  }

  /** Under HeadLock. Who is stopping the world has counted without this thread, and must not find it detached. */
  protected statusAtBirth(): ThreadStatus {
    return activeStop(this.i32, this.block) !== 0 ? ThreadStatus.Suspended : ThreadStatus.Detached;
  }

  /**
   * Whoever stops the world from now on knows that this thread waits to attach (`StopTheWorld.comesFirst`). Not under a
   * GIL: who stops the world holds it, and must not wait for those who need it.
   */
  private announceWait(): boolean {
    if (this.lock instanceof Gil) return false;
    Atomics.store(this.i32, this.block + ThreadBlock.AttachWaits, 1);
    return true;
  }

  /**
   * Returns the status before: the thread is attached if that was `Detached`. The exchange decides the race with a
   * thread that is stopping the world: exactly one of the two wins (D17).
   */
  protected becomeAttached(): number {
    const status = this.block + ThreadBlock.Status;
    return Atomics.compareExchange(this.i32, status, ThreadStatus.Detached, ThreadStatus.Attached);
  }

  /** A stop was requested: goes to `Suspended` and counts itself off (CPython `_PyThreadState_Suspend`). */
  private suspend(): void {
    const heap = this.i32;
    clearBreaker(heap, this.block, EvalBreaker.PleaseStop);
    this.pending.publishStack();
    this.sections.suspendAll();
    this.qsbr.detach();
    rawLock(heap, Control.HeadLock);
    const stop = activeStop(heap, this.block);
    this.becomeInactive(stop !== 0);
    if (stop !== 0) {
      heap[this.block + ThreadBlock.MayMark] = 1;
      heap[this.block + ThreadBlock.Counters + Counter.Suspensions]++;
      heap[this.block + ThreadBlock.StoppedAt] = this.now();
      countDown(heap, stop);
    }
    rawUnlock(heap, Control.HeadLock);
    this.lock.drop(true);
  }

  /** Helps, unless the invitation is taken back at this moment: the exchange decides. */
  protected acceptInvitation(): void {
    const status = this.block + ThreadBlock.Status;
    const before = Atomics.compareExchange(this.i32, status, ThreadStatus.Invited, ThreadStatus.Suspended);
    if (before === ThreadStatus.Invited) this.pending.helpPause();
  }

  /** `Clock.microseconds`: when threads stop, for measures alone. */
  now(): number {
    return this.clock.microseconds();
  }

  stopwatch(): number {
    return this.clock.microseconds();
  }

  /** Under HeadLock. Counted off as `Detached` the thread could come back in the middle of the pause (gh-116396). */
  protected becomeInactive(stopping: boolean): void {
    const status = stopping ? ThreadStatus.Suspended : ThreadStatus.Detached;
    Atomics.store(this.i32, this.block + ThreadBlock.Status, status);
  }

  /** Under HeadLock: who goes for good need not be waited for. Who is suspended has been counted off already. */
  protected leaveCountdown(status: ThreadStatus): void {
    const stop = activeStop(this.i32, this.block);
    const waitedFor = status !== ThreadStatus.Suspended && status !== ThreadStatus.Invited;
    if (stop !== 0 && waitedFor) countDown(this.i32, stop);
  }

  /**
   * Deferred objects are freed only while this thread is not attached; who does it writes `Epoch` in the pause, and calls
   * this behind it.
   */
  noticeCollections(): void {
    const epoch = Atomics.load(this.i32, Control.Gc + GcState.Epoch);
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.pending.dropCaches();
  }

  private leave(status: ThreadStatus, final: boolean): void {
    this.pending.publishStack();
    this.sections.suspendAll();
    this.qsbr.detach();
    Atomics.store(this.i32, this.block + ThreadBlock.Status, status);
    this.lock.drop(final);
  }
}

/**
 * The stop that the thread with this block must obey, of all interpreters or of its own (CPython
 * `_PyThreadState_Suspend`); address of its `StopState`, 0 if there is none. Under HeadLock.
 */
function activeStop(heap: Int32Array, block: number): number {
  if (Atomics.load(heap, Control.GlobalStop + StopState.Requested) !== 0) return Control.GlobalStop;
  const own = ownStop(heap, block);
  return Atomics.load(heap, own + StopState.Requested) !== 0 ? own : 0;
}

/** One thread less to wait for. Under HeadLock. */
export function countDown(heap: Int32Array, stop: number): void {
  if (Atomics.sub(heap, stop + StopState.Countdown, 1) === 1) {
    Atomics.store(heap, stop + StopState.Event, 1);
    futexWake(heap, stop + StopState.Event, Number.POSITIVE_INFINITY);
  }
}
