import type { Histogram } from 'hdr-histogram-js';
import { measureClockOffset } from '../../runtime/processClock.js';
import { createHistogram, LONGEST } from './hdr.js';
import type { LatencyCounts } from './latencyCounts.js';

/** Times that wait for the histogram: those of a sample, as a rule. */
const ROOM = 1 << 15;

/**
 * How long one thread's requests took. A workload says what its request is, and from when it counts: with a schedule of
 * arrivals from the moment when the request was *meant* to arrive, whether or not the thread was there. Who measures
 * from when the thread got to it leaves out what those behind it have waited ("coordinated omission": Gil Tene, How NOT
 * to Measure Latency, 2013).
 *
 * A time is written to an array, and reaches the histogram behind the sample: that takes some ten times as long as
 * all of `record`. One a worker.
 */
export class RequestTimes {
  /** Milliseconds. */
  private readonly offset = measureClockOffset().offset / 1000;
  private readonly times = new Float64Array(ROOM);
  private waiting = 0;
  private free = 0;
  private since = 0;
  private longest = 0;
  private histogram: Histogram | null = null;

  /** Milliseconds of a clock that all threads of the process share, to a microsecond or so. */
  now(): number {
    return performance.now() + this.offset;
  }

  /** A request from `start` to `end`, as `now` gives them. One from before the current sample does not count. */
  record(start: number, end: number): void {
    if (start < this.since) return;
    if (this.waiting === ROOM) this.settle();
    this.times[this.waiting++] = end - start;
  }

  /** So many requests that did not have to wait: without looking at the clock. */
  recordNoWait(count: number): void {
    this.free += count;
  }

  /** A sample begins: what is under way does not count, it has waited between the samples. */
  begin(): void {
    this.since = this.now();
  }

  /** Behind a sample: whatever waits for the histogram goes there. */
  settle(): void {
    this.histogram ??= createHistogram();
    const { histogram, times } = this;
    for (let i = 0; i < this.waiting; i++) {
      // Clocks of two threads may disagree by a little.
      const nanoseconds = Math.min(Math.max(Math.round(times[i] * 1e6), 0), LONGEST);
      if (nanoseconds > this.longest) this.longest = nanoseconds;
      histogram.recordValue(nanoseconds);
    }
    if (this.free > 0) histogram.recordValueWithCount(0, this.free);
    this.waiting = 0;
    this.free = 0;
  }

  /** Forgets everything: before a run, and behind its warm-up. */
  clear(): void {
    this.waiting = 0;
    this.free = 0;
    this.longest = 0;
    this.histogram?.reset();
  }

  /** What was recorded since `clear`; null if nothing was. */
  counts(): LatencyCounts | null {
    this.settle();
    const counts: [number, number][] = [];
    const buckets = (this.histogram as unknown as Buckets).recordedValuesIterator;
    buckets.reset();
    while (buckets.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = buckets.next();
      counts.push([valueIteratedTo, countAtValueIteratedTo]);
    }
    if (counts.length === 0) return null;
    counts[counts.length - 1][0] = this.longest;
    return counts;
  }
}

/** The part of the library's histogram in JavaScript that its common interface leaves out. */
interface Buckets {
  readonly recordedValuesIterator: {
    reset(): void;
    hasNext(): boolean;
    next(): { readonly valueIteratedTo: number; readonly countAtValueIteratedTo: number };
  };
}
