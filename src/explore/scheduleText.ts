/** A part of a schedule: one thread runs for a while. */
export interface Segment {
  /** From 0. */
  readonly thread: number;
  /** Accesses that the thread makes, at least 1. */
  readonly count: number;
  /** What the last of them chooses where there is a choice (a time-out, `w.choose`); 0, the default, elsewhere. */
  readonly choice: number;
}

/** Longest schedule that is taken, in digits of a number: more than any execution has steps. */
const MAX_DIGITS = 9;
const MAX_NUMBER = 10 ** MAX_DIGITS - 1;
const MAX_THREADS = 8;
const FIRST_LETTER = 'a'.charCodeAt(0);

/** The text of a schedule is wrong. One line: what stands where, and what is accepted. */
export class ScheduleError extends Error {
  /** From 1. */
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.name = 'ScheduleError';
    this.position = position;
  }
}

/** `a` for thread 0. */
function threadLetter(thread: number): string {
  return String.fromCharCode(FIRST_LETTER + thread);
}

/**
 * Writes a schedule: `a12-b3!1-a4`, thread a for 12 accesses, b for 3 (the last of which makes choice 1), a for 4.
 * No segments give the empty text. Segments are written as they are; `mergeSegments` joins those that can be one.
 * Throws RangeError where a thread, count or choice is out of range.
 */
export function formatSchedule(segments: readonly Segment[]): string {
  return segments.map(formatSegment).join('-');
}

function formatSegment({ thread, count, choice }: Segment): string {
  requireRange('thread', thread, 0, MAX_THREADS - 1);
  requireRange('count', count, 1, MAX_NUMBER);
  requireRange('choice', choice, 0, MAX_NUMBER);
  return `${threadLetter(thread)}${count}${choice === 0 ? '' : `!${choice}`}`;
}

function requireRange(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${what} ${value} in a schedule; accepted: ${min} to ${max}`);
}

/**
 * Reads what `formatSchedule` writes, for a scenario of `threads` threads, 1 to 8. Throws ScheduleError at the
 * first character that does not belong.
 */
export function parseSchedule(text: string, threads = MAX_THREADS): Segment[] {
  if (text === '') return [];
  const reader = new Reader(text, threads);
  const segments = [reader.segment()];
  while (!reader.atEnd()) {
    reader.separator();
    segments.push(reader.segment());
  }
  return segments;
}

/** Joins neighbours that run the same thread, unless the first ends with a choice. Nothing else changes. */
export function mergeSegments(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last !== undefined && last.thread === segment.thread && last.choice === 0) {
      merged[merged.length - 1] = { ...segment, count: last.count + segment.count };
    } else {
      merged.push(segment);
    }
  }
  return merged;
}

/** Reads one schedule from left to right. */
class Reader {
  private readonly text: string;
  private readonly threads: number;
  private at = 0;
  /** Whether the segment just read may still go on with a choice: decides what an error calls accepted. */
  private hasChoice = false;

  constructor(text: string, threads: number) {
    this.text = text;
    this.threads = threads;
  }

  atEnd(): boolean {
    return this.at === this.text.length;
  }

  segment(): Segment {
    const thread = this.thread();
    const count = this.number('a count');
    this.hasChoice = this.text[this.at] === '!';
    if (!this.hasChoice) return { thread, count, choice: 0 };
    this.at++;
    return { thread, count, choice: this.number('a choice') };
  }

  separator(): void {
    if (this.text[this.at] !== '-')
      this.fail(`a digit, ${this.hasChoice ? '' : "'!' and a choice, "}'-' or the end`);
    this.at++;
  }

  private thread(): number {
    const thread = this.text.charCodeAt(this.at) - FIRST_LETTER;
    if (!(thread >= 0 && thread < this.threads)) this.fail(this.letters());
    this.at++;
    return thread;
  }

  private letters(): string {
    return this.threads === 1 ? "thread 'a'" : `a thread, 'a' to '${threadLetter(this.threads - 1)}'`;
  }

  private number(what: string): number {
    const start = this.at;
    if (!isDigit(this.text[start]) || this.text[start] === '0') this.fail(`${what}, 1 to ${MAX_NUMBER}`);
    while (isDigit(this.text[this.at])) {
      if (this.at - start === MAX_DIGITS) this.fail(`${what}, 1 to ${MAX_NUMBER}`);
      this.at++;
    }
    return Number(this.text.slice(start, this.at));
  }

  private fail(accepted: string): never {
    const position = this.at + 1;
    const found = this.atEnd() ? 'it ends' : `there is '${this.text[this.at]}'`;
    throw new ScheduleError(
      position,
      `schedule '${this.text}': ${found} at position ${position}; accepted: ${accepted}`,
    );
  }
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}
