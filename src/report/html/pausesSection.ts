import { formatCount, plural } from '../text.js';
import { legend } from './builds.js';
import { formatMilliseconds, formatTick } from './format.js';
import { lines } from './markup.js';
import { find, isFigure, type Model, type Section } from './model.js';
import { type Row, rowChart } from './rowChart.js';
import { logarithmic } from './scale.js';

/** How long the collector of cycles held everybody up. */
export function pausesSection(model: Model): Section {
  const section = { id: 'pauses', title: 'Pauses of the collector' };
  const { most, builds } = model;
  const rows = model.workloads.flatMap((workload) => builds.flatMap((build) => row(model, workload, build)));
  if (rows.length === 0) {
    const missing =
      'Pauses of the collector: no cycles were collected while these workloads ran (--group gc).';
    return { ...section, html: null, missing };
  }
  const shown = builds.filter((build) => rows.some((each) => each.build === build));
  const all = rows.flatMap(({ marks }) => marks.map(({ at }) => at)).filter((value) => value > 0);
  return {
    ...section,
    html: lines(
      `<p>Times that the collector of cycles stopped all threads, at ${plural(most, 'thread')}: the shape is the median, the two ticks are the 99th ` +
        'percentile and the longest. The axis grows tenfold with each line.</p>',
      legend(builds, shown, false),
      rowChart(model, {
        id: 'pauses',
        caption: `Pauses at ${plural(most, 'thread')}`,
        axis: 'length of a pause',
        scale: logarithmic(Math.min(...all, 1), Math.max(...all, 1), 10, (value) => formatTick(value * 1e6)),
        reference: null,
        columns: ['build', 'pauses', 'median', '99 %', 'longest'].map((head) => ({ head })),
        rows,
      }),
    ),
    missing: '',
  };
}

function row(model: Model, workload: string, build: string): Row[] {
  const own = find(model, workload, build, model.most)?.gcPauseMs ?? null;
  if (own === null || !isFigure(own.max)) return [];
  const [p50, p99, max] = [own.p50, own.p99, own.max].map(formatMilliseconds);
  const text = `median ${p50}, 99 % within ${p99}, longest ${max}`;
  return [
    {
      workload,
      build,
      marks: [
        { kind: 'range', build, from: own.p50, at: own.max, text: '' },
        { kind: 'tick', build, at: own.p99, text },
        { kind: 'tick', build, at: own.max, text },
        { kind: 'dot', build, at: own.p50, text },
      ],
      cells: [build, formatCount(own.count), p50, p99, max],
    },
  ];
}
