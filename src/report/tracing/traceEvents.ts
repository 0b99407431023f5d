import type { HostInfo } from '../json.js';
import type { Timeline, TimelineArrow, TimelineSlice, TimelineTrack } from '../timeline.js';

/**
 * Chrome's trace events (the "Trace Event Format" of the Chromium project, JSON object form), which Perfetto and
 * chrome://tracing open: metadata `M`, slices `X`, flows `s` and `f`, counters `C`. Times are in microseconds; those of a
 * timeline are eighths, so that a reader which turns them into whole nanoseconds neither rounds nor lets slices overlap.
 */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'M' | 'X' | 's' | 'f' | 'C';
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  /** `e`: the flow ends in the slice around it, not in the next one. */
  readonly bp?: 'e';
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ns';
  readonly otherData: Readonly<Record<string, string | number>>;
}

/** Threads are one process of the trace, locks another. */
const enum Process {
  Threads = 1,
  Locks = 2,
}

/** How far in front of a slice's end an arrow begins that begins at its end: the smallest step of the times. */
const INSIDE = 1 / 8;

/** States that say more with what they wait for, or do. */
const NOTED: readonly string[] = ['waiting for a lock', 'collecting', 'marking', 'finalising'];

export function toTraceFile(timeline: Timeline, host: HostInfo, complete: boolean): TraceFile {
  const { workload, build, threads, microseconds, tracks, dropped } = timeline;
  const traceEvents: TraceEvent[] = [
    ...processNames(timeline),
    ...tracks.flatMap((track, index) => trackName(track, index)),
    ...tracks.flatMap((track, index) => track.slices.map((slice) => sliceEvent(slice, track, index))),
    ...timeline.arrows.flatMap((arrow, index) => flowEvents(arrow, index + 1, tracks)),
    ...timeline.series.flatMap(({ name, points }) =>
      points.map(
        ([ts, value]): TraceEvent => ({ name, ph: 'C', pid: Process.Threads, tid: 0, ts, args: { value } }),
      ),
    ),
  ];
  return {
    traceEvents,
    displayTimeUnit: 'ns',
    otherData: {
      ungil: host.ungil,
      node: host.node,
      cpus: host.cpus,
      workload,
      build,
      threads,
      microseconds,
      dropped,
      complete: String(complete),
    },
  };
}

/** One event a line: large files stay readable, and quick to compare. */
export function formatTraceFile({ traceEvents, displayTimeUnit, otherData }: TraceFile): string {
  const lines = traceEvents.map((event) => JSON.stringify(event)).join(',\n');
  return (
    `{"displayTimeUnit":${JSON.stringify(displayTimeUnit)},\n"otherData":${JSON.stringify(otherData)},\n` +
    `"traceEvents":[\n${lines}\n]}\n`
  );
}

// --- Events ---

function processNames({ workload, build }: Timeline): TraceEvent[] {
  return [
    metadata('process_name', Process.Threads, 0, { name: `${workload}, ${build}` }),
    metadata('process_sort_index', Process.Threads, 0, { sort_index: 1 }),
    metadata('process_name', Process.Locks, 0, { name: 'locks, by owner' }),
    metadata('process_sort_index', Process.Locks, 0, { sort_index: 2 }),
  ];
}

function trackName(track: TimelineTrack, index: number): TraceEvent[] {
  const pid = processOf(track);
  return [
    metadata('thread_name', pid, tidOf(index), { name: track.name }),
    metadata('thread_sort_index', pid, tidOf(index), { sort_index: index }),
  ];
}

function metadata(name: string, pid: number, tid: number, args: TraceEvent['args']): TraceEvent {
  return { name, ph: 'M', pid, tid, ...(args === undefined ? {} : { args }) };
}

function sliceEvent(slice: TimelineSlice, track: TimelineTrack, index: number): TraceEvent {
  const { state, start, end, thread, note } = slice;
  const args = { ...(thread === undefined ? {} : { thread }), ...(note === undefined ? {} : { note }) };
  return {
    name: nameOf(slice),
    cat: state,
    ph: 'X',
    ts: start,
    dur: end - start,
    pid: processOf(track),
    tid: tidOf(index),
    ...(Object.keys(args).length === 0 ? {} : { args }),
  };
}

function nameOf({ state, thread, note }: TimelineSlice): string {
  if (thread !== undefined) return `thread ${thread}`;
  return note !== undefined && NOTED.includes(state) ? `${state}: ${note}` : state;
}

/**
 * Both ends lie in slices: readers hang a flow on the slice that is open at its time. It leaves the slice that ends with
 * the release, and arrives at the one that begins with the acquisition.
 */
function flowEvents(arrow: TimelineArrow, id: number, tracks: readonly TimelineTrack[]): TraceEvent[] {
  const { fromTrack, toTrack, name } = arrow;
  const left = tracks[fromTrack].slices.findLast(({ start, end }) => start < arrow.from && end >= arrow.from);
  const reached = tracks[toTrack].slices.find(({ start, end }) => start <= arrow.to && end > arrow.to);
  if (left === undefined || reached === undefined) return [];
  const ts = Math.max(left.start, Math.min(arrow.from, left.end - INSIDE));
  const common = { name, cat: 'flow', id, pid: Process.Threads };
  return [
    { ...common, ph: 's', ts, tid: tidOf(fromTrack) },
    { ...common, ph: 'f', bp: 'e', ts: arrow.to, tid: tidOf(toTrack) },
  ];
}

function processOf({ kind }: TimelineTrack): Process {
  return kind === 'thread' ? Process.Threads : Process.Locks;
}

/** 0 is the process itself. */
function tidOf(track: number): number {
  return track + 1;
}
