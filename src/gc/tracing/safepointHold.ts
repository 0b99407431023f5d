import { Control, EvalBreaker, GcState, Geometry, ThreadBlock } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { setBreaker, threadBlock } from '../../threads/evalBreaker.js';
import type { GcThread } from '../collector.js';

/** How long the collector lets the others run before it looks again whether all have come to a safepoint. */
const RETRY_MS = 0.2;

/**
 * A pause in which every thread stands at a safepoint. That is more than a stopped world: a thread that waits detached
 * for a container's lock is in the middle of an operation, and a local variable of JavaScript may hold the only
 * reference to what it has just made, or taken out of somewhere. Where references are counted that one is counted; here
 * nobody would see it.
 *
 * So threads say where they wait (`ThreadBlock.AtSafepoint`): 1 in `poll`, at the run's barrier, for a lock of the
 * program, before their first operation. While the collector finds one that waits elsewhere, it lets the world go on, and
 * whoever comes to a safepoint stays there (`GcState.Holding`). Those who are in the middle of something wait for each
 * other only, never for one who stays, for at a safepoint no container's lock is held: all get there.
 */
export class SafepointHold {
  private readonly i32: Int32Array;

  constructor(
    private readonly thread: GcThread,
    /** The GIL keeps the others from running; else the world is stopped. */
    private readonly gil: boolean,
  ) {
    this.i32 = thread.i32;
  }

  /** Returns with every other thread at a safepoint, to stay there until `end`. Throws RunAborted, nobody being held. */
  begin(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Holding, 1);
    try {
      this.callOthers();
      this.stop();
      while (!this.allAtSafepoints()) {
        this.start();
        this.callOthers();
        this.letOthersRun();
        this.stop();
      }
    } catch (error) {
      this.letGo();
      throw error;
    }
    this.thread.publishStack();
  }

  end(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Holding, 0);
    this.start();
    this.letGo();
  }

  /** At a safepoint: stays here while another thread collects. Throws RunAborted. */
  stay(): void {
    const heap = this.i32;
    const { state } = this.thread;
    while (Atomics.load(heap, Control.Gc + GcState.Holding) !== 0) {
      state.atSafepoint(1);
      state.detach();
      futexWait(heap, Control.Gc + GcState.Holding, 1, Infinity);
      state.attach();
      state.atSafepoint(0);
    }
  }

  private stop(): void {
    if (!this.gil) this.thread.stopTheWorld();
  }

  private start(): void {
    if (!this.gil) this.thread.startTheWorld();
  }

  private letGo(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Holding, 0);
    futexWake(this.i32, Control.Gc + GcState.Holding, Infinity);
  }

  private letOthersRun(): void {
    const { state } = this.thread;
    state.detach();
    futexWait(this.i32, Control.Gc + GcState.Holding, 1, RETRY_MS);
    state.attach();
  }

  /** Their next poll leads to `stay`. */
  private callOthers(): void {
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (this.isOther(block)) setBreaker(this.i32, block, EvalBreaker.GcScheduled);
    }
  }

  /**
   * Declared racy reads under the GIL, where no world is stopped: a thread that is being born is at a safepoint and
   * holds nothing, one that is gone neither; any other has written its word before it gave the GIL up.
   */
  protected allAtSafepoints(): boolean {
    const heap = this.i32;
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (this.isOther(block) && heap[block + ThreadBlock.AtSafepoint] === 0) return false;
    }
    return true;
  }

  private isOther(block: number): boolean {
    return this.i32[block + ThreadBlock.Alive] !== 0 && block !== this.thread.block;
  }
}
