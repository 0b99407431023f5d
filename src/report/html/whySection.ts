import type { Explanation } from '../figures.js';
import type { Result } from '../results.js';
import { formatCount, formatRatio, plural } from '../text.js';
import { seriesOf } from './builds.js';
import { e, lines, scrollable, table } from './markup.js';
import { isFigure, type Model, type Section } from './model.js';
import { columnBuilds, ofBuild } from './rowChart.js';
import { withoutName } from './summarySection.js';

/** Why each workload takes the time that it takes: a line a build, and the counters behind it. */
export function whySection(model: Model): Section {
  const section = { id: 'why', title: 'Why: diagnosis and counters' };
  const explained = model.results.filter(({ explanation }) => explanation !== null);
  if (explained.length === 0) {
    return {
      ...section,
      html: null,
      missing: 'Diagnosis and counters by thread: this comparison made no explaining runs.',
    };
  }
  const blocks = model.workloads.flatMap((workload) => {
    const own = explained.filter((result) => result.workload === workload);
    return own.length === 0 ? [] : [block(model, workload, own)];
  });
  return {
    ...section,
    html: lines(
      '<p>From runs of their own whose threads count everything, so that counting does not disturb the figures above.',
      model.detail.counters
        ? `Counters are per 1,000 operations of all threads${model.detail.byThread ? ', a column a thread' : ''}; those that are 0 everywhere ` +
            'are left out. Open a workload to see them.'
        : '',
      '</p>',
      ...blocks,
    ),
    missing: '',
  };
}

function block(model: Model, workload: string, own: readonly Result[]): string {
  const most = Math.max(...own.map(({ threads }) => threads));
  const items = own
    .filter(({ threads }) => threads === most)
    .map(
      ({ build, threads, speedup, explanation }) =>
        `<span class="say b${seriesOf(model.builds, build)}"${ofBuild(model, build)}><b>${e(build)}</b>, ${plural(threads, 'thread')}` +
        `${threads > 1 && isFigure(speedup) ? `, speed-up ${formatRatio(speedup)}` : ''}: ` +
        `${e(withoutName(explanation!.diagnosis, workload))}</span>`,
    );
  const attribute = `class="why" data-w="${model.workloads.indexOf(workload)}"`;
  const says = `<h3>${e(workload)}</h3>${items.join('')}`;
  if (!model.detail.counters) return `<div ${attribute}>${says}</div>`;
  return `<details ${attribute}><summary>${says}</summary>${counters(model, workload, own)}</details>`;
}

interface Column {
  readonly build: string;
  readonly head: string;
  readonly of: Explanation;
  readonly counters: Record<string, number>;
}

function counters(model: Model, workload: string, own: readonly Result[]): string {
  const most = Math.max(...own.map(({ threads }) => threads));
  const columns = own
    .filter(({ threads }) => model.detail.byThread || threads === most)
    .flatMap((result) => columnsOf(model, result));
  const names = [...new Set(columns.flatMap((column) => Object.keys(column.counters)))].filter((name) =>
    columns.some((column) => (column.counters[name] ?? 0) !== 0),
  );
  if (names.length === 0) return '<p>All counters are 0.</p>';
  const heads = columns.map(({ head }) => `<th scope="col" class="n">${e(head)}</th>`);
  const rows = names.map((name) => {
    const cells = columns.map(
      (column) => `<td>${perThousand(column.counters[name], column.of.operations)}</td>`,
    );
    return `<tr><th scope="row">${e(name)}</th>${cells.join('')}</tr>`;
  });
  const caption = `${workload}: counters per 1,000 operations; times in µs`;
  return scrollable(
    caption,
    table(caption, ['<th scope="col">counter</th>', ...heads], rows, 'counters').replace(
      '<table',
      `<table${columnBuilds(model, [undefined, ...columns.map(({ build }) => build)])}`,
    ),
  );
}

function columnsOf(model: Model, { build, threads, explanation }: Result): Column[] {
  const of = explanation!;
  if (model.detail.byThread) {
    return of.threads.map((own, i) => ({
      build,
      head: `${build}, ${threads === 1 ? '1 thread' : `thread ${i} of ${threads}`}`,
      of,
      counters: own,
    }));
  }
  const sums: Record<string, number> = {};
  for (const own of of.threads) {
    for (const [name, count] of Object.entries(own)) sums[name] = (sums[name] ?? 0) + count;
  }
  return [{ build, head: `${build}, ${plural(threads, 'thread')}`, of, counters: sums }];
}

/** Something that happened never reads 0. */
function perThousand(count: number | undefined, operations: number): string {
  if (!isFigure(count) || !(operations > 0)) return '-';
  if (count === 0) return '0';
  const rate = (count / operations) * 1000;
  if (rate >= 99.5) return formatCount(rate);
  if (rate < 0.001) return '<0.001';
  return String(Number(rate.toPrecision(2)));
}
