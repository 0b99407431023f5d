import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { Counter, ThreadBlock } from '../memory/layout.js';
import { Clock, elapsed, isAfter, later } from './clock.js';
import { type ParkingLot, ParkResult } from './parkingLot.js';
import { Spinner } from './spin.js';
import type { SyncThread } from './syncThread.js';

/** Bits of a mutex byte (CPython `Include/cpython/lock.h`). 2 alone: unlocked, and somebody is asleep. */
export const enum MutexBit {
  Locked = 1,
  Parked = 2,
}

/** CPython's TIME_TO_BE_FAIR_NS, in microseconds: who has waited longer gets the mutex handed over. */
const TIME_TO_BE_FAIR = 1000;

/**
 * CPython's `PyMutex` (`Python/lock.c`): a lock of one byte. One instance a thread; methods take the byte's
 * address (`word * 4 + offset`) and are called by that thread.
 *
 * The lock has no owner on record: locking twice is a deadlock, and another thread may unlock. A released mutex
 * is anybody's (barging), except that a waiter of more than 1 ms gets it handed over: then the byte never shows
 * "unlocked" in between (INV-6.1, INV-6.3).
 */
export class Mutex {
  private readonly atomics: AtomicOps;
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  private readonly block: number;
  private readonly spinLimit: number;
  private readonly thread: SyncThread;
  private readonly lot: ParkingLot;
  private readonly spinner: Spinner;
  private readonly clock: Clock;

  /** Reads the thread's memory, block, atomics and spin limit: they must be set already. */
  constructor(thread: SyncThread, lot: ParkingLot) {
    this.atomics = thread.atomics;
    this.i32 = thread.i32;
    this.u8 = thread.u8;
    this.block = thread.block;
    this.spinLimit = thread.spinLimit;
    this.thread = thread;
    this.lot = lot;
    this.spinner = new Spinner();
    this.clock = new Clock();
  }

  /** Locks if that needs no waiting. Returns whether it did. Any thread state. */
  tryLock(byte: number): boolean {
    const old = this.atomics.tryLock(byte);
    return old === 0 || (old === MutexBit.Parked && this.tryBarge(byte));
  }

  /**
   * Locks, waiting as long as it takes. With `detach`, an attached thread is detached while it sleeps, hence its
   * critical sections are suspended. Without, the mutex must be a leaf lock (INV-6.6). Throws RunAborted: then
   * the mutex is not held, and the thread may be left detached.
   */
  lock(byte: number, detach = true): void {
    if (this.atomics.tryLock(byte) !== 0) this.lockSlow(byte, Infinity, detach);
  }

  /** As `lock`, for at most `timeoutMs` milliseconds; 0 only tries. Returns whether the mutex is locked. */
  lockTimed(byte: number, timeoutMs: number, detach = true): boolean {
    return this.atomics.tryLock(byte) === 0 || this.lockSlow(byte, timeoutMs, detach);
  }

  /** Unlocks; wakes or serves one waiter. Never waits. Throws FatalError if the mutex is not locked. */
  unlock(byte: number): void {
    if (this.atomics.tryUnlock(byte) !== MutexBit.Locked) this.unlockSlow(byte);
  }

  /** Whether anybody holds the mutex. A snapshot. */
  isLocked(byte: number): boolean {
    return (Atomics.load(this.u8, byte) & MutexBit.Locked) !== 0;
  }

  /** The rest of `lock`, for a caller whose own try has failed. */
  lockSlow(byte: number, timeoutMs: number, detach: boolean): boolean {
    if (timeoutMs <= 0) return this.tryBarge(byte);
    const counters = this.block + ThreadBlock.Counters;
    this.i32[counters + Counter.MutexWaits]++;
    const begun = this.thread.stopwatch();
    const end = timeoutMs === Infinity ? Infinity : this.clock.milliseconds() + timeoutMs;
    const fairTime = later(this.clock.microseconds(), TIME_TO_BE_FAIR);
    const locked = this.lockContended(byte, end, fairTime, detach);
    this.i32[counters + Counter.LockMicroseconds] += elapsed(begun, this.thread.stopwatch());
    return locked;
  }

  /** The rest of `unlock`, for a caller whose own try found something else than 1: a parked waiter, or a bug. */
  unlockSlow(byte: number): void {
    if ((Atomics.load(this.u8, byte) & MutexBit.Locked) === 0) {
      throw new FatalError(`unlock of a mutex that is not locked, at byte ${byte}`);
    }
    this.unparkOne(byte);
  }

  /** Takes an unlocked mutex, waiters or not; gives up when somebody holds it. */
  private tryBarge(byte: number): boolean {
    const u8 = this.u8;
    let value = Atomics.load(u8, byte);
    while ((value & MutexBit.Locked) === 0) {
      const seen = Atomics.compareExchange(u8, byte, value, value | MutexBit.Locked);
      if (seen === value) return true;
      value = seen;
    }
    return false;
  }

  /**
   * Take it, spin, sleep, until held or until the clock shows `end`.
   */
  private lockContended(byte: number, end: number, fairTime: number, detach: boolean): boolean {
    const u8 = this.u8;
    let spin = this.spinLimit > 0;
    for (;;) {
      if (this.tryBarge(byte)) return true;
      if (spin && Atomics.load(u8, byte) === MutexBit.Locked) {
        spin = false;
        this.spinUnseeing();
        continue;
      }
      if (!this.announceParking(byte)) continue;
      const left = end === Infinity ? Infinity : end - this.clock.milliseconds();
      const result = left > 0 ? this.parkFor(byte, left, fairTime, detach) : ParkResult.Timeout;
      if (result === ParkResult.Timeout) return false;
      if (result === ParkResult.Ok && this.lot.handedOff) return true;
      // Woken and too late: a sleep costs both sides more than a stretch of spinning.
      spin = this.spinLimit > 0;
    }
  }

  /**
   * All turns of spinning in one stretch that leaves the byte alone: the holder works on the same cache line, and a
   * waiter that looks at it takes it away from him, again and again. CPython 3.14 spins the same way, 3.15 looks
   * every fourth turn (PR 146064). With two threads on one list, looking at each turn cost two thirds of the
   * throughput.
   */
  private spinUnseeing(): void {
    for (let left = this.spinLimit; left > 0; left--) this.spinner.turn();
    this.i32[this.block + ThreadBlock.Counters + Counter.Spins] += this.spinLimit;
  }

  /** Sets the parked bit of a locked mutex, so that its holder will look for us. False: it is not locked now. */
  private announceParking(byte: number): boolean {
    const both = MutexBit.Locked | MutexBit.Parked;
    const seen = Atomics.compareExchange(this.u8, byte, MutexBit.Locked, both);
    return seen === MutexBit.Locked || seen === both;
  }

  /** Sleeps once. If the run ends while the mutex is being handed to us, passes it on. */
  private parkFor(byte: number, timeoutMs: number, fairTime: number, detach: boolean): ParkResult {
    this.i32[this.block + ThreadBlock.WaitFairTime] = fairTime;
    try {
      return this.lot.park(byte, MutexBit.Locked | MutexBit.Parked, timeoutMs, detach);
    } catch (error) {
      if (this.lot.handedOff) this.unlock(byte);
      throw error;
    }
  }

  /**
   * Gives the mutex up with its waiters' bucket locked (CPython's `mutex_unpark`): hands it to the first waiter if
   * that one has waited long enough, else wakes it to compete. Nobody else writes a byte that has both bits set.
   */
  private unparkOne(byte: number): void {
    const lot = this.lot;
    const waiter = lot.beginUnpark(byte);
    Atomics.store(this.u8, byte, waiter === 0 ? 0 : this.valueFor(waiter, lot.hasWaiters(byte)));
    lot.finishUnpark(byte, waiter);
  }

  /** What the byte becomes for this waiter: still locked if it has waited long enough; its record is told. */
  protected valueFor(waiter: number, others: boolean): number {
    const heap = this.i32;
    const parked = others ? MutexBit.Parked : 0;
    if (!isAfter(this.clock.microseconds(), heap[waiter + ThreadBlock.WaitFairTime])) return parked;
    heap[waiter + ThreadBlock.WaitHandedOff] = 1;
    heap[this.block + ThreadBlock.Counters + Counter.HandOffs]++;
    return parked | MutexBit.Locked;
  }
}
