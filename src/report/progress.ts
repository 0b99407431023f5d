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
  /** Before a turn of another's interpreter, which is none of the combinations that are counted. */
  onForeignStep(workload: string, interpreter: string, threads: number): void;
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

/** Counts combinations, in each round anew, and guesses the time left from the time that the done ones took. */
class Estimate {
  private total = 0;
  private begun = 0;
  private startedAt = 0;

  constructor(private readonly now: () => number) {}

  start(total: number, rounds: number): void {
    this.total = total * rounds;
    this.startedAt = this.now();
  }

  begin(): void {
    this.begun++;
  }

  /** `3/64, 45 s left`, the last one begun still under way; without a time before the first is done. */
  during(): string {
    return this.text(this.begun - 1);
  }

  /** The same when the last one begun is done. */
  after(): string {
    return this.text(this.begun);
  }

  private text(done: number): string {
    const left = this.total - done;
    if (done <= 0 || left <= 0) return `${done}/${this.total}`;
    const seconds = ((this.now() - this.startedAt) / done / 1000) * left;
    return `${done}/${this.total}, about ${formatDuration(seconds)} left`;
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

  onStart(total: number, rounds = 1): void {
    this.estimate.start(total, rounds);
  }

  onStep(workload: string, build: string, threads: number): void {
    this.estimate.begin();
    this.show(this.estimate.during(), workload, build, threads);
  }

  onForeignStep(workload: string, interpreter: string, threads: number): void {
    this.show(this.estimate.after(), workload, interpreter, threads);
  }

  private show(count: string, workload: string, who: string, threads: number): void {
    const text = `[${count}] ${workload}, ${who}, ${plural(threads, 'thread')}`;
    // A line as wide as the terminal would wrap and could not be erased.
    const room = Math.max(1, (this.stream.columns ?? 80) - 1);
    this.stream.write(ERASE_LINE + text.slice(0, room));
    this.shown = true;
  }

  onMeasurement(): void {}

  finish(): void {
    if (this.shown) this.stream.write(ERASE_LINE);
    this.shown = false;
  }
}

/** A workload is done when another one begins: one line covers all its builds. Rounds before the last get one each. */
class PlainProgress implements Progress {
  private readonly estimate: Estimate;
  private pending: Measurement[] = [];
  private round = 0;

  constructor(
    private readonly stream: ProgressStream,
    now: () => number,
  ) {
    this.estimate = new Estimate(now);
  }

  onStart(total: number, rounds = 1): void {
    this.estimate.start(total, rounds);
  }

  onStep(workload: string, _build: string, _threads: number, round = 0): void {
    if (this.pending.length > 0 && this.pending[0].workload !== workload) this.finish();
    if (round > this.round) {
      this.stream.write(`[${this.estimate.after()}] ${plural(round, 'round')} done\n`);
      this.round = round;
    }
    this.estimate.begin();
  }

  onForeignStep(): void {}

  onMeasurement(measurement: Measurement): void {
    this.pending.push(measurement);
  }

  finish(): void {
    if (this.pending.length === 0) return;
    const builds = [...new Set(this.pending.map((measurement) => measurement.build))];
    const figures = builds.map((build) => `${build} ${this.figuresOf(build)}`).join('; ');
    // Few operations a second say so themselves: see `formatMops`.
    const unit = figures.includes('/s') ? '' : ' Mops/s';
    this.stream.write(`[${this.estimate.after()}] ${this.pending[0].workload}: ${figures}${unit}\n`);
    this.pending = [];
  }

  private figuresOf(build: string): string {
    return this.pending
      .filter((measurement) => measurement.build === build)
      .map(({ samples, threads }) => `${formatMops(median(samples.map(throughput)))} (${threads} thr)`)
      .join(', ');
  }
}
