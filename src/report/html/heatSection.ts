import { e, lines, scrollable } from './markup.js';
import { find, isFigure, isRight, type Model, type Section } from './model.js';
import { columnBuilds, ofBuild } from './rowChart.js';

/** Steps of colour: 0 is no efficiency, the last is all of it. */
const STEPS = 8;

/** Efficiency over workloads and threads, a block of columns a build. */
export function heatSection(model: Model): Section {
  const section = { id: 'efficiency', title: 'Efficiency' };
  const threads = model.threads.filter((count) => count > 1);
  if (!model.results.some((result) => result.threads > 1 && isFigure(result.efficiency))) {
    return { ...section, html: null, missing: '' };
  }
  const builds = model.builds;
  const above = builds.map(
    (build) =>
      `<th scope="colgroup" colspan="${threads.length}" class="c"${ofBuild(model, build)}>${e(build)}</th>`,
  );
  const heads = builds.flatMap((_, b) =>
    threads.map(
      (count, t) => `<th scope="col" class="c s" data-i="${1 + b * threads.length + t}">${count}</th>`,
    ),
  );
  const rows = model.workloads.map((workload) => {
    const cells = builds.flatMap((build) => threads.map((count) => cell(model, workload, build, count)));
    return `<tr data-w="${model.workloads.indexOf(workload)}"><th scope="row">${e(workload)}</th>${cells.join('')}</tr>`;
  });
  const ramp = Array.from(
    { length: STEPS },
    (_, i) => `<span class="h${i}">${Math.round((i / (STEPS - 1)) * 100)}</span>`,
  );
  const caption = 'Efficiency in percent, by build and number of threads';
  return {
    ...section,
    html: lines(
      '<p>What share of the speed-up that the machine could give a workload gets: 100 % is perfect, and 100 % over the number of threads ' +
        'says that threads only take turns - as under a GIL they must.</p>',
      `<p class="ramp" aria-hidden="true">efficiency in % ${ramp.join('')}</p>`,
      scrollable(
        caption,
        `<table class="heat sortable"${columnBuilds(model, [undefined, ...builds.flatMap((build) => threads.map(() => build))])}><caption>${caption}</caption><thead>` +
          `<tr><th scope="col" rowspan="2" class="s" data-i="0">workload</th>${above.join('')}</tr><tr>${heads.join('')}</tr></thead>` +
          `<tbody>\n${rows.join('\n')}\n</tbody></table>`,
      ),
    ),
    missing: '',
  };
}

function cell(model: Model, workload: string, build: string, threads: number): string {
  const result = find(model, workload, build, threads);
  const efficiency = isRight(result) ? result.efficiency : null;
  if (!isFigure(efficiency)) return '<td>-</td>';
  const step = Math.min(Math.max(Math.round(efficiency * (STEPS - 1)), 0), STEPS - 1);
  return `<td class="h${step}">${Math.round(efficiency * 100)}</td>`;
}
