import { plural } from '../text.js';
import type { Timeline, TimelineSlice, TimelineState, TimelineTrack } from '../timeline.js';
import { formatNs, formatPercent, formatTick } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import type { Model, Section } from './model.js';
import { linear, place } from './scale.js';
import { exclusiveTimes, thinned } from './timelineSlices.js';

const WIDTH = 900;
const LEFT = 106;
const LANE = 20;

/** Each state has a colour, and a height: what waits is lower than what works. */
const LOOKS: Readonly<Record<TimelineState, string>> = {
  running: 'run',
  'waiting for the GIL': 'gilwait',
  'waiting for a lock': 'lockwait',
  parked: 'park',
  stopped: 'stop',
  'stopping the world': 'world',
  collecting: 'gc',
  marking: 'gc',
  finalising: 'gc',
  'waiting for a grace period': 'grace',
  held: 'held',
};

/** What the threads did in a short stretch of a run. */
export function timelineSection(model: Model): Section {
  const section = { id: 'timelines', title: 'Timelines' };
  const { timelines } = model.json;
  const usable = timelines.filter(({ microseconds, tracks }) => microseconds > 0 && tracks.length > 0);
  if (usable.length === 0) {
    return {
      ...section,
      html: null,
      missing: 'Timelines: none were recorded; ungil trace WORKLOAD --out FILE records one for Perfetto.',
    };
  }
  return {
    ...section,
    html: lines(
      '<p>Short stretches of runs, one lane a thread: tall is running, low is waiting or standing still. Lanes of locks show when they are held, and by which thread. ' +
        '<code>ungil trace</code> records the same for Perfetto, in full.</p>',
      ...usable.map((timeline) => figure(model, timeline)),
    ),
    missing: '',
  };
}

function figure(model: Model, timeline: Timeline): string {
  const { workload, build, threads, microseconds, tracks, dropped } = timeline;
  const scale = linear(0, microseconds, 6, (value) => formatTick(value * 1000));
  const x = (at: number): number => LEFT + (at / microseconds) * (WIDTH - LEFT - 30);
  const bottom = tracks.length * LANE + 4;
  const grid = scale.ticks.map(
    ({ value, label }) =>
      `<path class="grid" d="M${place(x(value))} 0V${bottom}"/><text x="${place(x(value))}" y="${bottom + 13}" text-anchor="middle">${e(label)}</text>`,
  );
  const share = Math.max(Math.floor(model.detail.slices / tracks.length), 20);
  const lanes = tracks.map((track, i) => lane(track, i * LANE + 2, x, share));
  const label = `${workload} in ${build}, ${plural(threads, 'thread')}, ${formatNs(microseconds * 1000)}. ${tracks
    .filter(({ kind }) => kind === 'thread')
    .map((track) => `${track.name}: ${shareWords(track, microseconds)}`)
    .join('; ')}.`;
  const lost = dropped > 0 ? ` ${dropped} events were not recorded.` : '';
  const w = model.workloads.indexOf(workload);
  const b = model.builds.indexOf(build);
  return (
    `<figure class="timeline"${w >= 0 ? ` data-w="${w}"` : ''}${b >= 0 ? ` data-b="${b}"` : ''}><figcaption>${e(workload)}, ${e(build)}, ${plural(threads, 'thread')}.${lost}</figcaption>` +
    `${scrollable(`Timeline of ${workload} in ${build}`, `<svg class="chart" viewBox="0 0 ${WIDTH} ${bottom + 18}" role="img" aria-label="${e(label)}">${grid.join('')}${lanes.join('')}</svg>`)}` +
    `${key(tracks)}${times(tracks, microseconds)}</figure>`
  );
}

function lane(track: TimelineTrack, y: number, x: (at: number) => number, most: number): string {
  const rects = thinned(track.slices, most).map((slice) => {
    const left = x(slice.start);
    const width = Math.max(x(slice.end) - left, 0.6);
    const look = LOOKS[slice.state] ?? 'park';
    const tall = look === 'run' || look === 'held' || look === 'gc' || look === 'world';
    const top = tall ? y + 1 : y + 8;
    return `<rect class="t-${look}" x="${place(left)}" y="${top}" width="${place(width)}" height="${tall ? LANE - 5 : LANE - 12}"><title>${e(sliceWords(slice))}</title></rect>${owner(slice, left + width / 2, y + 13, width)}`;
  });
  return `<text x="${LEFT - 6}" y="${y + 13}" text-anchor="end">${e(cut(track.name))}</text>${rects.join('')}`;
}

/** Who holds a lock, where there is room to say so. */
function owner({ thread }: TimelineSlice, x: number, y: number, width: number): string {
  if (thread === undefined || width < 14) return '';
  return `<text class="owner" x="${place(x)}" y="${y}" text-anchor="middle">${thread}</text>`;
}

function sliceWords({ state, start, end, thread, note }: TimelineSlice): string {
  const who = thread === undefined ? '' : ` by thread ${thread}`;
  return `${state}${who}${note === undefined || note === '' ? '' : ` (${note})`}: ${formatNs((end - start) * 1000)} from ${formatNs(start * 1000)}`;
}

function cut(name: string): string {
  return name.length <= 14 ? name : `${name.slice(0, 13)}…`;
}

/** The states that occur, with their colours. */
function key(tracks: readonly TimelineTrack[]): string {
  const states = [...new Set(tracks.flatMap(({ slices }) => slices.map(({ state }) => state)))];
  const looks = new Map<string, TimelineState[]>();
  for (const state of states) {
    const look = LOOKS[state] ?? 'park';
    looks.set(look, [...(looks.get(look) ?? []), state]);
  }
  const items = [...looks].map(
    ([look, of]) =>
      `<li><svg width="14" height="12" aria-hidden="true"><rect class="t-${look}" width="14" height="12"/></svg>${e(of.join(', '))}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** The chart's figures: what share of the stretch each track was in each state. */
function times(tracks: readonly TimelineTrack[], microseconds: number): string {
  const rows = tracks.map(
    (track) => `<tr><th scope="row">${e(track.name)}</th><td>${e(shareWords(track, microseconds))}</td></tr>`,
  );
  const heads = ['track', 'share of the time'].map((head) => `<th scope="col">${head}</th>`);
  return `<details><summary>As a table</summary>${scrollable('Shares of time', table('Shares of time', heads, rows))}</details>`;
}

function shareWords({ slices }: TimelineTrack, microseconds: number): string {
  const shares = [...exclusiveTimes(slices)].sort((a, b) => b[1] - a[1]);
  return (
    shares.map(([state, time]) => `${state} ${formatPercent(time / microseconds)}`).join(', ') ||
    'nothing recorded'
  );
}
