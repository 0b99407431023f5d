import { type ThreadRecording, TraceEvent, TraceState } from '../../runtime/tracing/recording.js';
import type { TimelineSlice, TimelineState } from '../timeline.js';
import type { Stretch } from './stretch.js';

const NAMES: Readonly<Record<TraceState, TimelineState>> = {
  [TraceState.Running]: 'running',
  [TraceState.WaitingForGil]: 'waiting for the GIL',
  [TraceState.WaitingForLock]: 'waiting for a lock',
  [TraceState.Parked]: 'parked',
  [TraceState.Stopped]: 'stopped',
  [TraceState.StoppingTheWorld]: 'stopping the world',
  [TraceState.Collecting]: 'collecting',
  [TraceState.Marking]: 'marking',
  [TraceState.Finalising]: 'finalising',
  [TraceState.GracePeriod]: 'waiting for a grace period',
  [TraceState.Count]: 'running',
};

/** Phases of collections that have a state of their own; in the others the thread is collecting. */
const PHASES: Readonly<Record<string, TraceState>> = {
  markAlive: TraceState.Marking,
  markHeap: TraceState.Marking,
  callbacks: TraceState.Finalising,
  finalizers: TraceState.Finalising,
  finalizeGarbage: TraceState.Finalising,
};

/** Phases that states of their own show already. */
const SHOWN_ELSEWHERE: readonly string[] = ['stop', 'start'];

/** Of the outermost states those of which two in a row are one. */
const JOINED: readonly TimelineState[] = ['running', 'waiting for the GIL', 'parked', 'stopped'];

interface OpenState {
  readonly state: TraceState;
  readonly note: string;
  readonly start: number;
  /** Of a collection: where the phase under way began. */
  phase: number;
}

interface DeepSlice extends TimelineSlice {
  /** How many slices it lies in; phases lie between whole numbers. */
  readonly depth: number;
}

/** What one thread's events come to. Times of `restarts` and `resumed` on the clock of the recordings. */
export interface ThreadTrack {
  readonly slices: TimelineSlice[];
  /** When the thread let the world go on. */
  readonly restarts: readonly number[];
  /** When it went on after a stop, and since when it had been stopped. */
  readonly resumed: readonly { readonly from: number; readonly at: number }[];
}

/** The states of a thread as slices: without a gap from its beginning to its end, the outermost one behind the other. */
export function threadTrack(recording: ThreadRecording, stretch: Stretch): ThreadTrack {
  const reader = new EventReader(recording, stretch);
  const { times, kinds, notes } = recording.events;
  for (let i = 0; i < times.length; i++) reader.read(kinds[i], times[i], recording.notes[notes[i]]);
  return reader.finish();
}

class EventReader {
  private readonly slices: DeepSlice[] = [];
  private readonly open: OpenState[] = [];
  private runningSince: number;
  private readonly restarts: number[] = [];
  private readonly resumed: { from: number; at: number }[] = [];

  constructor(
    private readonly recording: ThreadRecording,
    private readonly stretch: Stretch,
  ) {
    this.runningSince = recording.start;
  }

  read(kind: number, time: number, note: string): void {
    if (kind < TraceEvent.End) this.push(kind - TraceEvent.Begin, time, note);
    else if (kind < TraceEvent.Off) this.end(kind - TraceEvent.End, time);
    else if (kind < TraceEvent.On) this.goOff(kind - TraceEvent.Off, time, note);
    else if (kind === TraceEvent.On) this.goOn(time);
    else if (kind === TraceEvent.Leave && !this.isOff()) this.push(TraceState.Parked, time, '');
    else if (kind === TraceEvent.Phase) this.endPhase(time, note);
    else if (kind === TraceEvent.Restart) this.restarts.push(time);
  }

  finish(): ThreadTrack {
    const { end } = this.recording;
    if (this.open.length === 0) this.emit(TraceState.Running, '', this.runningSince, end, 0);
    while (this.open.length > 0) this.close(end);
    const inOrder = this.slices.sort((a, b) => a.start - b.start || a.depth - b.depth);
    return { slices: joined(inOrder), restarts: this.restarts, resumed: this.resumed };
  }

  private push(state: TraceState, time: number, note: string): void {
    if (this.open.length === 0) this.emit(TraceState.Running, '', this.runningSince, time, 0);
    this.open.push({ state, note, start: time, phase: time });
  }

  private close(time: number): void {
    const ended = this.open.pop();
    if (ended === undefined) return;
    const depth = 2 * this.open.length;
    if (ended.state === TraceState.Collecting && ended.phase > ended.start) {
      this.emit(TraceState.Collecting, 'rest', ended.phase, time, depth + 1);
    }
    this.emit(ended.state, ended.note, ended.start, time, depth);
    if (this.open.length === 0) this.runningSince = time;
  }

  private end(state: TraceState, time: number): void {
    const found = this.open.findLastIndex((one) => one.state === state);
    while (found >= 0 && this.open.length > found) this.close(time);
  }

  private goOff(state: TraceState, time: number, note: string): void {
    const top = this.open.at(-1);
    if (this.isOff()) {
      if (top?.state === state && top.note === note) return;
      this.open.pop();
      if (top !== undefined) this.emit(top.state, top.note, top.start, time, 2 * this.open.length);
      this.open.push({ state, note, start: time, phase: time });
    } else this.push(state, time, note);
  }

  private goOn(time: number): void {
    const top = this.open.at(-1);
    if (!this.isOff() || top === undefined) return;
    if (top.state === TraceState.Stopped) this.resumed.push({ from: top.start, at: time });
    this.close(time);
  }

  private isOff(): boolean {
    const state = this.open.at(-1)?.state;
    return state === TraceState.Parked || state === TraceState.WaitingForGil || state === TraceState.Stopped;
  }

  private endPhase(time: number, name: string): void {
    const index = this.open.length - 1;
    const collection = this.open[index];
    // A phase that ended inside of something else could not be drawn around it: it goes on until that is over.
    if (collection?.state !== TraceState.Collecting) return;
    if (!SHOWN_ELSEWHERE.includes(name)) {
      this.emit(PHASES[name] ?? TraceState.Collecting, name, collection.phase, time, 2 * index + 1);
    }
    collection.phase = time;
  }

  private emit(state: TraceState, note: string, from: number, to: number, depth: number): void {
    const start = this.stretch.at(from);
    const end = this.stretch.at(to);
    if (end <= start) return;
    this.slices.push({ state: NAMES[state], start, end, depth, ...(note === '' ? {} : { note }) });
  }
}

/** Outermost slices that say the same and touch become one. */
function joined(slices: readonly DeepSlice[]): TimelineSlice[] {
  const result: TimelineSlice[] = [];
  let outermost: TimelineSlice | null = null;
  for (const { depth, ...slice } of slices) {
    if (depth > 0) {
      result.push(slice);
      continue;
    }
    const same = outermost !== null && outermost.state === slice.state && outermost.note === slice.note;
    if (outermost !== null && same && outermost.end === slice.start && JOINED.includes(slice.state)) {
      outermost.end = slice.end;
      continue;
    }
    result.push(slice);
    outermost = slice;
  }
  return result;
}
