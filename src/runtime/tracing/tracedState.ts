import type { AtomicOps } from '../../memory/atomicOps.js';
import { ThreadStatus } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import type { Mutex } from '../../sync/mutex.js';
import type { ParkingLot } from '../../sync/parkingLot.js';
import type { InterpreterLock } from '../../threads/gil.js';
import { Qsbr } from '../../threads/qsbr.js';
import { StopTheWorld } from '../../threads/stopTheWorld.js';
import { ThreadState } from '../../threads/threadState.js';
import type { Recorder } from './recorder.js';
import { TraceEvent, TraceState } from './recording.js';
import { recorderOf } from './tracedAtomics.js';
import { TracedGil, TracedMutex, TracedNoLock } from './tracedLocks.js';

/** Polls between two looks whether a sample is due. */
const POLLS_PER_TICK = 64;

/** Records when the thread is attached, suspended or neither. Its atomics are `TracedAtomics`. */
export class TracedThreadState extends ThreadState {
  private readonly recorder: Recorder;
  private polls = 0;

  constructor(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean) {
    super(memory, atomics, slot, gil);
    this.recorder = recorderOf(this);
  }

  override poll(): void {
    super.poll();
    if (++this.polls < POLLS_PER_TICK) return;
    this.polls = 0;
    this.recorder.tick();
  }

  // --- Steps of the constructor ---

  protected override makeQsbr(memory: SharedMemory, block: number): Qsbr {
    return new TracedQsbr(memory, block, recorderOf(this));
  }

  protected override makeMutex(lot: ParkingLot): Mutex {
    return new TracedMutex(this, lot, recorderOf(this));
  }

  protected override makeLock(gil: boolean): InterpreterLock {
    const recorder = recorderOf(this);
    return gil ? new TracedGil(this.i32, this.block, recorder) : new TracedNoLock(recorder);
  }

  // --- Steps ---

  protected override becomeAttached(): number {
    const before = super.becomeAttached();
    if (before === ThreadStatus.Detached) this.recorder.event(TraceEvent.On);
    return before;
  }

  protected override waitWhileSuspended(status: number): void {
    this.recorder.off(TraceState.Stopped);
    super.waitWhileSuspended(status);
  }

  protected override becomeInactive(stopping: boolean): void {
    if (stopping) this.recorder.off(TraceState.Stopped);
    super.becomeInactive(stopping);
  }

  protected override acceptInvitation(): void {
    const { recorder } = this;
    recorder.push(TraceState.Marking, recorder.note('helps'));
    try {
      super.acceptInvitation();
    } finally {
      recorder.pop(TraceState.Marking);
    }
  }
}

/** Records waiting for a grace period: a thread that is offline and looks in vain whether a goal has been reached. */
class TracedQsbr extends Qsbr {
  private waits = false;

  constructor(
    memory: SharedMemory,
    block: number,
    private readonly recorder: Recorder,
  ) {
    super(memory, block);
  }

  override poll(goal: number): boolean {
    const reached = super.poll(goal);
    if (!reached && !this.waits && Atomics.load(this.i32, this.slot) === 0) {
      this.waits = true;
      this.recorder.push(TraceState.GracePeriod);
    }
    return reached;
  }

  override attach(): void {
    super.attach();
    if (!this.waits) return;
    this.waits = false;
    this.recorder.pop(TraceState.GracePeriod);
  }
}

/** Records how long the others take to stop, and when they may go on. */
export class TracedStopTheWorld extends StopTheWorld {
  constructor(
    state: ThreadState,
    private readonly recorder: Recorder,
  ) {
    super(state);
  }

  override stop(global = false): void {
    this.recorder.push(TraceState.StoppingTheWorld);
    try {
      super.stop(global);
    } finally {
      this.recorder.pop(TraceState.StoppingTheWorld);
    }
  }

  override start(): void {
    this.recorder.event(TraceEvent.Restart);
    super.start();
  }
}
