import { alignRows } from '../align.js';
import { exclusiveTimes } from '../html/timelineSlices.js';
import { plural } from '../text.js';
import type { Timeline, TimelineSlice, TimelineState } from '../timeline.js';

const MAX_WAITS = 5;
const MAX_LOCKS = 5;

/** States in which a thread gets nothing done. Waits for locks and for the GIL say for what. */
const WAITS: readonly TimelineState[] = [
  'waiting for the GIL',
  'waiting for a lock',
  'parked',
  'stopped',
  'stopping the world',
  'waiting for a grace period',
];

/** Where each thread spent its time, the longest waits, the locks that changed hands most. Lines. */
export function renderTimeline(timeline: Timeline): string[] {
  const { workload, build, threads, microseconds, dropped } = timeline;
  const lines = [`${workload}, ${build}, ${plural(threads, 'thread')}: ${milliseconds(microseconds)}`];
  lines.push('', ...timesOf(timeline));
  const waits = longestWaits(timeline);
  if (waits.length > 0) lines.push('', 'longest waits', ...waits);
  const locks = contendedLocks(timeline);
  if (locks.length > 0) lines.push('', 'most contended', ...locks);
  if (dropped > 0) {
    lines.push('', `${plural(dropped, 'event')} did not fit and are missing; take a shorter --time`);
  }
  return lines;
}

function timesOf({ tracks }: Timeline): string[] {
  const threads = tracks.filter(({ kind }) => kind === 'thread');
  const rows = threads.map((track) => {
    const times = [...exclusiveTimes(track.slices)].sort((a, b) => b[1] - a[1]);
    const whole = times.reduce((sum, [, time]) => sum + time, 0);
    const shares = times
      .filter(([, time]) => time > 0)
      .map(([state, time]) => `${state} ${share(time / whole)}`);
    return [`  ${track.name}`, shares.join(', ')];
  });
  return alignRows(rows);
}

function longestWaits({ tracks }: Timeline): string[] {
  const waits = tracks
    .filter(({ kind }) => kind === 'thread')
    .flatMap(({ name, slices }) => outermostWaits(slices).map((slice) => ({ name, slice })));
  waits.sort((a, b) => b.slice.end - b.slice.start - (a.slice.end - a.slice.start));
  const rows = waits
    .slice(0, MAX_WAITS)
    .map(({ name, slice }) => [
      `  ${milliseconds(slice.end - slice.start)}`,
      name,
      slice.state === 'waiting for a lock' && slice.note !== undefined
        ? `waiting for ${slice.note}`
        : slice.state,
      `from ${milliseconds(slice.start)}`,
    ]);
  return alignRows(rows, { right: [0] });
}

/** Waits that lie in no other wait. */
function outermostWaits(slices: readonly TimelineSlice[]): TimelineSlice[] {
  const waits: TimelineSlice[] = [];
  for (const slice of slices) {
    if (WAITS.includes(slice.state) && slice.start >= (waits.at(-1)?.end ?? 0)) waits.push(slice);
  }
  return waits;
}

function contendedLocks({ tracks, arrows, microseconds }: Timeline): string[] {
  const rows = tracks
    .filter(({ kind }) => kind === 'lock')
    .slice(0, MAX_LOCKS)
    .map(({ name, slices }) => {
      const held = slices.reduce((sum, { start, end }) => sum + end - start, 0);
      const changes = arrows.filter(
        (arrow) => arrow.name === name || arrow.name.startsWith(`${name},`),
      ).length;
      return [
        `  ${name}`,
        `held ${share(held / microseconds)} of the time`,
        `to a thread that waited: ${plural(changes, 'time')}`,
      ];
    });
  return alignRows(rows);
}

function share(part: number): string {
  return `${(100 * part).toFixed(part >= 0.0995 ? 0 : 1)} %`;
}

function milliseconds(microseconds: number): string {
  return microseconds >= 995
    ? `${(microseconds / 1000).toFixed(microseconds >= 99_500 ? 0 : 1)} ms`
    : `${microseconds.toFixed(microseconds >= 9.95 ? 0 : 1)} us`;
}
