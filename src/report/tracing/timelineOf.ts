import type { TraceRun } from '../../workloads/trace.js';
import type { Timeline, TimelineArrow, TimelineTrack } from '../timeline.js';
import { type LockTrack, lockTracks } from './lockTracks.js';
import { seriesOf } from './series.js';
import { Stretch } from './stretch.js';
import { type ThreadTrack, threadTrack } from './threadTrack.js';

/** The timeline of a traced run: threads by their number, then the GIL, then other locks. Null: nothing was recorded. */
export function timelineOf({ options, recordings }: TraceRun): Timeline | null {
  const stretch = Stretch.of(recordings, options.timeMs * 1000);
  if (stretch === null) return null;
  const inOrder = [...recordings].sort((a, b) => a.thread - b.thread);
  const threads = inOrder.map((recording) => threadTrack(recording, stretch));
  const locks = lockTracks(inOrder, locksWaitedFor(threads), stretch);
  const trackOf = new Map(inOrder.map(({ thread }, index) => [thread, index]));
  const tracks: TimelineTrack[] = threads.map(({ slices }, index) => ({
    kind: 'thread',
    name: `thread ${inOrder[index].thread}`,
    slices,
  }));
  for (const { kind, name, slices } of locks) tracks.push({ kind, name, slices });
  return {
    workload: options.workload,
    build: options.build,
    threads: options.threads,
    microseconds: stretch.microseconds,
    tracks,
    arrows: [...lockArrows(locks, trackOf, stretch), ...restartArrows(threads, stretch)].sort(
      (a, b) => a.from - b.from,
    ),
    series: seriesOf(inOrder, stretch),
    dropped: inOrder.reduce(
      (sum, { dropped, droppedFrom }) => sum + (droppedFrom < stretch.to ? dropped : 0),
      0,
    ),
  };
}

function locksWaitedFor(threads: readonly ThreadTrack[]): Set<string> {
  const waits = threads.flatMap(({ slices }) => slices.filter(({ state }) => state === 'waiting for a lock'));
  return new Set(waits.map(({ note }) => note ?? ''));
}

function lockArrows(
  locks: readonly LockTrack[],
  trackOf: ReadonlyMap<number, number>,
  stretch: Stretch,
): TimelineArrow[] {
  const arrows: TimelineArrow[] = [];
  for (const { lock, fromThread, from, toThread, to, directly } of locks.flatMap((one) => one.handOvers)) {
    const fromTrack = trackOf.get(fromThread);
    const toTrack = trackOf.get(toThread);
    if (fromTrack === undefined || toTrack === undefined || !stretch.has(from) || !stretch.has(to)) continue;
    const name = directly ? `${lock}, handed over` : lock;
    arrows.push({ fromTrack, from: stretch.at(from), toTrack, to: stretch.at(to), name });
  }
  return arrows;
}

/** From the thread that had stopped the world to each of those that go on. */
function restartArrows(threads: readonly ThreadTrack[], stretch: Stretch): TimelineArrow[] {
  const restarts = threads
    .flatMap((thread, track) => thread.restarts.map((at) => ({ track, at })))
    .sort((a, b) => a.at - b.at);
  const arrows: TimelineArrow[] = [];
  threads.forEach(({ resumed }, toTrack) => {
    for (const { from, at } of resumed) {
      const cause = restarts.findLast((restart) => restart.at <= at && restart.track !== toTrack);
      if (cause === undefined || cause.at < from || !stretch.has(cause.at) || !stretch.has(at)) continue;
      const name = 'the world goes on';
      arrows.push({ fromTrack: cause.track, from: stretch.at(cause.at), toTrack, to: stretch.at(at), name });
    }
  });
  return arrows;
}
