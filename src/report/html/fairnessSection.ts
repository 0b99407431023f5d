import { formatRatio, plural } from '../text.js';
import { legend } from './builds.js';
import { e, lines } from './markup.js';
import { find, isFigure, type Model, type Section } from './model.js';
import { type Mark, type Row, rowChart } from './rowChart.js';
import { linear } from './scale.js';

/** From here on nobody is much worse off. */
const FAIR = 0.95;

/** Whether all threads got the same. */
export function fairnessSection(model: Model): Section {
  const { most, builds } = model;
  const section = { id: 'fairness', title: 'Fairness' };
  const rows = model.workloads.flatMap((workload): Row[] => {
    const found = builds.map((build) => find(model, workload, build, most));
    const marks = found.flatMap((result): Mark[] =>
      result !== undefined && isFigure(result.fairness)
        ? [
            {
              kind: 'dot',
              build: result.build,
              at: result.fairness,
              text: formatRatio(result.fairness),
            },
          ]
        : [],
    );
    const telling = model.detail.notes || marks.some(({ at }) => at < FAIR);
    return marks.length === 0 || !telling
      ? []
      : [{ workload, marks, cells: found.map((result) => formatRatio(result?.fairness)) }];
  });
  if (most === 1 || rows.length === 0) return { ...section, html: null, missing: '' };
  return {
    ...section,
    html: lines(
      `<p>Jain's index over the throughputs of the ${plural(most, 'thread')}: 1, all got the same; ${formatRatio(1 / most)}, one got everything. ` +
        `${e(worst(model))}</p>`,
      legend(builds, builds, false),
      rowChart(model, {
        id: 'fairness',
        caption: `Jain's index at ${plural(most, 'thread')}`,
        axis: "Jain's index",
        scale: most === 2 ? linear(0.5, 1, 5, formatRatio) : linear(0, 1, 4, formatRatio),
        reference: 1,
        columns: builds.map((build) => ({ head: build, build })),
        rows,
      }),
    ),
    missing: '',
  };
}

function worst({ results, most }: Model): string {
  const least = results
    .filter(({ threads, fairness }) => threads === most && isFigure(fairness))
    .reduce((worse, result) => (result.fairness < worse.fairness ? result : worse));
  if (least.fairness >= FAIR) return 'All are fair here.';
  return `The least fair is ${least.workload} in ${least.build} with ${formatRatio(least.fairness)}.`;
}
