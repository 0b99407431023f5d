import { formatCost, isTelling } from '../ablation.js';
import { plural } from '../text.js';
import { e, lines, scrollable, table } from './markup.js';
import type { Model, Section } from './model.js';

/** What each mechanism is worth, where that was measured. */
export function ablationSection(model: Model): Section {
  const section = { id: 'ablation', title: 'What each mechanism is worth', missing: '' };
  const cells = model.json.ablation ?? [];
  if (cells.length === 0) return { ...section, html: null };
  const builds = [...new Set(cells.map(({ build }) => build))];
  const tables = builds.map((build) => {
    const own = cells.filter((cell) => cell.build === build);
    const mechanisms = [...new Set(own.map(({ mechanism }) => mechanism))];
    const threads = [...new Set(own.map((cell) => cell.threads))];
    const columns = mechanisms.flatMap((mechanism) => threads.map((count) => ({ mechanism, count })));
    const heads = columns.map(
      ({ mechanism, count }) => `<th scope="col" class="n">${e(mechanism)}, ${plural(count, 'thread')}</th>`,
    );
    const rows = [...new Set(own.map(({ workload }) => workload))].map((workload) => {
      const figures = columns.map(({ mechanism, count }) => {
        const cell = own.find(
          (each) => each.workload === workload && each.mechanism === mechanism && each.threads === count,
        );
        const text = e(formatCost(cell));
        return `<td class="n">${cell !== undefined && isTelling(cell) ? `<b>${text}</b>` : text}</td>`;
      });
      const w = model.workloads.indexOf(workload);
      return `<tr${w >= 0 ? ` data-w="${w}"` : ''}><th scope="row">${e(workload)}</th>${figures.join('')}</tr>`;
    });
    const caption = `Mechanisms of ${build}`;
    return scrollable(caption, table(caption, ['<th scope="col">workload</th>', ...heads], rows));
  });
  return {
    ...section,
    html: lines(
      '<p>Throughput with the mechanism over throughput without it: above 1 it pays, below 1 it costs; ≈1 is within the noise of the repeats.</p>',
      ...tables,
    ),
  };
}
