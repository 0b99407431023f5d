import type { Timeline, TimelineArrow, TimelineSeries, TimelineSlice, TimelineTrack } from '../timeline.js';

/** Characters of JSON, less than which a picture's timeline takes. */
const LIMIT = 20_000;
/** Slices shorter than this many microseconds go first; twice as many each time that it is not enough. */
const FIRST_GRAIN = 2;
const MAX_ARROWS = 60;
const MAX_POINTS = 40;
/** Tracks of locks: the GIL's, and the most contended ones. */
const MAX_LOCKS = 4;

/**
 * The timeline with what nobody sees in a small picture left out: short slices are joined to what is beside them, and of
 * the arrows those stay that end the longest waits. As it is, where it is small already.
 */
export function thinned(timeline: Timeline): Timeline {
  if (sizeOf(timeline) < LIMIT) return timeline;
  for (let grain = FIRST_GRAIN; grain < timeline.microseconds; grain *= 2) {
    const result = thin(timeline, grain);
    if (sizeOf(result) < LIMIT) return result;
  }
  return { ...thin(timeline, timeline.microseconds), arrows: [] };
}

function sizeOf(timeline: Timeline): number {
  return JSON.stringify(timeline).length;
}

function thin(timeline: Timeline, grain: number): Timeline {
  const locks = timeline.tracks.filter(({ kind }) => kind === 'lock').slice(0, MAX_LOCKS);
  const kept = timeline.tracks.filter((track) => track.kind === 'thread' || locks.includes(track));
  const tracks = kept.map((track) => ({ ...track, slices: joinShort(track, grain) }));
  return {
    ...timeline,
    tracks,
    arrows: longestWaits(timeline.arrows, tracks),
    series: timeline.series.map(fewerPoints),
    thinned: grain,
  };
}

/**
 * The outermost slices that are too short are the ones before them; of an owner's track they are left out, and what is in
 * others too.
 */
function joinShort({ kind, slices }: TimelineTrack, grain: number): TimelineSlice[] {
  const result: TimelineSlice[] = [];
  let outermost: TimelineSlice | null = null;
  let reached = Number.NEGATIVE_INFINITY;
  for (const slice of slices) {
    const inside = slice.start < reached;
    reached = Math.max(reached, slice.end);
    const short = slice.end - slice.start < grain;
    if (inside) {
      // It stays where the slice around it has stayed.
      if (!short && outermost !== null && slice.end <= outermost.end) result.push({ ...slice });
    } else if (outermost !== null && (short || isSame(outermost, slice)) && joins(kind, outermost, slice)) {
      outermost.end = slice.end;
    } else if (!short || kind === 'thread') {
      outermost = { ...slice };
      result.push(outermost);
    }
  }
  return result;
}

function isSame(one: TimelineSlice, other: TimelineSlice): boolean {
  return one.state === other.state && one.note === other.note && one.thread === other.thread;
}

/** A lock that nobody holds for a while, or that changes hands, is not held on by the one before. */
function joins(kind: TimelineTrack['kind'], one: TimelineSlice, other: TimelineSlice): boolean {
  return kind === 'thread' || (one.thread === other.thread && one.end === other.start);
}

/** Arrows to the ends of slices that are still there, the longest of these first. */
function longestWaits(arrows: readonly TimelineArrow[], tracks: readonly TimelineTrack[]): TimelineArrow[] {
  const waited = (arrow: TimelineArrow): number => {
    const slice = tracks[arrow.toTrack].slices.find(({ end }) => end === arrow.to);
    return slice === undefined ? 0 : slice.end - slice.start;
  };
  return arrows
    .map((arrow) => ({ arrow, length: waited(arrow) }))
    .filter(({ length }) => length > 0)
    .sort((a, b) => b.length - a.length)
    .slice(0, MAX_ARROWS)
    .map(({ arrow }) => arrow)
    .sort((a, b) => a.from - b.from);
}

function fewerPoints({ name, points }: TimelineSeries): TimelineSeries {
  const step = Math.ceil(points.length / MAX_POINTS);
  return { name, points: points.filter((_, index) => index % step === 0 || index === points.length - 1) };
}
