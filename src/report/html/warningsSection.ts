import { plural } from '../text.js';
import { e, lines } from './markup.js';
import type { Model, Section } from './model.js';
import { withoutName } from './summarySection.js';

/** What makes figures doubtful, and errors that nobody caught. */
export function warningsSection(model: Model): Section {
  const section = { id: 'warnings', title: 'Warnings', missing: '' };
  const items = model.results.flatMap((result) => {
    const { workload, build, threads, warnings, unraisable } = result;
    const where = `<b>${e(workload)}</b>, ${e(build)}, ${plural(threads, 'thread')}`;
    const says = [...warnings, ...unraisable.map((text) => `error that nobody could catch: ${text}`)];
    return says.map(
      (text) =>
        `<li data-w="${model.workloads.indexOf(workload)}" data-b="${model.builds.indexOf(build)}">${where}: ${e(withoutName(text, workload))}</li>`,
    );
  });
  if (items.length === 0) return { ...section, html: null };
  return {
    ...section,
    html: lines(
      '<p>What makes single figures doubtful. In the table of figures they carry a question mark.</p>',
      `<ul class="short">${items.join('\n')}</ul>`,
    ),
  };
}
