import { Control } from '../../memory/layout.js';
import { Mutex } from '../../sync/mutex.js';
import type { ParkingLot } from '../../sync/parkingLot.js';
import type { SyncThread } from '../../sync/syncThread.js';
import { Gil, NoInterpreterLock } from '../../threads/gil.js';
import type { Recorder } from './recorder.js';
import { HoldFlag, TraceEvent, TraceState } from './recording.js';

/** Records who waits, and who gives up what somebody waits for. What needs no waiting goes through `TracedAtomics`. */
export class TracedMutex extends Mutex {
  /** Of the unlock under way. */
  private handedOver = 0;

  constructor(
    thread: SyncThread,
    lot: ParkingLot,
    private readonly recorder: Recorder,
  ) {
    super(thread, lot);
  }

  override tryLock(byte: number): boolean {
    const locked = super.tryLock(byte);
    if (locked) this.recorder.locked(byte);
    return locked;
  }

  override lockSlow(byte: number, timeoutMs: number, detach: boolean): boolean {
    const { recorder } = this;
    if (timeoutMs <= 0) {
      const locked = super.lockSlow(byte, timeoutMs, detach);
      if (locked) recorder.locked(byte);
      return locked;
    }
    let locked = false;
    recorder.waits(byte);
    try {
      locked = super.lockSlow(byte, timeoutMs, detach);
    } finally {
      recorder.waited(byte, locked);
    }
    return locked;
  }

  override unlockSlow(byte: number): void {
    const time = this.recorder.now();
    this.handedOver = 0;
    super.unlockSlow(byte);
    this.recorder.unlocked(byte, time, HoldFlag.Waiter | this.handedOver);
  }

  protected override valueFor(waiter: number, others: boolean): number {
    const value = super.valueFor(waiter, others);
    if ((value & 1) !== 0) this.handedOver = HoldFlag.HandedOver;
    return value;
  }
}

/** The thread was asked to let others have the GIL, and does not come back before one has had it. */
const FORCED = 'until another thread has had it';

/** Records every acquisition and release, and who waits. */
export class TracedGil extends Gil {
  private waited = false;

  constructor(
    private readonly heap: Int32Array,
    block: number,
    private readonly recorder: Recorder,
  ) {
    super(heap, block);
  }

  override take(): void {
    this.waited = false;
    super.take();
    this.recorder.gilTaken(this.waited);
  }

  override drop(final: boolean): void {
    const { recorder } = this;
    recorder.gilDropping(Atomics.load(this.heap, Control.GilWaiters) > 0);
    // It wants the GIL back. Not only in `awaitSwitch`: the thread that is woken may take this one's processor.
    if (!final && this.dropRequested()) recorder.off(TraceState.WaitingForGil, recorder.note(FORCED));
    super.drop(final);
  }

  protected override waitForLock(): void {
    this.waited = true;
    this.recorder.off(TraceState.WaitingForGil);
    super.waitForLock();
  }

  protected override awaitSwitch(switches: number): void {
    const { recorder } = this;
    super.awaitSwitch(switches);
    recorder.off(TraceState.Parked);
  }
}

/** Leaving the attached state is seen here in builds without a GIL, as in those with one. */
export class TracedNoLock extends NoInterpreterLock {
  constructor(private readonly recorder: Recorder) {
    super();
  }

  override drop(_final: boolean): void {
    this.recorder.event(TraceEvent.Leave);
  }
}
