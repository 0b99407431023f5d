import { FatalError, RunAborted } from '../memory/errors.js';
import { futexWait, futexWake } from './futex.js';
import { SpinLimit, type Spinner } from './spin.js';

/**
 * A mutex of one word, for short tables: 0 unlocked, 1 locked, 2 locked and perhaps somebody asleep.
 *
 * It never detaches and never hands over (CPython's `_PyRawMutex`, there a stack of waiters, here a futex), so it
 * must be a leaf: whoever holds it neither blocks, attaches, nor runs anybody's code. Then a suspended thread
 * holds it for some instructions only, and it may be taken while the world is stopped (PIT-7.2).
 */
export const enum RawState {
  Unlocked = 0,
  Locked = 1,
  Contended = 2,
}

/** Locks the word. Throws RunAborted if it would have to sleep in an aborted run; then it is not locked. */
export function rawLock(heap: Int32Array, word: number): void {
  if (Atomics.compareExchange(heap, word, RawState.Unlocked, RawState.Locked) !== RawState.Unlocked) {
    rawLockSlow(heap, word);
  }
}

/** Unlocks the word and wakes one sleeper. Throws FatalError if it is not locked. */
export function rawUnlock(heap: Int32Array, word: number): void {
  const old = Atomics.exchange(heap, word, RawState.Unlocked);
  if (old === RawState.Contended) futexWake(heap, word, 1);
  else if (old === RawState.Unlocked)
    throw new FatalError(`unlock of a raw mutex that is not locked: ${word}`);
}

/**
 * As `rawLock`, for clean-up that must be done although the run has been told to end: where `rawLock` would throw
 * RunAborted it spins for a bounded time. False: the holder is dead, and so is whatever the mutex protects.
 */
export function rawLockDespiteAbort(heap: Int32Array, word: number, spinner: Spinner): boolean {
  try {
    rawLock(heap, word);
    return true;
  } catch (error) {
    if (!(error instanceof RunAborted)) throw error;
    return rawLockSpinning(heap, word, spinner);
  }
}

/** Takes the lock as `Contended`: others may be asleep, and a wake too many is harmless. */
function rawLockSlow(heap: Int32Array, word: number): void {
  while (Atomics.exchange(heap, word, RawState.Contended) !== RawState.Unlocked) {
    futexWait(heap, word, RawState.Contended, Infinity);
  }
}

function rawLockSpinning(heap: Int32Array, word: number, spinner: Spinner): boolean {
  for (let left: number = SpinLimit.TurnsDespiteAbort; left > 0; left--) {
    if (Atomics.exchange(heap, word, RawState.Contended) === RawState.Unlocked) return true;
    spinner.turn();
  }
  return false;
}
