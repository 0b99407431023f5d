import type { TimelineSlice, TimelineState } from '../timeline.js';

/** Time in each state, without that of slices that lie within. Slices in order of their start, nested or apart. */
export function exclusiveTimes(slices: readonly TimelineSlice[]): Map<TimelineState, number> {
  const times = new Map<TimelineState, number>();
  const add = (state: TimelineState, time: number): void =>
    void times.set(state, (times.get(state) ?? 0) + time);
  const open: TimelineSlice[] = [];
  for (const slice of slices) {
    while (open.length > 0 && open[open.length - 1].end <= slice.start) open.pop();
    add(slice.state, slice.end - slice.start);
    if (open.length > 0) add(open[open.length - 1].state, slice.start - slice.end);
    open.push(slice);
  }
  return times;
}

/** At most so many, for a small picture: the longest stay, in their order. */
export function thinned(slices: readonly TimelineSlice[], most: number): readonly TimelineSlice[] {
  if (slices.length <= most) return slices;
  const lengths = slices.map(({ start, end }) => end - start).sort((a, b) => b - a);
  const least = lengths[most - 1];
  return slices.filter(({ start, end }) => end - start >= least).slice(0, most);
}
