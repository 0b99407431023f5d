/**
 * A turn stands for one `sched_yield()` of CPython's spinning (Python/lock.c): JavaScript cannot give up the
 * processor without a futex call. It takes about 1 us, as the system call does on a virtual machine.
 */
const PAUSES_PER_TURN = 32;
/** The same time on engines without a pause instruction. */
const ADDITIONS_PER_TURN = 1000;

/** `Atomics.pause`, which engines have from Node 24 on. */
type Pause = (this: void) => void;

/**
 * The one place where threads spin. Callers count turns and bound them: by the thread's `spinLimit`,
 * or by `SpinLimit.TurnsDespiteAbort` where an aborted run leaves no way to sleep.
 */
export class Spinner {
  private readonly engine: Pause | null;
  /** Keeps the loop below from being empty on engines without a pause instruction. */
  private turns = 0;

  constructor() {
    this.engine = (Atomics as unknown as { pause?: Pause }).pause ?? null;
  }

  /** Passes about 1 us without touching shared memory. */
  turn(): void {
    const pause = this.engine;
    if (pause === null) this.turnWithoutPause();
    else for (let left = PAUSES_PER_TURN; left > 0; left--) pause();
  }

  private turnWithoutPause(): void {
    for (let left = ADDITIONS_PER_TURN; left > 0; left--) this.turns = (this.turns + left) | 0;
  }
}

/** Limits of spinning that is not `SyncThread.spinLimit`. */
export const enum SpinLimit {
  /** A tenth of a second or more: far longer than a live thread holds a raw mutex, so whoever holds it is dead. */
  TurnsDespiteAbort = 1 << 17,
}
