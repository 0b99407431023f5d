import type { Result } from '../results.js';
import { formatRatio, plural } from '../text.js';
import { legend } from './builds.js';
import { lines } from './markup.js';
import { find, isFigure, isRight, type Model, type Section } from './model.js';
import { type Mark, type Row, type RowColumn, rowChart } from './rowChart.js';
import { linear } from './scale.js';
import { speedupCurves } from './speedupCurves.js';

const LINES =
  '<li><svg width="30" height="14" aria-hidden="true"><line class="ideal" x1="1" y1="7" x2="30" y2="7"/></svg>perfect</li>' +
  '<li><svg width="30" height="14" aria-hidden="true"><line class="ceiling" x1="0" y1="7" x2="30" y2="7"/></svg>ceiling of the machine</li>';

/** Speed-ups: at the highest number of threads at a glance, then a curve a workload. */
export function scalingSection(model: Model): Section {
  const { most } = model;
  const section = { id: 'scaling', title: 'Speed-up' };
  if (!model.results.some(({ threads, speedup }) => threads > 1 && isFigure(speedup))) {
    return {
      ...section,
      html: null,
      missing: 'Speed-up: needs 1 thread and more than 1, as in --threads 1,2.',
    };
  }
  return {
    ...section,
    html: lines(
      `<p>Throughput over that of 1 thread of the same build. 1 means that more threads bring nothing, below 1 that they stand in each ` +
        `other's way, ${most} that they work as if alone. Thin lines span 95 % intervals, cut at the frame where they are wider.</p>`,
      legend(
        model.builds,
        model.builds,
        model.results.some(({ cpython }) => cpython !== null),
        LINES,
      ),
      `<h3>At ${plural(most, 'thread')}</h3>`,
      overview(model),
      '<h3>By number of threads</h3>',
      speedupCurves(model, highestSpeedup(model)),
    ),
    missing: '',
  };
}

/** The same upper end for all charts of speed-ups. */
function highestSpeedup(model: Model): number {
  const right = model.results.filter(isRight);
  const points = right.flatMap(({ speedup, cpython }) => [speedup, cpython?.speedup]).filter(isFigure);
  const ends = right.map(({ speedupInterval }) => speedupInterval?.high).filter(isFigure);
  // Intervals from few repeats can be absurd: they are cut at the frame, points are not.
  const widest = Math.min(Math.max(...ends, 0), model.most * 2);
  return Math.max(model.most, widest, ...points) * 1.04;
}

function overview(model: Model): string {
  const { most, builds } = model;
  const withCPython = (build: string): boolean =>
    model.results.some(
      (result) => result.build === build && result.threads === most && result.cpython !== null,
    );
  const columns: RowColumn[] = builds.flatMap((build) => [
    { head: build, build },
    ...(withCPython(build) ? [{ head: `CPython ${build}`, build }] : []),
  ]);
  const rows = model.workloads.flatMap((workload): Row[] => {
    const found = builds.map((build) => find(model, workload, build, most));
    const marks = found.flatMap((result) => (isRight(result) ? marksOf(result) : []));
    if (marks.length === 0) return [];
    const cells = builds.flatMap((build, i) => [
      formatRatio(found[i]?.speedup),
      ...(withCPython(build) ? [formatRatio(found[i]?.cpython?.speedup)] : []),
    ]);
    return [{ workload, marks, cells }];
  });
  return rowChart(model, {
    id: 'speedup',
    caption: `Speed-up at ${plural(most, 'thread')}`,
    axis: 'times 1 thread',
    scale: linear(0, highestSpeedup(model), Math.min(8, most * 2), (value) => String(value)),
    reference: 1,
    columns,
    rows,
  });
}

function marksOf({ build, speedup, speedupInterval: span, cpython }: Result): Mark[] {
  const marks: Mark[] = [];
  if (isFigure(span?.low)) marks.push({ kind: 'range', build, from: span!.low, at: span!.high, text: '' });
  const theirs = cpython?.speedup;
  const text = `CPython ${formatRatio(theirs)}`;
  if (isFigure(theirs)) marks.push({ kind: 'hollow', build, at: theirs, text });
  if (isFigure(speedup)) marks.push({ kind: 'dot', build, at: speedup, text: formatRatio(speedup) });
  return marks;
}
