import type { Result } from '../results.js';
import { formatRatio } from '../text.js';
import { seriesOf } from './builds.js';
import { e } from './markup.js';
import { find, isFigure, isRight, type Model } from './model.js';
import { ofBuild } from './rowChart.js';
import { linear, place } from './scale.js';

const WIDTH = 180;
const HEIGHT = 128;
const LEFT = 20;
const RIGHT = 174;
const TOP = 6;
const BOTTOM = 110;
/** Room between the frame and the first and last points. */
const INSET = 10;

/** Small multiples: one chart a workload, all with the same axes up to `highest`, so that they can be compared. */
export function speedupCurves(model: Model, highest: number): string {
  const frame = frameOf(model, highest);
  const charts = model.workloads.map((workload) => chart(model, frame, workload));
  return (
    `<svg class="defs" aria-hidden="true" focusable="false"><defs><g id="frame">${frame.drawn}</g></defs></svg>` +
    `<div class="multiples">\n${charts.filter((html) => html !== '').join('\n')}\n</div>`
  );
}

interface Frame {
  x(threads: number): string;
  y(speedup: number): string;
  /** Grid, labels, the ideal and the ceiling: in the page once, used by each chart. */
  readonly drawn: string;
}

function frameOf({ threads, most, json }: Model, highest: number): Frame {
  const scale = linear(0, highest, 4, String);
  const x = (count: number): string =>
    place(LEFT + INSET + ((count - 1) / Math.max(most - 1, 1)) * (RIGHT - LEFT - 2 * INSET));
  const y = (value: number): string => place(BOTTOM - scale.at(value) * (BOTTOM - TOP));
  const rows = scale.ticks.map(
    ({ value, label }) =>
      `<path class="grid${value === 1 ? ' ref' : ''}" d="M${LEFT} ${y(value)}H${RIGHT}"/>` +
      `<text x="${LEFT - 4}" y="${Number(y(value)) + 3.5}" text-anchor="end">${e(label)}</text>`,
  );
  const marks = threads.map(
    (count) => `<text x="${x(count)}" y="${BOTTOM + 13}" text-anchor="middle">${count}</text>`,
  );
  const ideal = `<path class="ideal" d="M${x(1)} ${y(1)}L${x(most)} ${y(most)}"/>`;
  const reached = json.ceilings
    .filter(({ median }) => isFigure(median))
    .map(({ threads: count, median }) => `L${x(count)} ${y(median)}`);
  const ceiling =
    reached.length === 0 ? '' : `<path class="ceiling" d="M${x(1)} ${y(1)}${reached.join('')}"/>`;
  return { x, y, drawn: rows.join('') + marks.join('') + ideal + ceiling };
}

function chart(model: Model, frame: Frame, workload: string): string {
  const curves = model.builds
    .map((build) => ({
      build,
      points: model.threads
        .map((threads) => find(model, workload, build, threads))
        .filter((result): result is Result => isRight(result) && isFigure(result.speedup)),
    }))
    .filter(({ points }) => points.length > 0);
  if (curves.length === 0) return '';
  const drawn = curves.map(
    ({ build, points }) =>
      `<g class="b${seriesOf(model.builds, build)}"${ofBuild(model, build)}>${curve(model, frame, build, points)}</g>`,
  );
  const findings = curves.map(({ build, points }) => finding(build, points[points.length - 1]));
  const label = `${workload}, speed-up by number of threads. ${findings.join('; ')}.`;
  return (
    `<figure data-w="${model.workloads.indexOf(workload)}"><figcaption>${e(workload)}</figcaption>` +
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${e(label)}">` +
    `<use href="#frame"/>${drawn.join('')}</svg></figure>`
  );
}

function finding(build: string, { threads, speedup, cpython }: Result): string {
  const theirs = cpython === null ? '' : `, CPython ${formatRatio(cpython.speedup)}`;
  return `${build} at ${threads}: ${formatRatio(speedup)}${theirs}`;
}

function curve(model: Model, frame: Frame, build: string, points: readonly Result[]): string {
  const series = seriesOf(model.builds, build);
  const { x, y } = frame;
  const line = points.map(({ threads, speedup }, i) => `${i === 0 ? 'M' : 'L'}${x(threads)} ${y(speedup!)}`);
  const whiskers = points
    .filter(({ threads, speedupInterval }) => threads > 1 && isFigure(speedupInterval?.low))
    .map(({ threads, speedupInterval: span }) => `M${x(threads)} ${y(span!.low)}V${y(span!.high)}`);
  const theirs = points
    .filter(({ cpython, threads }) => isFigure(cpython?.speedup) && threads > 1)
    .map(({ threads, cpython }) => {
      const title = `CPython at ${threads}: ${formatRatio(cpython!.speedup)}`;
      return `<use href="#m${series}" x="${x(threads)}" y="${y(cpython!.speedup!)}" class="o">${note(model, title)}</use>`;
    });
  // All curves begin at 1.
  const ours = points
    .filter(({ threads }) => threads > 1)
    .map(({ threads, speedup, speedupInterval: span }) => {
      const range = isFigure(span?.low) ? ` (${formatRatio(span?.low)} to ${formatRatio(span?.high)})` : '';
      const title = `at ${threads}: ${formatRatio(speedup)}${range}`;
      return `<use href="#m${series}" x="${x(threads)}" y="${y(speedup!)}">${note(model, title)}</use>`;
    });
  return (
    `<path class="ln" d="${line.join('')}"/>` +
    `${whiskers.length === 0 ? '' : `<path class="wh" d="${whiskers.join('')}"/>`}${theirs.join('')}${ours.join('')}`
  );
}

function note({ detail }: Model, text: string): string {
  return detail.notes ? `<title>${e(text)}</title>` : '';
}
