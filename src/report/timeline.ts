/**
 * What every thread did in a short stretch of a run: the shape between whoever records it and whoever writes trace events
 * or draws it. Types only. Times are in microseconds from the start of the stretch.
 */

/** What a thread does, or waits for. A lock's track has `held` alone. */
export type TimelineState =
  | 'running'
  | 'waiting for the GIL'
  | 'waiting for a lock'
  | 'parked'
  | 'stopped'
  | 'stopping the world'
  | 'collecting'
  | 'marking'
  | 'finalising'
  | 'waiting for a grace period'
  | 'held';

export interface TimelineSlice {
  state: TimelineState;
  start: number;
  end: number;
  /** Of a lock's track: number of the thread that holds it. */
  thread?: number;
  /** What it waited for, where that has a name. */
  note?: string;
}

export interface TimelineTrack {
  kind: 'thread' | 'lock';
  /** `thread 0`, `GIL`, `list at 0x1a40`. */
  name: string;
  /** In order of their start; one lies in another or beside it, never across. */
  slices: TimelineSlice[];
}

/** From the release of a lock, or whatever else woke a thread, to that thread's going on. Tracks by index. */
export interface TimelineArrow {
  fromTrack: number;
  from: number;
  toTrack: number;
  to: number;
  name: string;
}

export interface TimelineSeries {
  /** `heap bytes`, or the name of a counter. */
  name: string;
  points: [at: number, value: number][];
}

export interface Timeline {
  workload: string;
  build: string;
  threads: number;
  /** Its length. */
  microseconds: number;
  tracks: TimelineTrack[];
  arrows: TimelineArrow[];
  series: TimelineSeries[];
  /** Events that were not recorded because a thread's buffer was full; 0: the stretch is whole. */
  dropped: number;
  /** Made smaller for a picture: slices shorter than this many microseconds were joined to others, arrows left out. */
  thinned?: number;
}
