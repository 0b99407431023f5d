import { priceOfFreeThreading } from '../results.js';
import { cpythonPrice } from '../summary.js';
import { formatRatio } from '../text.js';
import { legend } from './builds.js';
import { formatNs } from './format.js';
import { lines } from './markup.js';
import { find, type Model, type Section } from './model.js';
import { type Mark, type Row, rowChart } from './rowChart.js';
import { logarithmic } from './scale.js';

const BUILD = 'free-threaded';

/** What an operation costs more without the GIL, at one thread. */
export function priceSection(model: Model): Section {
  const section = { id: 'price', title: 'Price of free threading at 1 thread' };
  const rows = model.workloads.flatMap((workload): Row[] => {
    const ours = priceOfFreeThreading(model.results, workload);
    return ours === null ? [] : [row(model, workload, ours)];
  });
  if (rows.length === 0) {
    const missing = 'Price of free threading: needs builds gil and free-threaded at 1 thread.';
    return { ...section, html: null, missing };
  }
  const all = rows.flatMap(({ marks }) => marks.map(({ at }) => at));
  const scale = logarithmic(Math.min(1, ...all), Math.max(2, ...all), 2, (value) =>
    value < 1 ? `1/${Math.round(1 / value)}` : String(value),
  );
  return {
    ...section,
    html: lines(
      '<p>Time per operation in free-threaded over gil, nobody else running. Bars to the right of 1 are what atomic operations, wider headers and locks cost; ' +
        'to the left of 1 free threading is cheaper. The axis doubles with each line.</p>',
      legend(model.builds, [BUILD], true),
      rowChart(model, {
        id: 'price',
        caption: 'Price of free threading',
        axis: "times gil's time per operation",
        scale,
        reference: 1,
        columns: [{ head: 'price' }, { head: "CPython's" }, { head: 'gil' }, { head: BUILD }],
        rows,
      }),
    ),
    missing: '',
  };
}

function row(model: Model, workload: string, ours: number): Row {
  const theirs = cpythonPrice(model.results, workload);
  const marks: Mark[] = [{ kind: 'bar', build: BUILD, at: ours, text: formatRatio(ours) }];
  if (theirs !== null) {
    marks.push({
      kind: 'hollow',
      build: BUILD,
      at: theirs,
      text: `CPython ${formatRatio(theirs)}`,
    });
  }
  const gil = find(model, workload, 'gil', 1)!.nsPerOp;
  const free = find(model, workload, BUILD, 1)!.nsPerOp;
  return {
    workload,
    marks,
    cells: [formatRatio(ours), formatRatio(theirs), formatNs(gil), formatNs(free)],
  };
}
