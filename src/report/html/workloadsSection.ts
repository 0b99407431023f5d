import { GROUPS } from '../../workloads/workload.js';
import { e, lines, scrollable, table } from './markup.js';
import { groupOf, infoOf, type Model, type Section } from './model.js';

/** What each workload does, by the question that it answers. */
export function workloadsSection(model: Model): Section {
  const known = model.workloads.filter((workload) => infoOf(model, workload) !== undefined);
  const section = { id: 'workloads', title: 'Workloads', missing: '' };
  if (known.length === 0) return { ...section, html: null };
  const heads = ['workload', 'what is shared', 'Python'].map((head) => `<th scope="col">${head}</th>`);
  const tables = Object.entries(GROUPS).flatMap(([group, question]) => {
    const own = known.filter((workload) => groupOf(model, workload) === group);
    if (own.length === 0) return [];
    const rows = own.map((workload) => {
      const { title, cpython } = infoOf(model, workload)!;
      return (
        `<tr data-w="${model.workloads.indexOf(workload)}"><th scope="row">${e(workload)}</th><td>${e(title)}</td>` +
        `<td><code>${e(cpython)}</code></td></tr>`
      );
    });
    const caption = `${group}: ${question}`;
    return [scrollable(caption, table(caption, heads, rows, 'texts'))];
  });
  return {
    ...section,
    html: lines('<details><summary>What each of them does</summary>', ...tables, '</details>'),
  };
}
