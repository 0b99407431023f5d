const MASK_31 = 0x7fffffff;

/** All that this room knows of time: one place, so that the explorer can put its own clock there. */
export class Clock {
  /** Each worker's `performance.now()` starts at an origin of its own; the sum is comparable between workers. */
  private readonly origin = performance.timeOrigin;

  /** Milliseconds of this thread's monotonic clock; for time-outs, not to be compared between threads. */
  milliseconds(): number {
    return performance.now();
  }

  /**
   * Low 31 bits of the time in microseconds, comparable between threads (through `isAfter`). Workers read their
   * origins one by one, so two of them may disagree by some microseconds: enough for fairness, for nothing else.
   */
  microseconds(): number {
    return ((this.origin + performance.now()) * 1000) & MASK_31;
  }
}

/**
 * Whether the 31-bit time `now` is later than `then`. Right across the wrap for times less than 17 minutes apart;
 * a longer wait may look short, which only makes one unlock less fair.
 */
export function isAfter(now: number, then: number): boolean {
  return (now - then) << 1 > 0;
}

/** Microseconds from the 31-bit time `then` to `now`; 0 if `now` is earlier, as clocks of two threads may have it. */
export function elapsed(then: number, now: number): number {
  return Math.max(((now - then) << 1) >> 1, 0);
}

/** The 31-bit time `delay` microseconds after `time`. */
export function later(time: number, delay: number): number {
  return (time + delay) & MASK_31;
}
