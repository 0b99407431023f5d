/**
 * How many calls of `Worker.run` go between two looks at the clock: found during the warm-up, as a call takes 100 ns in
 * one workload and 100 ms in another.
 */

/**
 * Milliseconds between two looks that are aimed at. A look takes 0.05 to 0.1 us (`performance.now` in a worker), a
 * thousandth or less; and threads whose time is over wait for each other no longer than this.
 */
export const CHUNK_MS = 0.2;
/** Without a warm-up nothing is known: 20 us to 1 ms for most workloads. */
const UNKNOWN = 64;
const MOST = 1 << 14;

export class Calibration {
  /** Calls between the next two looks. */
  calls: number;
  /** Operations that these are: a call may do more, or fewer, than it is asked to. */
  operations = 0;
  private callMs = Number.POSITIVE_INFINITY;

  /** `coarse`: a call takes milliseconds, the clock is looked at after each. */
  constructor(private readonly coarse: boolean) {
    this.calls = coarse ? 1 : UNKNOWN;
  }

  /** Before a warm-up: nothing is known, not even whether 64 calls come to an end. */
  begin(): void {
    this.calls = 1;
  }

  /**
   * During a warm-up, after `calls` calls that did so many operations and took `ms`. The fastest counts: the code gets faster as it is compiled,
   * and whoever waits for the GIL takes milliseconds over a call of nanoseconds. In steps of a factor of two, so that
   * one reading of the clock that is too short spoils nothing.
   */
  add(operations: number, ms: number): void {
    const perCall = operations / this.calls;
    if (!this.coarse) this.adjust(ms);
    this.operations = Math.round(perCall * this.calls);
  }

  private adjust(ms: number): void {
    this.callMs = Math.min(this.callMs, ms / this.calls);
    const wanted = this.callMs > 0 ? Math.floor(CHUNK_MS / this.callMs) : MOST;
    this.calls = Math.max(1, Math.min(wanted, this.calls * 2, MOST));
  }
}
