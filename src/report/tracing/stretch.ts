import { type ThreadRecording, TraceEvent } from '../../runtime/tracing/recording.js';

/** Times of a `Timeline` are multiples of this many microseconds: exact as doubles, and as whole nanoseconds. */
const GRAIN = 1 / 8;

/** The part of the recordings that a timeline shows. */
export class Stretch {
  private constructor(
    /** On the clock of the recordings, microseconds. */
    readonly from: number,
    readonly to: number,
  ) {}

  /** From the first thread's coming out of the barrier on, for `microseconds` at most. Null: nothing was recorded. */
  static of(recordings: readonly ThreadRecording[], microseconds: number): Stretch | null {
    const begins = recordings.map(beginOf).filter((time) => time !== null);
    if (begins.length === 0) return null;
    const from = Math.min(...begins);
    const ends = recordings.map(({ end }) => end);
    return new Stretch(from, Math.min(from + microseconds, Math.max(...ends)));
  }

  /** A time of the clock, in the stretch: its place on the timeline. */
  at(time: number): number {
    const inside = Math.min(Math.max(time, this.from), this.to);
    return Math.round((inside - this.from) / GRAIN) * GRAIN;
  }

  has(time: number): boolean {
    return time >= this.from && time <= this.to;
  }

  /** Its length. */
  get microseconds(): number {
    return this.at(this.to);
  }
}

function beginOf({ events }: ThreadRecording): number | null {
  const index = events.kinds.indexOf(TraceEvent.Stretch);
  return index < 0 ? null : events.times[index];
}
