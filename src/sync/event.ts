import type { ParkingLot } from './parkingLot.js';
import type { SyncThread } from './syncThread.js';

const enum EventState {
  Unset = 0,
  Set = 1,
  HasWaiters = 2,
}

/**
 * CPython's `PyEvent` (`Python/lock.c`): a byte that is set once and lets everybody pass from then on. One
 * instance a thread; methods take the byte's address.
 */
export class Event {
  protected readonly u8: Uint8Array;

  constructor(
    thread: SyncThread,
    private readonly lot: ParkingLot,
  ) {
    this.u8 = thread.u8;
  }

  /** Sets the event and wakes all who wait. Setting twice is allowed. */
  set(byte: number): void {
    const old = Atomics.exchange(this.u8, byte, EventState.Set);
    if (old === EventState.HasWaiters) this.lot.unparkAll(byte);
  }

  isSet(byte: number): boolean {
    return Atomics.load(this.u8, byte) === EventState.Set;
  }

  /** Waits until the event is set; with `detach`, an attached thread detaches meanwhile. Throws RunAborted. */
  wait(byte: number, detach = true): void {
    while (!this.waitTimed(byte, Infinity, detach));
  }

  /** As `wait`, for at most `timeoutMs` milliseconds. Returns whether the event is set. */
  waitTimed(byte: number, timeoutMs: number, detach = true): boolean {
    const old = Atomics.compareExchange(this.u8, byte, EventState.Unset, EventState.HasWaiters);
    if (old === EventState.Set) return true;
    this.lot.park(byte, EventState.HasWaiters, timeoutMs, detach);
    return this.isSet(byte);
  }
}
