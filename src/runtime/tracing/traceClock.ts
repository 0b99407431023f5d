import { measureClockOffset } from '../processClock.js';

/** A time that threads can compare, in microseconds: see `measureClockOffset`. */
export class TraceClock {
  /** By how much the time may be wrong, in microseconds. */
  error = Number.POSITIVE_INFINITY;
  private offset = 0;

  now(): number {
    return performance.now() * 1000 + this.offset;
  }

  /** Again and again: the quickest reading of all counts. */
  calibrate(): void {
    const found = measureClockOffset();
    if (found.error >= this.error) return;
    this.error = found.error;
    this.offset = found.offset;
  }
}
