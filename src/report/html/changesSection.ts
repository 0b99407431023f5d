import type { Change } from '../changes.js';
import { formatRatio, plural } from '../text.js';
import { seriesOf } from './builds.js';
import { formatRange, formatRate } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import { isFigure, type Model, type Section } from './model.js';

/** Against an older run, where one was given: what became faster or slower, the farthest first. */
export function changesSection(model: Model): Section {
  const section = { id: 'changes', title: 'Against the baseline', missing: '' };
  const { changes } = model.json;
  if (changes === undefined) return { ...section, html: null };
  const of = (verdict: Change['verdict']): number =>
    changes.rows.filter((row) => row.verdict === verdict).length;
  const overall = isFigure(changes.overall)
    ? ` All together are ${formatRatio(changes.overall)} times as fast.`
    : '';
  const heads = [
    'workload',
    'build',
    'threads',
    'before',
    'now',
    'now / before',
    '95 % interval',
    'verdict',
  ].map((head, i) => `<th scope="col" class="s${i > 1 ? ' n' : ''}">${head}</th>`);
  const rows = [...changes.rows]
    .sort((a, b) => distance(b) - distance(a))
    .map((change) => row(model, change));
  const caption = 'Operations per second, before and now';
  return {
    ...section,
    html: lines(
      `<p>${plural(changes.rows.length, 'row')} of both runs: ${of('faster')} faster, ${of('slower')} slower, ${of('as before')} as before` +
        `${of('unknown') > 0 ? `, ${of('unknown')} unknown for want of repeats` : ''}.${overall}</p>`,
      scrollable(caption, table(caption, heads, rows, 'changes sortable')),
    ),
  };
}

/** Rows that say something come first. */
function distance({ verdict, ratio }: Change): number {
  const moved = verdict === 'faster' || verdict === 'slower';
  return (moved ? 100 : 0) + Math.abs(Math.log(ratio));
}

function row(
  model: Model,
  { workload, build, threads, before, after, ratio, interval, verdict }: Change,
): string {
  const span = interval === null ? '-' : formatRange(formatRatio(interval.low), formatRatio(interval.high));
  const cells = [String(threads), formatRate(before), formatRate(after), formatRatio(ratio), span];
  const bad = verdict === 'slower' ? ' class="bad"' : '';
  return (
    `<tr data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}"><th scope="row">${e(workload)}</th>` +
    `<td class="b${seriesOf(model.builds, build)}">${e(build)}</td>` +
    `${cells.map((text) => `<td>${e(text)}</td>`).join('')}<td${bad}>${verdict}</td></tr>`
  );
}
