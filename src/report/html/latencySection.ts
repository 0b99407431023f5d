import type { Result } from '../results.js';
import { formatCount, plural } from '../text.js';
import { legend, seriesOf } from './builds.js';
import { formatNs, formatTick } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import { isFigure, type Model, type Section } from './model.js';
import { ofBuild } from './rowChart.js';
import { logarithmic, place, type Scale } from './scale.js';

const WIDTH = 420;
const HEIGHT = 220;
const LEFT = 50;
const RIGHT = 400;
const TOP = 8;
const BOTTOM = 188;
const LEAST_STEP = 5;
/** Shares of requests with a line of their own, evenly spread: each leaves a tenth of what the one before left. */
const SHARES = [0, 0.9, 0.99, 0.999, 0.9999];

/** How long single requests took, drawn as HdrHistogram does: the tail gets as much room as the rest. */
export function latencySection(model: Model): Section {
  const section = { id: 'latency', title: 'Latency' };
  const measured = model.results.filter(({ latency }) => latency !== null && latency.count > 0);
  if (measured.length === 0) {
    return {
      ...section,
      html: null,
      missing: 'Latency: no workload with requests was measured (--group requests).',
    };
  }
  const times = measured.flatMap(({ latency }) => [latency!.max, ...latency!.curve.map(([, time]) => time)]);
  const positive = times.filter((time) => time > 0);
  const scale = logarithmic(Math.min(...positive), Math.max(...positive), 10, formatTick, 7);
  const builds = model.builds.filter((build) => measured.some((result) => result.build === build));
  const charts = model.workloads.flatMap((workload) => {
    const own = measured.filter((result) => result.workload === workload);
    return own.length === 0 ? [] : [chart(model, workload, own, scale)];
  });
  return {
    ...section,
    html: lines(
      '<p>A point says: this share of the requests took at most so long. To the right the axis stretches: each line leaves a tenth of the ' +
        'requests that the one before left, so that the slowest show. Low and flat is good. Each chart is of the highest number of threads.</p>',
      legend(model.builds, builds, false),
      frame(scale),
      `<div class="wide">\n${charts.join('\n')}\n</div>`,
      figures(model, measured),
    ),
    missing: '',
  };
}

/** What all charts have in common, in the page once. */
function frame(scale: Scale): string {
  const y = yOf(scale);
  const grid = [
    ...scale.ticks.map(
      ({ value, label }) =>
        `<path class="grid" d="M${LEFT} ${y(value)}H${RIGHT}"/><text x="${LEFT - 5}" y="${Number(y(value)) + 3.5}" text-anchor="end">${e(label)}</text>`,
    ),
    ...SHARES.map(
      (share) =>
        `<path class="grid" d="M${x(share)} ${TOP}V${BOTTOM}"/><text x="${x(share)}" y="${BOTTOM + 14}" text-anchor="middle">${percentOf(share)}</text>`,
    ),
  ];
  grid.push(
    `<text x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">share of requests</text>`,
  );
  return `<svg class="defs" aria-hidden="true" focusable="false"><defs><g id="latency-frame">${grid.join('')}</g></defs></svg>`;
}

function yOf(scale: Scale): (time: number) => string {
  return (time) => place(BOTTOM - scale.at(time) * (BOTTOM - TOP));
}

function chart(model: Model, workload: string, own: readonly Result[], scale: Scale): string {
  const most = Math.max(...own.map(({ threads }) => threads));
  const drawn = own.filter(({ threads }) => threads === most);
  const y = yOf(scale);
  const curves = drawn.map((result) => curve(model, result, y));
  const findings = drawn.map(
    ({ build, latency }) =>
      `${build}: median ${formatNs(latency!.p50)}, 99 % within ${formatNs(latency!.p99)}`,
  );
  const label = `${workload}, ${plural(most, 'thread')}, time of a request by share of requests. ${findings.join('; ')}.`;
  return (
    `<figure data-w="${model.workloads.indexOf(workload)}"><figcaption>${e(workload)}, ${plural(most, 'thread')}</figcaption>` +
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${e(label)}"><use href="#latency-frame"/>${curves.join('')}</svg></figure>`
  );
}

function curve(model: Model, { build, latency }: Result, y: (time: number) => string): string {
  const series = seriesOf(model.builds, build);
  const { curve: points, count, p50, p99, p999, max } = latency!;
  // Of so many requests the slowest is this share; shares beyond have nothing to show.
  const end = 1 - 1 / Math.max(count, 2);
  const marks = (
    [
      [0.5, p50],
      [0.99, p99],
      [0.999, p999],
      [end, max],
    ] as [number, number][]
  ).filter(([share, time]) => share <= end && time > 0);
  const known = [...points.filter(([share, time]) => isFigure(share) && share < end && time > 0), ...marks];
  const path = apart(known.sort(([one], [other]) => one - other));
  const drawn = marks.map(([share, time]) => {
    const title = `${share === end ? 'the slowest' : `${percentOf(share)} within`} ${formatNs(time)}`;
    return `<use href="#m${series}" x="${x(share)}" y="${y(time)}">${model.detail.notes ? `<title>${e(title)}</title>` : ''}</use>`;
  });
  const line = path.map(([share, time], i) => `${i === 0 ? 'M' : 'L'}${x(share)} ${y(time)}`);
  return `<g class="b${series}"${ofBuild(model, build)}><path class="ln" d="${line.join('')}"/>${drawn.join('')}</g>`;
}

/** Without points that are too near to the one before to be seen; the last one stays. */
function apart(points: readonly [number, number][]): [number, number][] {
  let last = Number.NEGATIVE_INFINITY;
  return points.filter(([share], i) => {
    const far = Number(x(share)) - last >= LEAST_STEP || i === points.length - 1;
    if (far) last = Number(x(share));
    return far;
  });
}

/** By the logarithm of what a share leaves. */
function x(share: number): string {
  const last = SHARES.length - 1;
  const decades = share >= 1 ? last : Math.min(-Math.log10(1 - share), last);
  return place(LEFT + 6 + (decades / last) * (RIGHT - LEFT - 18));
}

function percentOf(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

function figures(model: Model, measured: readonly Result[]): string {
  const heads = [
    'workload',
    'build',
    'threads',
    'requests',
    'mean',
    'median',
    '99 %',
    '99.9 %',
    'longest',
  ].map((head, i) => `<th scope="col" class="s${i > 1 ? ' n' : ''}">${head}</th>`);
  const rows = measured.map(({ workload, build, threads, latency }) => {
    const { count, mean, p50, p99, p999, max } = latency!;
    const times = [mean, p50, p99, p999, max].map(
      (time) =>
        `<td class="n" data-v="${isFigure(time) ? Number(time.toPrecision(5)) : ''}">${formatNs(time)}</td>`,
    );
    return (
      `<tr data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}"><th scope="row">${e(workload)}</th>` +
      `<td>${e(build)}</td><td>${threads}</td><td>${formatCount(count)}</td>${times.join('')}</tr>`
    );
  });
  const caption = 'Time of a request';
  return scrollable(caption, table(caption, heads, rows, 'latencies sortable'));
}
