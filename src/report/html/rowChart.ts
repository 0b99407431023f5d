import { seriesOf } from './builds.js';
import { e, scrollable } from './markup.js';
import type { Model } from './model.js';
import { place, type Scale } from './scale.js';

/**
 * A table whose second column is a chart: a row a workload, a lane a build, figures beside it. The figures say the same as the
 * chart, which is therefore hidden from screen readers.
 */
export interface RowChart {
  readonly id: string;
  readonly caption: string;
  readonly axis: string;
  readonly scale: Scale;
  /** Where a stronger line stands: what is neither better nor worse. */
  readonly reference: number | null;
  readonly columns: readonly RowColumn[];
  readonly rows: readonly Row[];
}

export interface RowColumn {
  readonly head: string;
  /** The build that it belongs to, if to one. */
  readonly build?: string;
}

export interface Row {
  readonly workload: string;
  /** Where each build has a row of its own. */
  readonly build?: string;
  readonly marks: readonly Mark[];
  /** One for each column. */
  readonly cells: readonly string[];
}

export interface Mark {
  /** `bar`: from the reference to `at`. `range`: a thin line. `hollow`: CPython's. */
  readonly kind: 'dot' | 'hollow' | 'bar' | 'range' | 'tick';
  readonly build: string;
  readonly at: number;
  /** Of a range. */
  readonly from?: number;
  readonly text: string;
}

const LANE = 12;

export function rowChart(model: Model, chart: RowChart): string {
  const { id, caption, columns, rows } = chart;
  const builds = model.builds.filter((build) =>
    rows.some((row) => row.marks.some((mark) => mark.build === build)),
  );
  const heads = columns.map(({ head }) => `<th scope="col" class="n s">${e(head)}</th>`);
  const body = rows.map((row) => {
    const cells = row.cells.map((text) => `<td>${e(text)}</td>`);
    return (
      `<tr data-w="${model.workloads.indexOf(row.workload)}"${ofBuild(model, row.build)}><th scope="row">${e(row.workload)}</th>` +
      `<td class="plot">${plot(model, chart, row.build === undefined ? builds : [row.build], row)}</td>${cells.join('')}</tr>`
    );
  });
  return scrollable(
    caption,
    `<table class="rows sortable"${columnBuilds(model, [undefined, undefined, ...columns.map(({ build }) => build)])}><caption>${e(caption)}</caption><thead><tr><th scope="col" class="s">workload</th>` +
      `<th scope="col" class="plot"><span class="axis">${e(chart.axis)}</span>${axis(id, chart)}</th>${heads.join('')}</tr></thead>` +
      `<tbody>\n${body.join('\n')}\n</tbody></table>`,
  );
}

/** Attribute of a table whose columns vanish with a build: one entry a column. */
export function columnBuilds(model: Model, builds: readonly (string | undefined)[]): string {
  const indices = builds.map((build) => (build === undefined ? '' : model.builds.indexOf(build)));
  return ` data-cols="${indices.join(',')}"`;
}

/** Attribute of what vanishes with a build. */
export function ofBuild(model: Model, build: string | undefined): string {
  return build === undefined ? '' : ` data-b="${model.builds.indexOf(build)}"`;
}

function axis(id: string, { scale, reference }: RowChart): string {
  const ticks = scale.ticks.map(({ value, label }) => {
    return `<text x="${percent(scale.at(value))}" y="11">${e(label)}</text>`;
  });
  const grid = scale.ticks.map(({ value }) => gridLine(scale.at(value), ''));
  const strong = reference === null ? '' : gridLine(scale.at(reference), ' class="ref"');
  return (
    `<svg class="row-axis" height="16" aria-hidden="true"><defs><g id="grid-${id}" class="grid">${grid.join('')}${strong}</g></defs>` +
    `${ticks.join('')}</svg>`
  );
}

function gridLine(at: number, style: string): string {
  return `<line x1="${percent(at)}" x2="${percent(at)}" y1="0" y2="100%"${style}/>`;
}

function plot(model: Model, chart: RowChart, builds: readonly string[], row: Row): string {
  const height = builds.length * LANE + 4;
  const groups = builds.map((build, lane) => {
    const marks = row.marks.filter((mark) => mark.build === build);
    if (marks.length === 0) return '';
    const y = (lane + 0.5) * LANE + 2;
    const drawn = marks.map((mark) =>
      drawMark(chart, mark, y, seriesOf(model.builds, build), model.detail.notes),
    );
    return `<g class="b${seriesOf(model.builds, build)}"${ofBuild(model, build)}>${drawn.join('')}</g>`;
  });
  return `<svg class="chart row" height="${height}" aria-hidden="true"><use href="#grid-${chart.id}"/>${groups.join('')}</svg>`;
}

function drawMark(
  { scale, reference }: RowChart,
  mark: Mark,
  y: number,
  series: number,
  notes: boolean,
): string {
  const at = percent(scale.at(mark.at));
  const title = mark.text === '' || !notes ? '' : `<title>${e(mark.text)}</title>`;
  switch (mark.kind) {
    case 'dot':
      return `<use href="#m${series}" x="${at}" y="${y}">${title}</use>`;
    case 'hollow':
      return `<use href="#m${series}" x="${at}" y="${y}" class="o">${title}</use>`;
    case 'tick':
      return `<line class="ln" x1="${at}" x2="${at}" y1="${y - 4}" y2="${y + 4}">${title}</line>`;
    case 'range':
      return `<line class="wh" x1="${percent(scale.at(mark.from ?? mark.at))}" x2="${at}" y1="${y}" y2="${y}"/>`;
    case 'bar': {
      const zero = reference === null ? 0 : scale.at(reference);
      const left = Math.min(zero, scale.at(mark.at));
      const width = Math.abs(scale.at(mark.at) - zero);
      return `<rect class="bar" x="${percent(left)}" width="${percent(width)}" y="${y - 4}" height="8">${title}</rect>`;
    }
  }
}

function percent(share: number): string {
  return `${place(share * 100)}%`;
}
