import type { Waits } from '../figures.js';
import type { Result } from '../results.js';
import { formatCount } from '../text.js';
import { seriesOf } from './builds.js';
import { formatMilliseconds, formatNs } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import { isFigure, type Model, type Section } from './model.js';
import { place } from './scale.js';

const HEIGHT = 34;
const BAR = 13;
/** Of a page that has to stay small. */
const MOST_ROWS = 20;

/** How long threads waited for the GIL, as small histograms over one axis. */
export function gilSection(model: Model): Section {
  const section = { id: 'gil', title: 'Waits for the GIL' };
  const waited = telling(
    model,
    model.results.filter(({ gilWaits, threads }) => gilWaits !== null && gilWaits.count > 0 && threads > 1),
  );
  if (waited.length === 0) {
    return {
      ...section,
      html: null,
      missing: 'Waits for the GIL: none were recorded; they need a build with a GIL and more than 1 thread.',
    };
  }
  const buckets = bucketsOf(waited.map(({ gilWaits }) => gilWaits!));
  const heads = ['workload', 'build', 'threads', '', 'waits', 'waited in all', 'mean', 'longest'].map(
    (head, i) =>
      i === 3
        ? `<th scope="col" class="plot">how many took up to so long<br>${axis(buckets)}</th>`
        : `<th scope="col" class="s${i > 1 ? ' n' : ''}">${head}</th>`,
  );
  const caption = 'Waits for the GIL, all repeats together and what is before and between them';
  return {
    ...section,
    html: lines(
      '<p>A thread that wants the GIL waits until the one that has it gives it up: after 5 ms on request, or when it blocks. Bars show how many ' +
        'waits took up to so long, in steps of twice the time, the highest bar of a row in full height.</p>',
      scrollable(
        caption,
        table(
          caption,
          heads,
          waited.map((result) => row(model, result, buckets)),
          'gil sortable',
        ),
      ),
    ),
    missing: '',
  };
}

/** All of them, or those of the highest number of threads, or the longest of these. */
function telling({ detail, most }: Model, waited: readonly Result[]): readonly Result[] {
  if (detail.byThread) return waited;
  const own = waited.filter(({ threads }) => threads === most);
  if (detail.notes || own.length <= MOST_ROWS) return own;
  const least = own.map(({ gilWaits }) => gilWaits!.longestMs).sort((a, b) => b - a)[MOST_ROWS - 1];
  return own.filter(({ gilWaits }) => gilWaits!.longestMs >= least).slice(0, MOST_ROWS);
}

/** Upper ends in microseconds that any of them uses, without gaps; null: no end. */
function bucketsOf(all: readonly Waits[]): (number | null)[] {
  const used = all.flatMap(({ histogram }) =>
    histogram.filter(([, count]) => count > 0).map(([upTo]) => upTo),
  );
  const finite = used.filter(isFigure);
  const ends: (number | null)[] = [];
  if (finite.length > 0) {
    for (let end = Math.min(...finite); end <= Math.max(...finite) * 1.001 && ends.length < 40; end *= 2)
      ends.push(end);
  }
  if (used.length > finite.length) ends.push(null);
  return ends;
}

function axis(buckets: readonly (number | null)[]): string {
  const every = Math.ceil(buckets.length / 4);
  const labels = buckets.map((end, i) => {
    if (i % every !== 0) return '';
    const text = end === null ? 'more' : formatNs(end * 1000).replace(/\.\d+/, '');
    return `<text x="${i * BAR}" y="11">${text}</text>`;
  });
  return `<svg class="fixed" width="${buckets.length * BAR + 24}" height="15" aria-hidden="true">${labels.join('')}</svg>`;
}

function row(model: Model, result: Result, buckets: readonly (number | null)[]): string {
  const { workload, build, threads, gilWaits } = result;
  const { count, totalMs, longestMs, histogram } = gilWaits!;
  const mean = totalMs / count;
  const figures = [
    formatCount(count),
    formatMilliseconds(totalMs),
    formatMilliseconds(mean),
    formatMilliseconds(longestMs),
  ];
  return (
    `<tr data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}"><th scope="row">${e(workload)}</th>` +
    `<td>${e(build)}</td><td>${threads}</td><td class="plot">${bars(model, result, histogram, buckets)}</td>` +
    `${figures.map((text) => `<td>${text}</td>`).join('')}</tr>`
  );
}

function bars(
  model: Model,
  { workload, build, gilWaits }: Result,
  histogram: Waits['histogram'],
  buckets: readonly (number | null)[],
): string {
  const highest = Math.max(...histogram.map(([, count]) => count));
  const drawn = histogram
    .filter(([, count]) => count > 0)
    .map(([upTo, count]) => {
      const i = isFigure(upTo)
        ? buckets.findIndex((end) => end !== null && Math.abs(end / upTo - 1) < 0.01)
        : buckets.indexOf(null);
      const tall = Math.max((count / highest) * (HEIGHT - 2), 1);
      return `M${i * BAR + BAR / 2} ${HEIGHT}v${place(-tall)}`;
    });
  const label = `${workload}, ${build}: ${formatCount(gilWaits!.count)} waits, the longest ${formatMilliseconds(gilWaits!.longestMs)}`;
  return (
    `<svg class="fixed b${seriesOf(model.builds, build)}" width="${buckets.length * BAR}" height="${HEIGHT}" role="img" aria-label="${e(label)}">` +
    `<path class="grid" d="M0 ${HEIGHT - 0.5}h${buckets.length * BAR}"/><path class="bars" d="${drawn.join('')}"/></svg>`
  );
}
