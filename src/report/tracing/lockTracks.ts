import { GIL_LOCK, HoldFlag, type ThreadRecording } from '../../runtime/tracing/recording.js';
import type { TimelineSlice, TimelineTrack } from '../timeline.js';
import type { Stretch } from './stretch.js';

/** A lock that somebody got again within so many microseconds, nobody else having had it meanwhile, is shown as held throughout. */
const JOIN_WITHIN = 20;

/** A lock changed hands, and the new owner had waited: `from` the release, on the clock of the recordings. */
export interface HandOver {
  readonly lock: string;
  readonly fromThread: number;
  readonly from: number;
  readonly toThread: number;
  readonly to: number;
  readonly directly: boolean;
}

export interface LockTrack extends TimelineTrack {
  readonly handOvers: readonly HandOver[];
}

interface Hold {
  readonly thread: number;
  from: number;
  readonly to: number;
  readonly flags: number;
  count: number;
}

/**
 * Who owned each lock that was waited for in the stretch, and the GIL: the most contended first, the GIL before all.
 * `waitedFor`: names of locks that some thread is seen to wait for.
 */
export function lockTracks(
  recordings: readonly ThreadRecording[],
  waitedFor: ReadonlySet<string>,
  stretch: Stretch,
): LockTrack[] {
  const names = new Map<number, string>([[GIL_LOCK, 'GIL']]);
  for (const { lockNames } of recordings) for (const [byte, name] of lockNames) names.set(byte, name);
  const tracks: [number, LockTrack][] = [];
  for (const [byte, holds] of holdsByLock(recordings, stretch)) {
    const name = names.get(byte);
    if (name === undefined || !(byte === GIL_LOCK || waitedFor.has(name) || holds.some(wasContended)))
      continue;
    const inTurn = withoutOverlaps(holds);
    const handOvers = handOversOf(name, inTurn);
    const slices = slicesOf(inTurn, stretch);
    if (slices.length > 0) tracks.push([byte, { kind: 'lock', name, slices, handOvers }]);
  }
  const rank = ([byte, track]: [number, LockTrack]) =>
    byte === GIL_LOCK ? Number.POSITIVE_INFINITY : track.handOvers.length;
  return tracks.sort((a, b) => Math.sign(rank(b) - rank(a)) || 0).map(([, track]) => track);
}

function wasContended({ flags }: Hold): boolean {
  return (flags & (HoldFlag.Waited | HoldFlag.Waiter)) !== 0;
}

function holdsByLock(recordings: readonly ThreadRecording[], stretch: Stretch): Map<number, Hold[]> {
  const byLock = new Map<number, Hold[]>();
  for (const { thread, holds } of recordings) {
    for (let i = 0; i < holds.locks.length; i++) {
      if (holds.to[i] < stretch.from || holds.from[i] > stretch.to) continue;
      const list = byLock.get(holds.locks[i]) ?? [];
      byLock.set(holds.locks[i], list);
      list.push({ thread, from: holds.from[i], to: holds.to[i], flags: holds.flags[i], count: 1 });
    }
  }
  return byLock;
}

/** In order. Clocks of two threads may disagree by a fraction of a microsecond: an owner begins when the one before has ended. */
function withoutOverlaps(holds: Hold[]): Hold[] {
  holds.sort((a, b) => a.from - b.from || a.to - b.to);
  let end = Number.NEGATIVE_INFINITY;
  const result: Hold[] = [];
  for (const hold of holds) {
    hold.from = Math.max(hold.from, end);
    if (hold.to < hold.from) continue;
    end = hold.to;
    result.push(hold);
  }
  return result;
}

function handOversOf(lock: string, holds: readonly Hold[]): HandOver[] {
  const found: HandOver[] = [];
  for (let i = 1; i < holds.length; i++) {
    const before = holds[i - 1];
    const hold = holds[i];
    if (before.thread === hold.thread || (hold.flags & HoldFlag.Waited) === 0) continue;
    found.push({
      lock,
      fromThread: before.thread,
      from: before.to,
      toThread: hold.thread,
      to: hold.from,
      directly: (before.flags & HoldFlag.HandedOver) !== 0,
    });
  }
  return found;
}

function slicesOf(holds: readonly Hold[], stretch: Stretch): TimelineSlice[] {
  const slices: (TimelineSlice & { count: number })[] = [];
  for (const hold of holds) {
    const start = stretch.at(hold.from);
    const end = stretch.at(hold.to);
    const last = slices.at(-1);
    if (last !== undefined && last.thread === hold.thread && start - last.end <= JOIN_WITHIN) {
      last.end = Math.max(last.end, end);
      last.count++;
    } else slices.push({ state: 'held', start, end, thread: hold.thread, count: 1 });
  }
  return slices
    .filter(({ start, end }) => end > start)
    .map(({ count, ...slice }) => (count > 1 ? { ...slice, note: `${count} acquisitions` } : slice));
}
