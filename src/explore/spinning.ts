import type { Buffers } from './buffers.js';
import { Cell, EventCell, Size, ThreadCell, Touch } from './machineLayout.js';

/** Threads that spin: what they have read, and what lets them go on. */
export class Spinning {
  private readonly c: Int32Array;

  constructor(private readonly buffers: Buffers) {
    this.c = buffers.cells;
  }

  /**
   * `pause`: the thread's next step waits until something is written that it has read since its last pause. Without
   * such a rule a spinning thread would look like a livelock.
   */
  pause(thread: number): void {
    const c = this.c;
    if (c[Cell.PauseSeen] === 0) this.seePause();
    const T = Cell.Thread + thread * ThreadCell.Words;
    if (c[T + ThreadCell.ReadCount] > 0 && !this.somethingChanged(thread)) {
      c[Cell.Spinning] |= 1 << thread;
      c[T + ThreadCell.Edge] = -1;
    } else {
      c[T + ThreadCell.ReadCount] = 0;
    }
  }

  /** From here what a thread has read is part of the state: states that were noted before count for nothing. */
  private seePause(): void {
    this.c[Cell.PauseSeen] = 1;
    if (this.c[Cell.Hashing] !== 0) this.c[Cell.Promoted]++;
  }

  /** Whether something was written that the thread has read since its last pause. */
  somethingChanged(thread: number): boolean {
    const { reads, versions } = this.buffers;
    const start = thread * Size.ReadsPerThread * 2;
    const count = this.c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.ReadCount];
    for (let at = start; at < start + 2 * count; at += 2) {
      if (versions[reads[at]] !== reads[at + 1]) return true;
    }
    return false;
  }

  /** The thread has read this location: what a pause of its waits for. */
  noteRead(T: number, thread: number, location: number): void {
    const c = this.c;
    const count = c[T + ThreadCell.ReadCount];
    if (count >= Size.ReadsPerThread) return;
    const at = (thread * Size.ReadsPerThread + count) * 2;
    this.buffers.reads[at] = location;
    this.buffers.reads[at + 1] = this.buffers.versions[location];
    c[T + ThreadCell.ReadCount] = count + 1;
  }

  /**
   * A loop that only reads the same one or two words is a spin loop without `pause`: it goes on when one of them is
   * written. Otherwise no search would ever leave it.
   */
  noteSpin(T: number, thread: number, location: number): void {
    const c = this.c;
    if (location !== c[T + ThreadCell.SpinLocation] && location !== c[T + ThreadCell.SpinOther]) {
      c[T + ThreadCell.SpinOther] = c[T + ThreadCell.SpinLocation];
      c[T + ThreadCell.SpinLocation] = location;
      c[T + ThreadCell.SpinCount] = 0;
    } else if (++c[T + ThreadCell.SpinCount] >= Size.SpinReads) {
      c[T + ThreadCell.SpinCount] = 0;
      this.pause(thread);
    }
  }

  /** The location was written in this step: who waits for that goes on. */
  noteWrite(location: number, step: number): void {
    const { c } = this;
    this.buffers.versions[location]++;
    const spinning = c[Cell.Spinning];
    if (spinning === 0) return;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((spinning & (1 << t)) === 0 || !this.somethingChanged(t)) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      c[Cell.Spinning] &= ~(1 << t);
      c[T + ThreadCell.Edge] = step;
      if (this.readsSeveral(t))
        this.buffers.events[step * EventCell.Words + EventCell.Touch] |= Touch.EndsPause;
      c[T + ThreadCell.ReadCount] = 0;
    }
  }

  /** Whether the thread has read more than one location since its last pause. */
  private readsSeveral(thread: number): boolean {
    const { reads } = this.buffers;
    const start = thread * Size.ReadsPerThread * 2;
    const count = this.c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.ReadCount];
    for (let at = start + 2; at < start + 2 * count; at += 2) if (reads[at] !== reads[start]) return true;
    return false;
  }
}
