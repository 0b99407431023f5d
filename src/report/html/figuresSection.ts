import type { Result } from '../results.js';
import { formatRatio } from '../text.js';
import { seriesOf } from './builds.js';
import { formatNs, formatRange, formatRate } from './format.js';
import { e, lines, scrollable } from './markup.js';
import { isFigure, type Model, type Section } from './model.js';

const HEADS = [
  ['workload', ''],
  ['build', ''],
  ['threads', 'n'],
  ['operations/s', 'n'],
  ['95 % interval', 'n'],
  ['time/op', 'n'],
  ['speed-up', 'n'],
  ['95 % interval', 'n'],
  ["CPython's", 'n'],
  ['efficiency, %', 'n'],
  ['fairness', 'n'],
];

/** Every figure, one row a measurement. */
export function figuresSection(model: Model): Section {
  if (model.results.length === 0) {
    return { id: 'figures', title: 'Figures', html: '<p>Nothing was measured.</p>', missing: '' };
  }
  const heads = HEADS.map(
    ([head, style]) => `<th scope="col" class="${`${style} s`.trim()}">${e(head)}</th>`,
  );
  const rows = model.results.map((result) => row(model, result));
  const caption = 'One row a measurement; a * marks a wrong result, a ? a doubtful figure';
  return {
    id: 'figures',
    title: 'Figures',
    html: lines(
      '<p>Operations per second of all threads together, median of the repeats, with the interval in which the true median lies with a ' +
        'confidence of 95 % (with four rounds: 88 to 98 % in simulations). Time per operation is its inverse: at one thread the cost of an operation. Speed-up is over one thread of the ' +
        "same build. Efficiency is speed-up over the machine's ceiling. Fairness is Jain's index: 1, all threads got the same.</p>",
      scrollable(
        caption,
        `<table class="figures sortable"><caption>${e(caption)}</caption><thead><tr>${heads.join('')}</tr></thead>` +
          `<tbody>\n${rows.join('\n')}\n</tbody></table>`,
      ),
    ),
    missing: '',
  };
}

function row(model: Model, result: Result): string {
  const { workload, build, threads, opsPerSecond, nsPerOp } = result;
  const interval = opsPerSecond.interval;
  const mark = result.wrong !== null ? '*' : result.warnings.length > 0 ? '?' : '';
  const cells = [
    number(String(threads)),
    number(formatRate(opsPerSecond.median) + mark),
    // Without an interval the repeats' range says what it can, in brackets.
    interval === null
      ? number(`(${formatRange(formatRate(opsPerSecond.min), formatRate(opsPerSecond.max))})`)
      : number(formatRange(formatRate(interval.low), formatRate(interval.high))),
    number(formatNs(nsPerOp)),
    ...(threads === 1 ? Array<string>(5).fill('<td></td>') : scaling(result)),
  ];
  const series = seriesOf(model.builds, build);
  return (
    `<tr data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}"><th scope="row">${e(workload)}</th>` +
    `<td class="b${series}">${e(build)}</td>${cells.join('')}</tr>`
  );
}

/** What one thread alone has none of. */
function scaling({ speedup, speedupInterval: span, cpython, efficiency, fairness }: Result): string[] {
  return [
    number(formatRatio(speedup)),
    number(span === null ? '-' : formatRange(formatRatio(span.low), formatRatio(span.high))),
    number(formatRatio(cpython?.speedup)),
    number(isFigure(efficiency) ? String(Math.round(efficiency * 100)) : '-'),
    number(formatRatio(fairness)),
  ];
}

function number(text: string): string {
  return `<td>${e(text)}</td>`;
}
