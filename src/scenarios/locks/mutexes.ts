import { PlainAtomicOps } from '../../memory/atomicOps.js';
import { Counter, ThreadBlock } from '../../memory/layout.js';
import { Mutex, MutexBit } from '../../sync/mutex.js';
import { scenario } from '../scenario.js';
import { awaitDetached } from '../threads/awaitDetached.js';
import type { World } from '../world.js';

interface Guarded {
  /** Byte address. */
  readonly mutex: number;
  /** Guarded by the mutex. */
  readonly x: number;
  /** Threads that believe that they hold it. */
  readonly holders: number;
}

function guarded(w: World): Guarded {
  w.thread(0);
  return { mutex: 4 * w.words(1, 'mutex'), x: w.words(1, 'x'), holders: w.words(1, 'holders') };
}

/** Reads and writes what the mutex guards; plain accesses, since the mutex alone must order them. */
function hold(s: Guarded, w: World): void {
  w.check(Atomics.add(w.i32, s.holders, 1) === 0, 'two threads hold the mutex');
  w.i32[s.x] = w.i32[s.x] + 1;
  Atomics.sub(w.i32, s.holders, 1);
}

function lockedIncrement(s: Guarded, w: World, me: number): void {
  const { mutex } = w.thread(me).state;
  mutex.lock(s.mutex);
  hold(s, w);
  mutex.unlock(s.mutex);
}

/** The bug of scenario 32: who parks between the look and the store is never woken. */
class UnlockByStore extends PlainAtomicOps {
  override tryUnlock(byte: number): number {
    const seen = Atomics.load(this.u8, byte);
    if (seen === MutexBit.Locked) Atomics.store(this.u8, byte, 0);
    return seen;
  }
}

/** Scenario 32. */
export const mutexUnlock = scenario<Guarded>('mutex-unlock', {
  about: 'unlock of a mutex against a thread that goes to sleep for it (CPython Python/lock.c, INV-6.2)',
  setup: guarded,
  threads: [lockedIncrement, lockedIncrement],
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'unlock checks, and then stores': { overrides: [UnlockByStore], finds: ['deadlock'] },
  },
});

/** D11: the mutex goes through "unlocked" on its way to the waiter that is told that it holds it. */
class UnlockedHandOff extends Mutex {
  protected override valueFor(waiter: number, others: boolean): number {
    return super.valueFor(waiter, others) & ~MutexBit.Locked;
  }
}

/** The first thread holds the mutex from the start. */
function guardedAndLocked(w: World): Guarded {
  const s = guarded(w);
  w.thread(0).state.mutex.lock(s.mutex);
  return s;
}

/** Gives the mutex up when the other waits for it, and takes it back at once if it can. */
function barge(s: Guarded, w: World, me: number): void {
  const { mutex } = w.thread(me).state;
  hold(s, w);
  awaitDetached(w, 1);
  mutex.unlock(s.mutex);
  if (!mutex.tryLock(s.mutex)) return;
  hold(s, w);
  mutex.unlock(s.mutex);
}

function handOffs(w: World, slot: number): number {
  return w.i32[w.thread(slot).block + ThreadBlock.Counters + Counter.HandOffs];
}

/** Scenario 33. */
export const mutexHandOff = scenario<Guarded>('mutex-hand-off', {
  about:
    'a mutex is handed to who has waited for 1 ms, while its holder locks it again (barging; INV-6.1, D11)',
  litmus: ['D11'],
  setup: guardedAndLocked,
  threads: { barger: barge, waiter: lockedIncrement },
  after: (s, w) => ({ barged: w.i32[s.x] === 3, handedOff: handOffs(w, 0) > 0 }),
  outcomes: {
    'barged=false, handedOff=false': 'required',
    'barged=true, handedOff=false': 'required',
    'barged=false, handedOff=true': 'required',
    // The waiter has had it and given it up by then; or it was passed over first, and served at the next unlock.
    'barged=true, handedOff=true': 'required',
  },
  world: { dataRaces: true, clockJumps: 2 },
  variants: {
    'the bit is cleared before the hand-off': {
      overrides: [UnlockedHandOff],
      finds: ['broken invariant', 'error'],
    },
  },
});
