import { Control, StopState, ThreadBlock, ThreadStatus } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { stopOf } from '../../sync/worldStopped.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { StopTheWorld } from '../../threads/stopTheWorld.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Threads of two interpreters. */
interface Interpreters {
  /** Written by who has stopped all interpreters, and by others while they are attached. */
  readonly x: number;
  /** 1 from the second interpreter's pause on. */
  readonly paused: number;
}

function interpreters(...ofThread: readonly number[]): (w: World) => Interpreters {
  return (w) => {
    w.thread(0);
    ofThread.forEach((interpreter, slot) => {
      w.i32[threadBlock(slot) + ThreadBlock.Interpreter] = interpreter;
    });
    return { x: w.words(1, 'x'), paused: w.words(1, 'paused') };
  };
}

/** The main thread is in a third one, for it runs in set-up: there the first one's stop has ended. */
function firstPaused(w: World): Interpreters {
  const s = interpreters(0, 1, 2)(w);
  w.thread(0).stopTheWorld();
  return s;
}

/** Lets its own interpreter go on when the other one has been stopped meanwhile. */
function pauseUntilOther(s: Interpreters, w: World, me: number): void {
  const thread = w.thread(me);
  futexWait(w.i32, s.paused, 0, Number.POSITIVE_INFINITY);
  thread.startTheWorld();
}

function pauseAndTell(s: Interpreters, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  Atomics.store(w.i32, s.paused, 1);
  futexWake(w.i32, s.paused, 1);
  thread.startTheWorld();
}

/** One lock for stops of both kinds. */
class StopsOneByOne extends StopTheWorld {
  protected override excludeOtherKind(): void {
    super.excludeOtherKind(true);
  }
  protected override admitOtherKind(): void {
    super.admitOtherKind(true);
  }
}

/** D19. */
export const stopsOverlap = scenario<Interpreters>('stops-overlap', {
  about:
    'two interpreters are stopped at the same time: neither waits for the other (CPython Python/pystate.c, D19)',
  litmus: ['D19'],
  setup: firstPaused,
  threads: { one: pauseUntilOther, other: pauseAndTell },
  after: (s, w) => ({ paused: w.i32[s.paused] }),
  outcomes: { 'paused=1': 'required' },
  world: { dataRaces: true },
  variants: { 'one lock for all stops (D19)': { overrides: [StopsOneByOne], finds: ['deadlock'] } },
});

function pauseOwn(_s: Interpreters, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  const global = Atomics.load(w.i32, Control.GlobalStop + StopState.Requested);
  w.check(global === 0, 'all interpreters are being stopped in the pause of one');
  thread.startTheWorld();
}

function pauseAll(s: Interpreters, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld(true);
  for (let slot = 0; slot < w.threadCount; slot++) {
    const status = Atomics.load(w.i32, threadBlock(slot) + ThreadBlock.Status);
    w.check(
      slot === me || status !== ThreadStatus.Attached,
      `thread ${slot} is attached in the pause of all`,
    );
  }
  const own = Atomics.load(w.i32, stopOf(0) + StopState.Requested);
  w.check(own === 0, 'an interpreter is being stopped in the pause of all');
  w.i32[s.x] = w.i32[s.x] + 1;
  thread.startTheWorld();
}

function pollAndIncrement(s: Interpreters, w: World, me: number): void {
  w.thread(me).state.poll();
  w.i32[s.x] = w.i32[s.x] + 1;
}

class StopsOfBothKinds extends StopTheWorld {
  protected override excludeOtherKind(): void {}
  protected override admitOtherKind(): void {}
}

/** D19. */
export const stopOfAll = scenario<Interpreters>('stop-of-all', {
  about: 'one thread stops its interpreter while another stops all of them: one after the other (D19)',
  litmus: ['D19'],
  setup: interpreters(0, 1),
  threads: { one: pauseOwn, all: pauseAll },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=1': 'required' },
  world: { dataRaces: true },
  variants: {
    'nothing keeps the two kinds of stops apart (D19)': {
      overrides: [StopsOfBothKinds],
      finds: ['broken invariant', 'livelock'],
      maxSteps: 2000,
    },
  },
});

/** The other interpreter's thread goes on. */
export const stopOfOne = scenario<Interpreters>('stop-of-one', {
  about: 'an interpreter is stopped while a thread of another one runs: it is not waited for (CPython, 7.3)',
  setup: interpreters(0, 1),
  threads: { stopper: pauseOwn, other: pollAndIncrement },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=1': 'required' },
  world: { dataRaces: true },
});

/** As in one interpreter, with a thread of another one. */
export const stopOfAllAgainstPoll = scenario<Interpreters>('stop-of-all-poll', {
  about: 'all interpreters are stopped while a thread of another one polls: it is waited for (CPython, 7.3)',
  setup: interpreters(0, 1),
  threads: { stopper: pauseAll, other: pollAndIncrement },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
});
