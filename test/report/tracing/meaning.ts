import type { Timeline, TimelineSlice, TimelineTrack } from '#ungil/report/timeline.js';

/** States in which a thread of a build with a GIL has it. */
const WITH_GIL: readonly string[] = ['running', 'collecting', 'marking', 'finalising', 'stopping the world'];

interface Piece {
  readonly state: string;
  readonly start: number;
  readonly end: number;
}

/** The slices that lie in no other. */
export function outermost({ slices }: TimelineTrack): TimelineSlice[] {
  const result: TimelineSlice[] = [];
  for (const slice of slices) if (slice.start >= (result.at(-1)?.end ?? 0)) result.push(slice);
  return result;
}

/** Every moment of a track once, with its innermost state. */
export function innermost({ slices }: TimelineTrack): Piece[] {
  const times = [...new Set(slices.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const pieces: Piece[] = [];
  for (let i = 0; i + 1 < times.length; i++) {
    const [start, end] = [times[i]!, times[i + 1]!];
    const state = slices.findLast((slice) => slice.start <= start && slice.end >= end)?.state;
    if (state !== undefined) pieces.push({ state, start, end });
  }
  return pieces;
}

/** What cannot be, in any build: empty slices, slices across others, gaps in a thread, two owners of a lock, arrows back. */
export function nonsense(timeline: Timeline): string[] {
  const wrong: string[] = [];
  for (const track of timeline.tracks) {
    const open: TimelineSlice[] = [];
    let last = 0;
    for (const slice of track.slices) {
      const text = `${track.name}: ${slice.state} ${slice.start} to ${slice.end}`;
      if (!(slice.end > slice.start)) wrong.push(`${text} is empty`);
      if (slice.start < last) wrong.push(`${text} is out of order`);
      last = slice.start;
      while (open.length > 0 && open.at(-1)!.end <= slice.start) open.pop();
      if (open.length > 0 && slice.end > open.at(-1)!.end) wrong.push(`${text} lies across another`);
      if (track.kind === 'lock' && open.length > 0) wrong.push(`${text} overlaps another owner`);
      if (slice.start < 0 || slice.end > timeline.microseconds) wrong.push(`${text} is outside`);
      open.push(slice);
    }
    if (track.kind === 'thread') {
      const states = outermost(track);
      for (let i = 1; i < states.length; i++) {
        if (states[i]!.start !== states[i - 1]!.end)
          wrong.push(`${track.name}: a gap at ${states[i]!.start}`);
      }
      if (states.length === 0) wrong.push(`${track.name} is empty`);
    }
  }
  for (const { from, to, fromTrack, toTrack } of timeline.arrows) {
    if (to < from) wrong.push(`an arrow from ${from} back to ${to}`);
    if (fromTrack === toTrack) wrong.push(`an arrow from track ${fromTrack} to itself`);
    for (const index of [fromTrack, toTrack]) {
      if (timeline.tracks[index]?.kind !== 'thread') wrong.push(`an arrow at track ${index}`);
    }
  }
  return wrong;
}

/** Microseconds for which two threads seem to have the GIL at once. */
export function doubleGil({ tracks }: Timeline): number {
  const held = tracks
    .filter(({ kind }) => kind === 'thread')
    .flatMap((track) => innermost(track).filter(({ state }) => WITH_GIL.includes(state)))
    .sort((a, b) => a.start - b.start);
  let overlap = 0;
  let end = 0;
  for (const piece of held) {
    overlap += Math.max(0, Math.min(end, piece.end) - piece.start);
    end = Math.max(end, piece.end);
  }
  return overlap;
}
