/** Readings of the two clocks, of which the quickest counts. */
const READINGS = 100;

/** What lies between a worker's own clock and that of the process, in microseconds. */
export interface ClockOffset {
  /** To be added to this thread's `performance.now()`, which counts from the thread's start. */
  readonly offset: number;
  /** By how much that may be wrong: half of the quickest reading of both clocks. */
  readonly error: number;
}

/**
 * Sets this thread's `performance.now()` beside the machine's monotonic clock: `process.hrtime` has one origin for all
 * workers, but allocates. Node reads the same clock for both, so that their distance is constant in a worker. (The sum with
 * `performance.timeOrigin` is comparable to some microseconds only: origins are taken from the wall clock.)
 */
export function measureClockOffset(): ClockOffset {
  let offset = 0;
  let error = Number.POSITIVE_INFINITY;
  for (let left = READINGS; left > 0; left--) {
    const before = performance.now() * 1000;
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now() * 1000;
    const half = (after - before) / 2;
    if (half >= error) continue;
    error = half;
    offset = seconds * 1e6 + nanoseconds / 1e3 - (before + after) / 2;
  }
  return { offset, error };
}
