import type { CPythonFigures } from '../cpython.js';
import type { Result } from '../results.js';
import { formatRatio } from '../text.js';
import { formatNs, formatRate } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import type { Model, Section } from './model.js';

/** What interpreters reached that ran the workloads' twins beside ours: all of them, where charts show one a build. */
export function interpretersSection(model: Model): Section {
  const section = { id: 'interpreters', title: 'CPython beside ours' };
  const live = model.results.filter(({ interpreters }) => (interpreters ?? []).length > 0);
  if (live.length === 0) {
    const missing =
      "CPython's figures of this session: no interpreter ran; --with-cpython python3.14,python3.14t runs two.";
    return { ...section, html: null, missing };
  }
  const heads = [
    'workload',
    'build',
    'threads',
    'interpreter',
    'operations/s',
    'time/op',
    'speed-up',
    'ours',
    'fairness',
  ].map((head, i) => `<th scope="col" class="s${i > 3 || i === 2 ? ' n' : ''}">${head}</th>`);
  const rows = live.flatMap((result) => result.interpreters!.map((figures) => row(model, result, figures)));
  const caption = 'Interpreters that ran in the same session';
  return {
    ...section,
    html: lines(
      '<p>The same workloads in Python, in turns with ours on this machine. Charts show the first interpreter of each build.</p>',
      scrollable(caption, table(caption, heads, rows, 'interpreters sortable')),
    ),
    missing: '',
  };
}

function row(model: Model, { workload, build, threads, speedup }: Result, figures: CPythonFigures): string {
  const cells = [
    formatRate(figures.opsPerSecond?.median),
    formatNs(figures.nsPerOp),
    formatRatio(figures.speedup),
    formatRatio(speedup),
    formatRatio(figures.fairness),
  ];
  return (
    `<tr data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}"><th scope="row">${e(workload)}</th>` +
    `<td>${e(build)}</td><td>${threads}</td><td>${e(figures.source)}</td>${cells.map((text) => `<td>${e(text)}</td>`).join('')}</tr>`
  );
}
