import { FatalError } from '../memory/errors.js';
import { futexWait, futexWake } from './futex.js';
import { Spinner } from './spin.js';
import type { SyncThread } from './syncThread.js';

/** A barrier in shared memory: two words, zero at first. `Generation` is the futex. */
const enum BarrierWord {
  /** Threads that have arrived in this generation. */
  Arrived = 0,
  /** Grows by one each time all have arrived; may wrap. */
  Generation = 1,
  Words = 2,
}

/** A reusable barrier. One instance a thread; `wait` takes the address of the barrier's two words. */
export class Barrier {
  private readonly i32: Int32Array;
  private readonly spinner = new Spinner();

  constructor(private readonly thread: SyncThread) {
    this.i32 = thread.i32;
  }

  /**
   * Waits until `parties` threads have called this for the barrier at `word`. An attached thread is detached
   * while it sleeps. Returns true in the one thread that arrived last. Throws RunAborted, leaving the thread
   * detached and the barrier broken: its words must be zeroed before the next use.
   */
  wait(word: number, parties: number): boolean {
    const heap = this.i32;
    // Read before arriving: once we have arrived, the others may complete the generation at any moment.
    const generation = Atomics.load(heap, word + BarrierWord.Generation);
    const arrived = Atomics.add(heap, word + BarrierWord.Arrived, 1) + 1;
    if (arrived > parties) throw new FatalError(`more than ${parties} threads at the barrier ${word}`);
    if (arrived === parties) {
      this.release(word);
      return true;
    }
    if (!this.spinPast(word, generation)) this.sleepPast(word, generation);
    return false;
  }

  /** The count is reset before the generation moves: nobody arrives for the next round until it has. */
  private release(word: number): void {
    const heap = this.i32;
    Atomics.store(heap, word + BarrierWord.Arrived, 0);
    Atomics.add(heap, word + BarrierWord.Generation, 1);
    futexWake(heap, word + BarrierWord.Generation, Infinity);
  }

  private spinPast(word: number, generation: number): boolean {
    const heap = this.i32;
    for (let left = this.thread.spinLimit; left > 0; left--) {
      if (Atomics.load(heap, word + BarrierWord.Generation) !== generation) return true;
      this.spinner.turn();
    }
    return false;
  }

  private sleepPast(word: number, generation: number): void {
    const heap = this.i32;
    const thread = this.thread;
    const detach = thread.isAttached();
    if (detach) thread.detach();
    while (Atomics.load(heap, word + BarrierWord.Generation) === generation) {
      futexWait(heap, word + BarrierWord.Generation, generation, Infinity);
    }
    if (detach) thread.attach();
  }
}
