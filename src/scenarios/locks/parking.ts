import { ThreadBlock } from '../../memory/layout.js';
import { ParkingLot, ParkResult } from '../../sync/parkingLot.js';
import { semaphorePost } from '../../sync/semaphore.js';
import { scenario } from '../scenario.js';
import { awaitDetached } from '../threads/awaitDetached.js';
import type { World } from '../world.js';

interface Timed {
  /** Byte address. */
  readonly mutex: number;
  /** Whether the waiter has got the mutex. */
  readonly acquired: number;
}

/** The first thread holds the mutex. */
function locked(w: World): Timed {
  const s = { mutex: 4 * w.words(1, 'mutex'), acquired: w.words(1, 'acquired') };
  w.thread(0).state.mutex.lock(s.mutex);
  return s;
}

function unlockForSleeper(s: Timed, w: World, me: number): void {
  awaitDetached(w, 1);
  w.thread(me).state.mutex.unlock(s.mutex);
}

function lockTimed(s: Timed, w: World, me: number): void {
  const { mutex } = w.thread(me).state;
  if (!mutex.lockTimed(s.mutex, 1)) return;
  w.i32[s.acquired] = 1;
  mutex.unlock(s.mutex);
}

/** D12: the wake-up is lost, and with it the mutex that was handed over. */
class TimeoutDespitePost extends ParkingLot {
  protected override takeLatePost(): ParkResult {
    return ParkResult.Timeout;
  }
}

/** D12. */
export const parkTimeout = scenario<Timed>('park-timeout', {
  about:
    'a timed wait for a mutex ends as the mutex is handed over: one or the other, not both (CPython, D12)',
  litmus: ['D12'],
  setup: locked,
  threads: { holder: unlockForSleeper, waiter: lockTimed },
  after: (s, w) => ({
    acquired: w.i32[s.acquired] === 1,
    locked: w.thread(0).state.mutex.isLocked(s.mutex),
  }),
  outcomes: { 'acquired=true, locked=false': 'required', 'acquired=false, locked=false': 'required' },
  world: { dataRaces: true, timeouts: 1, clockJumps: 2 },
  variants: {
    'a time-out is reported although the post is under way': {
      overrides: [TimeoutDespitePost],
      finds: ['acquired=false, locked=true'],
    },
  },
});

interface Parked {
  /** Byte address; nobody writes it. */
  readonly address: number;
}

function unparkAllAsleep(s: Parked, w: World, me: number): void {
  awaitDetached(w, 2);
  const woken = w.thread(me).state.parkingLot.unparkAll(s.address);
  w.check(woken === 2, `of two sleepers ${woken} were woken`);
}

/** Parks again, for something that nobody posts, as soon as it is woken. */
function parkTwice(s: Parked, w: World, me: number): void {
  const lot = w.thread(me).state.parkingLot;
  lot.park(s.address, 0, Infinity, true);
  lot.park(s.address + 4, 0, 1, true);
}

function parkSecond(s: Parked, w: World, me: number): void {
  awaitDetached(w, 1);
  w.thread(me).state.parkingLot.park(s.address, 0, Infinity, true);
}

/** Reads the link behind a waiter that may have queued elsewhere since its post. */
class LinkAfterPost extends ParkingLot {
  protected override postChain(first: number): number {
    let count = 0;
    for (let waiter = first; waiter !== 0; waiter = this.i32[waiter + ThreadBlock.WaitNext]) {
      semaphorePost(this.i32, waiter + ThreadBlock.Semaphore);
      count++;
    }
    return count;
  }
}

export const unparkAll = scenario<Parked>('unpark-all', {
  about:
    'all waiters for an address are woken, and the first of them parks again meanwhile, using its record anew',
  setup: (w) => {
    w.thread(0);
    return { address: 4 * w.words(2, 'parked') };
  },
  threads: { waker: unparkAllAsleep, first: parkTwice, second: parkSecond },
  outcomes: { done: 'required' },
  world: { dataRaces: true },
  variants: {
    'the link is read after the post': { overrides: [LinkAfterPost], finds: ['broken invariant'] },
  },
});
