import { Event } from '../../sync/event.js';
import { ParkingLot } from '../../sync/parkingLot.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Waited {
  /** Byte address. */
  readonly event: number;
  /** Written before the event is set. */
  readonly x: number;
  /** What the waiter has seen of it. */
  readonly seen: number;
}

function unset(w: World): Waited {
  w.thread(0);
  return { event: 4 * w.words(1, 'event'), x: w.words(1, 'x'), seen: w.words(1, 'seen') };
}

function eventOf(w: World, me: number): Event {
  const { state } = w.thread(me);
  return new Event(state, state.parkingLot);
}

function set(s: Waited, w: World, me: number): void {
  w.i32[s.x] = 1;
  eventOf(w, me).set(s.event);
}

function wait(s: Waited, w: World, me: number): void {
  eventOf(w, me).wait(s.event);
  w.i32[s.seen] = w.i32[s.x];
}

/** D13: parks although the byte has changed since the caller's look at it. */
class ParkUnseeing extends ParkingLot {
  protected override stillShows(): boolean {
    return true;
  }
}

/** Looks for waiters first and sets then. */
class SetByCheck extends Event {
  override set(byte: number): void {
    if (Atomics.load(this.u8, byte) === 2) super.set(byte);
    else Atomics.store(this.u8, byte, 1);
  }
}

/** Scenario 34. */
export const eventSet = scenario<Waited>('event-set', {
  about: 'an event is set while a thread goes to sleep for it: never asleep after set (CPython PyEvent, D13)',
  litmus: ['D13'],
  setup: unset,
  threads: { setter: set, waiter: wait },
  after: (s, w) => ({ seen: w.i32[s.seen] }),
  outcomes: { 'seen=1': 'required' },
  world: { dataRaces: true },
  variants: {
    'the waiter parks without another look under the bucket lock': {
      overrides: [ParkUnseeing],
      finds: ['deadlock'],
    },
    'set looks for waiters, and then stores': { overrides: [SetByCheck], finds: ['deadlock'] },
  },
});
