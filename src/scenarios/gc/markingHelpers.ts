import { MarkingCrew } from '../../gc/marking/crew.js';
import { Marking } from '../../gc/marking/layout.js';
import { Control, ThreadBlock, ThreadStatus } from '../../memory/layout.js';
import { futexWake } from '../../sync/futex.js';
import { type PendingWork, ThreadState } from '../../threads/threadState.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Threads that wait at their safepoints are asked to help in a pause: they have left before it ends, in every interleaving. */

interface Pause {
  /** Written by the collecting thread outside of sessions, by a helper inside: without a lock, and never both. */
  readonly x: number;
  /** 1 while the helper is inside a session; address 0: nobody asks. */
  readonly inside: number;
}

/** What a thread does as a helper, in the place of marking; all else that pends does not arise here. */
class Helps implements PendingWork {
  constructor(
    private readonly s: Pause,
    private readonly w: World,
    private readonly crew: MarkingCrew,
  ) {}

  helpPause(): void {
    const { s, w } = this;
    if (s.inside !== 0) Atomics.store(w.i32, s.inside, 1);
    w.i32[s.x] = w.i32[s.x] + 1;
    if (s.inside !== 0) Atomics.store(w.i32, s.inside, 0);
    this.crew.left();
  }

  mergeQueued(): void {}
  processDelayed(): void {}
  collectIfDue(): void {}
  publishStack(): void {}
  dropCaches(): void {}
}

/** The world stands still, the other thread is at its safepoint; stops themselves are asked by `stop-attach` and others. */
function pause(w: World): Pause {
  return pauseOf(w, { x: w.words(1, 'x'), inside: w.words(1, 'inside') });
}

/** With fewer steps: the other has been asked for help already. */
function pauseInvited(w: World): Pause {
  const s = pauseOf(w, { x: w.words(1, 'x'), inside: 0 });
  w.i32[s.x] = 1;
  const crew = new MarkingCrew(w.i32, w.thread(0).block);
  crew.gather(2);
  crew.invite();
  return s;
}

function pauseOf(w: World, s: Pause): Pause {
  const { state, block } = w.thread(1);
  state.pending = new Helps(s, w, new MarkingCrew(w.i32, block));
  state.detach();
  suspend(w, block);
  return s;
}

/** As StopTheWorld.parkDetached. */
function suspend(w: World, block: number): boolean {
  const status = block + ThreadBlock.Status;
  const before = Atomics.compareExchange(w.i32, status, ThreadStatus.Detached, ThreadStatus.Suspended);
  if (before !== ThreadStatus.Detached) return false;
  w.i32[block + ThreadBlock.MayMark] = 1;
  return true;
}

/** As StopTheWorld.start. */
function resume(w: World, block: number): void {
  Atomics.store(w.i32, block + ThreadBlock.Status, ThreadStatus.Detached);
  futexWake(w.i32, block + ThreadBlock.Status, 1);
}

/** The world has been stopped. */
function collect(s: Pause, w: World, me: number): void {
  const crew = new MarkingCrew(w.i32, w.thread(me).block);
  w.i32[s.x] = w.i32[s.x] + 1;
  crew.gather(2);
  crew.invite();
  crew.dismiss();
  const inside = s.inside !== 0 && Atomics.load(w.i32, s.inside) !== 0;
  w.check(!inside, 'a helper is inside when the session has ended');
  w.i32[s.x] = w.i32[s.x] + 1;
}

function collectOnce(s: Pause, w: World, me: number): void {
  collect(s, w, me);
  resume(w, w.thread(1).block);
}

/**
 * Ends the first pause. Then a second one, if the other is still where it was; who has helped in the first is not asked
 * again.
 */
function collectTwice(s: Pause, w: World, me: number): void {
  const { block } = w.thread(1);
  new MarkingCrew(w.i32, w.thread(me).block).dismiss();
  w.i32[s.x] = w.i32[s.x] + 1;
  const helped = w.i32[s.x] > 2;
  resume(w, block);
  if (!suspend(w, block)) return;
  if (helped) w.i32[s.x] = w.i32[s.x] + 2;
  else collect(s, w, me);
  resume(w, block);
}

/** As handlePending when it has suspended itself. */
function waitOutPause(_s: Pause, w: World, me: number): void {
  w.thread(me).state.attach();
}

/** All of it, with a thread that the stop finds detached. */
function stopAndCollect(s: Pause, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  collect(s, w, me);
  thread.startTheWorld();
}

function detachAttach(_s: Pause, w: World, me: number): void {
  const { state } = w.thread(me);
  state.detach();
  state.attach();
}

function running(w: World): Pause {
  const s = { x: w.words(1, 'x'), inside: w.words(1, 'inside') };
  const { state, block } = w.thread(1);
  state.pending = new Helps(s, w, new MarkingCrew(w.i32, block));
  return s;
}

function outcome(s: Pause, w: World): { x: number; outstanding: number } {
  return { x: w.i32[s.x], outstanding: w.i32[Control.GcMarking + Marking.Outstanding] };
}

class AcceptByStore extends ThreadState {
  protected override acceptInvitation(): void {
    const status = this.block + ThreadBlock.Status;
    if (Atomics.load(this.i32, status) !== ThreadStatus.Invited) return;
    Atomics.store(this.i32, status, ThreadStatus.Suspended);
    this.pending.helpPause();
  }
}

class TakeBackByStore extends MarkingCrew {
  protected override takeBack(status: number): boolean {
    if (Atomics.load(this.i32, status) !== ThreadStatus.Invited) return false;
    Atomics.store(this.i32, status, ThreadStatus.Suspended);
    return true;
  }
}

class WaitsForNobody extends MarkingCrew {
  protected override waitForHelpers(): void {}
}

/** The invitation is accepted and taken back: it is counted off twice. */
const TWO_HAVE_IT = ['broken invariant', 'deadlock', 'x=2, outstanding=-1', 'x=3, outstanding=-1'];

const ONE_PAUSE = {
  'x=2, outstanding=0': 'required',
  'x=3, outstanding=0': 'required',
} as const;

export const markingHelpers = scenario<Pause>('marking-helpers', {
  about:
    'a thread at its safepoint is asked to help in a pause: it helps before the pause ends, or not at all',
  setup: pause,
  threads: { collector: collectOnce, other: waitOutPause },
  after: outcome,
  outcomes: ONE_PAUSE,
  world: { dataRaces: true },
  variants: {
    'accepted by load and store': { overrides: [AcceptByStore], finds: TWO_HAVE_IT },
    'taken back by load and store': {
      overrides: [TakeBackByStore],
      finds: TWO_HAVE_IT,
    },
    'the world starts with helpers inside': { overrides: [WaitsForNobody], finds: ['broken invariant'] },
  },
});

export const markingDetached = scenario<Pause>('marking-detached', {
  about: 'a thread that a stop has found detached attaches during the pause: it is not asked to help',
  setup: running,
  threads: { collector: stopAndCollect, other: detachAttach },
  after: outcome,
  outcomes: { 'x=2, outstanding=0': 'required' },
  world: { dataRaces: true },
});

export const markingSecondPause = scenario<Pause>('marking-second-pause', {
  about: 'a second pause follows at once, while a helper of the first has not woken yet',
  setup: pauseInvited,
  threads: { collector: collectTwice, other: waitOutPause },
  after: outcome,
  outcomes: {
    'x=2, outstanding=0': 'required',
    'x=3, outstanding=0': 'required',
    'x=4, outstanding=0': 'required',
    'x=5, outstanding=0': 'required',
  },
  world: { dataRaces: true },
  variants: {
    'the world starts with helpers inside': {
      overrides: [WaitsForNobody],
      outcomes: { '*': 'expected' },
      finds: ['x=2, outstanding=-1', 'x=3, outstanding=-1', 'x=4, outstanding=-1', 'x=5, outstanding=-1'],
    },
  },
});
