import { Control, StopState, ThreadBlock, ThreadStatus } from '../../memory/layout.js';
import { CriticalSections } from '../../sync/criticalSection.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { StopTheWorld } from '../../threads/stopTheWorld.js';
import { ThreadState } from '../../threads/threadState.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Paused {
  /** Written by the others while they are attached, and by who stops the world. */
  readonly x: number;
}

function paused(w: World): Paused {
  w.thread(0);
  return { x: w.words(1, 'x') };
}

function increment(s: Paused, w: World): void {
  w.i32[s.x] = w.i32[s.x] + 1;
}

/** Stops the world, works in it as if alone, and lets it go on. */
function pauseAndIncrement(s: Paused, w: World, me: number): void {
  const thread = w.thread(me);
  thread.stopTheWorld();
  checkPause(w, me);
  increment(s, w);
  thread.startTheWorld();
}

/** INV-7.3, INV-7.4. */
function checkPause(w: World, me: number): void {
  const left = Atomics.load(w.i32, Control.StopCountdown);
  w.check(left === 0, `the world is stopped, and ${left} threads are to come`);
  for (let slot = 0; slot < w.threadCount; slot++) {
    const status = Atomics.load(w.i32, threadBlock(slot) + ThreadBlock.Status);
    w.check(slot === me || status !== ThreadStatus.Attached, `thread ${slot} is attached in the pause`);
  }
}

/** A safepoint, and a call that blocks. */
function pollDetachAttach(s: Paused, w: World, me: number): void {
  const { state } = w.thread(me);
  state.poll();
  increment(s, w);
  state.detach();
  state.attach();
  increment(s, w);
}

class SuspendedAsDetached extends ThreadState {
  protected override becomeInactive(): void {
    super.becomeInactive(false);
  }
}

class AttachByStore extends ThreadState {
  protected override becomeAttached(): number {
    const status = this.block + ThreadBlock.Status;
    const before = Atomics.load(this.i32, status);
    if (before === ThreadStatus.Detached) Atomics.store(this.i32, status, ThreadStatus.Attached);
    return before;
  }
}

/** Scenario 36. */
export const stopAgainstAttach = scenario<Paused>('stop-attach', {
  about:
    'the world is stopped while a thread polls, detaches and attaches: nobody is attached in the pause (gh-116396)',
  litmus: ['D17'],
  setup: paused,
  threads: { stopper: pauseAndIncrement, other: pollDetachAttach },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=3': 'required' },
  world: { dataRaces: true },
  variants: {
    'a thread suspends itself as detached (gh-116396)': {
      overrides: [SuspendedAsDetached],
      finds: ['broken invariant', 'x=2'],
    },
    'attach by load and store (D17)': { overrides: [AttachByStore], finds: ['broken invariant', 'x=2'] },
  },
});

/** Ends while the world may be stopped. */
function exit(s: Paused, w: World, me: number): void {
  increment(s, w);
  w.thread(me).exit();
}

class ExitCountedAgain extends ThreadState {
  protected override leaveCountdown(): void {
    super.leaveCountdown(ThreadStatus.Attached);
  }
}

/** D18. */
export const stopAgainstExit = scenario<Paused>('stop-exit', {
  about: 'the world is stopped while a thread exits: the countdown ends once (CPython Python/pystate.c, D18)',
  litmus: ['D18'],
  setup: paused,
  threads: { stopper: pauseAndIncrement, other: exit },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'a suspended thread that goes is counted off again': {
      overrides: [ExitCountedAgain],
      finds: ['broken invariant'],
    },
  },
});

function start(s: Paused, w: World, me: number): void {
  w.thread(me).start();
  increment(s, w);
}

class BornDetached extends ThreadState {
  protected override statusAtBirth(): ThreadStatus {
    return ThreadStatus.Detached;
  }
}

/** D18. */
export const stopAgainstStart = scenario<Paused>('stop-start', {
  about: 'the world is stopped while a thread starts: it is born suspended (CPython Python/pystate.c, D18)',
  litmus: ['D18'],
  setup(w) {
    w.unstarted(1);
    return paused(w);
  },
  threads: { stopper: pauseAndIncrement, other: start },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'a thread is born detached in a stop': { overrides: [BornDetached], finds: ['broken invariant', 'x=1'] },
  },
});

/** PIT-7.4: the first cannot suspend who waits attached. */
class WaitAttached extends StopTheWorld {
  protected override takeTurn(stop: number): void {
    this.thread.mutex.lock((stop + StopState.Mutex) << 2, false);
  }
}

/** PIT-7.4. */
export const stopAgainstStop = scenario<Paused>('stop-stop', {
  about: 'two threads stop the world: the second waits detached, so that the first can suspend it (PIT-7.4)',
  setup: paused,
  threads: [pauseAndIncrement, pauseAndIncrement],
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'the second waits for its turn attached (PIT-7.4)': {
      overrides: [WaitAttached],
      finds: ['livelock'],
      maxSteps: 2000,
    },
  },
});

interface Section {
  /** Byte address. */
  readonly mutex: number;
  /** Guarded by it. */
  readonly x: number;
}

function section(w: World): Section {
  w.thread(0);
  return { mutex: 4 * w.words(1, 'mutex'), x: w.words(1, 'x') };
}

function incrementInSection(s: Section, w: World, me: number): void {
  const { sections } = w.thread(me).state;
  const token = sections.begin(s.mutex);
  w.i32[s.x] = w.i32[s.x] + 1;
  sections.end(token);
}

/** What the section guards stays as it is while its holder stops the world. */
function stopInSection(s: Section, w: World, me: number): void {
  const thread = w.thread(me);
  const { sections } = thread.state;
  const token = sections.begin(s.mutex);
  const before = w.i32[s.x];
  thread.stopTheWorld();
  w.i32[s.x] = before + 1;
  thread.startTheWorld();
  sections.end(token);
}

/** Holds the mutex across a safepoint; no section releases it there. */
function incrementAcrossPoll(s: Section, w: World, me: number): void {
  const { state } = w.thread(me);
  state.mutex.lock(s.mutex);
  state.poll();
  w.i32[s.x] = w.i32[s.x] + 1;
  state.mutex.unlock(s.mutex);
}

/** gh-118332: waits as any other call that blocks does. */
class WaitDetached extends StopTheWorld {
  protected override waitForOthers(): void {
    this.thread.detach();
    super.waitForOthers();
    this.thread.attach();
  }
}

/** Scenario 37. */
export const stopInsideSection = scenario<Section>('stop-in-section', {
  about: 'a thread stops the world from inside a critical section that another waits for (gh-118332)',
  setup: section,
  threads: { stopper: stopInSection, other: incrementAcrossPoll },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'the stopper detaches while it waits (gh-118332)': { overrides: [WaitDetached], finds: ['deadlock'] },
  },
});

/** A section begun and ended in the pause, on a mutex that the thread has held before it. */
function sectionInPause(s: Section, w: World, me: number): void {
  const thread = w.thread(me);
  const { sections } = thread.state;
  const outer = sections.begin(s.mutex);
  thread.stopTheWorld();
  sections.end(outer);
  const inner = sections.begin(s.mutex);
  w.i32[s.x] = w.i32[s.x] + 1;
  sections.end(inner);
  thread.startTheWorld();
}

class LockInPause extends CriticalSections {
  protected override isWorldStopped(): boolean {
    return false;
  }
}

/** D16. */
export const handOffInPause = scenario<Section>('hand-off-in-pause', {
  about:
    'a mutex is handed to a suspended thread, and wanted again in the same pause (gh-144513, PIT-6.1, D16)',
  litmus: ['D16'],
  setup: section,
  threads: { stopper: sectionInPause, other: incrementInSection },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=2': 'required' },
  world: { dataRaces: true, clockJumps: 2 },
  variants: {
    'sections lock while the world is stopped (gh-144513)': { overrides: [LockInPause], finds: ['deadlock'] },
  },
});

/** Three pauses in a row, and none of them but the first two without the thread that wants to attach. */
function pauseAgainAndAgain(s: Paused, w: World, me: number): void {
  const thread = w.thread(me);
  const waits = threadBlock(1 - me) + ThreadBlock.AttachWaits;
  for (let pause = 0; pause < 3; pause++) {
    thread.stopTheWorld();
    const passedOver = Atomics.load(w.i32, waits) - 1;
    w.check(passedOver <= 1, `${passedOver} pauses have passed over a thread that waits to attach`);
    increment(s, w);
    thread.startTheWorld();
  }
}

function detachAndAttach(_s: Paused, w: World, me: number): void {
  const { state } = w.thread(me);
  state.detach();
  state.attach();
}

class NobodyComesFirst extends StopTheWorld {
  protected override comesFirst(block: number): boolean {
    const waits = Atomics.load(this.thread.i32, block + ThreadBlock.AttachWaits);
    if (waits !== 0) this.passOver(block, waits);
    return false;
  }
}

/** Scenario 38. Under a fair schedule: however often the thread gets its turn, it finds itself suspended. */
export const attachAgainstPauses = scenario<Paused>('attach-pauses', {
  about:
    'a thread attaches while another stops the world again and again: two pauses at most go first (gh-151518)',
  setup: paused,
  threads: { stopper: pauseAgainAndAgain, other: detachAndAttach },
  after: (s, w) => ({ x: w.i32[s.x] }),
  outcomes: { 'x=3': 'required' },
  world: { dataRaces: true },
  variants: {
    'pauses wait for nobody who is detached (gh-151518)': {
      overrides: [NobodyComesFirst],
      finds: ['broken invariant'],
    },
  },
});
