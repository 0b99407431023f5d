/** Readings of the two clocks, of which the quickest counts. */
const READINGS = 100;

/**
 * A time that threads can compare: the machine's monotonic clock, in microseconds. `process.hrtime` has one origin for all
 * workers, but allocates; `performance.now` does not, and counts from its worker's start. Node reads the same clock for
 * both, so that their distance is constant in a worker; `calibrate` measures it. (The sum with `performance.timeOrigin` is
 * comparable to some microseconds only: origins are taken from the wall clock.)
 */
export class TraceClock {
  /** By how much the time may be wrong, in microseconds: half of the quickest reading of both clocks. */
  error = Number.POSITIVE_INFINITY;
  private offset = 0;

  now(): number {
    return performance.now() * 1000 + this.offset;
  }

  calibrate(): void {
    for (let left = READINGS; left > 0; left--) {
      const before = performance.now() * 1000;
      const [seconds, nanoseconds] = process.hrtime();
      const after = performance.now() * 1000;
      const error = (after - before) / 2;
      if (error >= this.error) continue;
      this.error = error;
      this.offset = seconds * 1e6 + nanoseconds / 1e3 - (before + after) / 2;
    }
  }
}
