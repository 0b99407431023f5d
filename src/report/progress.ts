import { throughput } from './results.js';
import { median } from './statistics.js';
import { formatDuration, formatMops, plural } from './text.js';
import type { CompareHooks, Measurement } from './types.js';

/** Where progress goes: standard error, or a fake of it. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

export interface Progress extends CompareHooks {
  /** Takes the progress line off the terminal; to be called before anything else is printed. */
  finish(): void;
}

/** A rewritten line on a terminal that can do it, else a plain line for each workload that is done. `now` in ms. */
export function createProgress(
  stream: ProgressStream,
  terminalName: string | undefined,
  now: () => number,
): Progress {
  return stream.isTTY === true && terminalName !== 'dumb'
    ? new LineProgress(stream, now)
    : new PlainProgress(stream, now);
}

/** Counts combinations and guesses the time left from the time that the done ones took. */
class Estimate {
  private total = 0;
  private done = 0;
  private startedAt = 0;

  constructor(private readonly now: () => number) {}

  start(total: number): void {
    this.total = total;
    this.startedAt = this.now();
  }

  step(): void {
    this.done++;
  }

  /** `3/64, 45 s left`; without a time before the first combination is done and after the last one. */
  toString(): string {
    const left = this.total - this.done;
    if (this.done === 0 || left <= 0) return `${this.done}/${this.total}`;
    const seconds = ((this.now() - this.startedAt) / this.done / 1000) * left;
    return `${this.done}/${this.total}, about ${formatDuration(seconds)} left`;
  }
}

const ERASE_LINE = '\r\x1b[2K';

class LineProgress implements Progress {
  private readonly estimate: Estimate;
  private shown = false;

  constructor(
    private readonly stream: ProgressStream,
    now: () => number,
  ) {
    this.estimate = new Estimate(now);
  }

  onStart(total: number): void {
    this.estimate.start(total);
  }

  onStep(workload: string, build: string, threads: number): void {
    const text = `[${this.estimate}] ${workload}, ${build}, ${plural(threads, 'thread')}`;
    // A line as wide as the terminal would wrap and could not be erased.
    const room = Math.max(1, (this.stream.columns ?? 80) - 1);
    this.stream.write(ERASE_LINE + text.slice(0, room));
    this.shown = true;
  }

  onMeasurement(): void {
    this.estimate.step();
  }

  finish(): void {
    if (this.shown) this.stream.write(ERASE_LINE);
    this.shown = false;
  }
}

/** A workload is done when another one begins, so one line covers all its builds that ran in a row. */
class PlainProgress implements Progress {
  private readonly estimate: Estimate;
  private pending: Measurement[] = [];

  constructor(
    private readonly stream: ProgressStream,
    now: () => number,
  ) {
    this.estimate = new Estimate(now);
  }

  onStart(total: number): void {
    this.estimate.start(total);
  }

  onStep(workload: string): void {
    if (this.pending.length > 0 && this.pending[0].workload !== workload) this.finish();
  }

  onMeasurement(measurement: Measurement): void {
    this.estimate.step();
    this.pending.push(measurement);
  }

  finish(): void {
    if (this.pending.length === 0) return;
    const builds = [...new Set(this.pending.map((measurement) => measurement.build))];
    const figures = builds.map((build) => `${build} ${this.figuresOf(build)}`).join('; ');
    this.stream.write(`[${this.estimate}] ${this.pending[0].workload}: ${figures} Mops/s\n`);
    this.pending = [];
  }

  private figuresOf(build: string): string {
    return this.pending
      .filter((measurement) => measurement.build === build)
      .map(({ samples, threads }) => `${formatMops(median(samples.map(throughput)))} (${threads} thr)`)
      .join(', ');
  }
}
