import type { ParkingLot } from './parkingLot.js';
import type { SyncThread } from './syncThread.js';

/** Bits of the word (CPython `Include/internal/pycore_lock.h`); readers are counted above them. */
const enum RwBit {
  WriteLocked = 1,
  Parked = 2,
  Reader = 4,
}

/**
 * CPython's `_PyRWMutex` (`Python/lock.c`): many readers or one writer, in one word. Writers go first: a reader that
 * sees somebody waiting waits, too. One instance a thread; methods take the word's address. A waiter is detached.
 */
export class RwMutex {
  private readonly i32: Int32Array;

  constructor(
    thread: SyncThread,
    private readonly lot: ParkingLot,
  ) {
    this.i32 = thread.i32;
  }

  /** Throws RunAborted: then nothing is held. */
  lockShared(word: number): void {
    const heap = this.i32;
    for (;;) {
      const bits = Atomics.load(heap, word);
      if ((bits & (RwBit.WriteLocked | RwBit.Parked)) !== 0) this.park(word, bits);
      else if (Atomics.compareExchange(heap, word, bits, bits + RwBit.Reader) === bits) return;
    }
  }

  /** The last reader wakes all who wait; the bit stays, so that a writer among them comes before new readers. */
  unlockShared(word: number): void {
    const bits = Atomics.sub(this.i32, word, RwBit.Reader) - RwBit.Reader;
    if (bits === RwBit.Parked) this.lot.unparkAll(word << 2);
  }

  /** Throws RunAborted: then nothing is held. */
  lockExclusive(word: number): void {
    const heap = this.i32;
    for (;;) {
      const bits = Atomics.load(heap, word);
      if ((bits & ~RwBit.Parked) !== 0) this.park(word, bits);
      else if (Atomics.compareExchange(heap, word, bits, bits | RwBit.WriteLocked) === bits) return;
    }
  }

  unlockExclusive(word: number): void {
    const bits = Atomics.exchange(this.i32, word, 0);
    if ((bits & RwBit.Parked) !== 0) this.lot.unparkAll(word << 2);
  }

  /** Says that somebody waits, and waits for a wake-up, unless the word has changed. */
  private park(word: number, bits: number): void {
    const parked = bits | RwBit.Parked;
    if (bits !== parked && Atomics.compareExchange(this.i32, word, bits, parked) !== bits) return;
    this.lot.parkWord(word, parked, Number.POSITIVE_INFINITY, true);
  }
}
