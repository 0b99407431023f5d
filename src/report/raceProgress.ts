import type { RaceProgress } from '../explore/raceTypes.js';
import type { ProgressStream } from './progress.js';
import { kindOf } from './raceWords.js';
import { formatCount, formatDuration } from './text.js';

export interface RaceProgressLine {
  show(progress: RaceProgress): void;
  /** Takes the line off the terminal; to be called before anything else is printed. */
  finish(): void;
}

/** One rewritten line on a terminal that can do it, nothing elsewhere. `now` in ms. */
export function createRaceProgress(
  stream: ProgressStream,
  terminalName: string | undefined,
  now: () => number,
): RaceProgressLine {
  if (stream.isTTY === true && terminalName !== 'dumb') return new TerminalLine(stream, now);
  return { show() {}, finish() {} };
}

const ERASE_LINE = '\r\x1b[2K';
/** The explorer reports more often than anybody can read. */
const LEAST_PAUSE_MS = 100;

class TerminalLine implements RaceProgressLine {
  private shown = false;
  private shownAt = 0;
  /** What was running when the line was last written. */
  private during = '';

  constructor(
    private readonly stream: ProgressStream,
    private readonly now: () => number,
  ) {}

  show(progress: RaceProgress): void {
    const during = `${progress.scenario}, ${kindOf(progress)}`;
    const time = this.now();
    if (during === this.during && time - this.shownAt < LEAST_PAUSE_MS) return;
    this.during = during;
    this.shownAt = time;
    // A line as wide as the terminal would wrap and could not be erased.
    const room = Math.max(1, (this.stream.columns ?? 80) - 1);
    this.stream.write(ERASE_LINE + progressWords(progress).slice(0, room));
    this.shown = true;
  }

  finish(): void {
    if (this.shown) this.stream.write(ERASE_LINE);
    this.shown = false;
  }
}

/** `[3/40] owner-exit, biased: 12,345 of about 40,000 executions, about 3 s left`. */
function progressWords(progress: RaceProgress): string {
  const { scenario, done, total, executions, estimate, leftMs } = progress;
  const of = estimate === null ? '' : ` of about ${formatCount(Math.max(estimate, executions))}`;
  const left = leftMs === null ? '' : `, about ${formatDuration(leftMs / 1000)} left`;
  return `[${done}/${total}] ${scenario}, ${kindOf(progress)}: ${formatCount(executions)}${of} executions${left}`;
}
