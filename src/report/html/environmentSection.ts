import { formatBytes, formatRatio, plural } from '../text.js';
import { e, lines } from './markup.js';
import type { Model, Section } from './model.js';

/** Where, when and how it was measured, and what the machine could give at that time. */
export function environmentSection(model: Model): Section {
  const { json } = model;
  const { options, environment } = json;
  const entries: [name: string, value: string][] = [
    ['ungil', json.ungil],
    ['Node', json.node],
    ['processor', `${environment?.cpu ?? 'not recorded'}; ${plural(json.cpus, 'core')} for this process`],
    ['system', environment?.system ?? ''],
    ['memory of the machine', environment === undefined ? '' : formatBytes(environment.memoryBytes)],
    ['date', environment?.date ?? ''],
    ['command', environment?.command ?? ''],
    ['measured', `${plural(options.repeats, 'repeat')} of ${options.timeMs} ms, medians`],
    ['shared memory', formatBytes(options.memoryBytes)],
    ['debug', options.debug === true ? 'yes: speeds mean nothing' : ''],
    ['allocators', options.allocators === undefined ? '' : JSON.stringify(options.allocators)],
    ['collector', options.gc === undefined ? '' : JSON.stringify(options.gc)],
    ['CPython', json.cpythonSource],
  ];
  const list = entries
    .filter(([, value]) => value !== '')
    .map(
      ([name, value]) =>
        `<dt>${e(name)}</dt><dd>${name === 'command' ? `<code>${e(value)}</code>` : e(value)}</dd>`,
    );
  return {
    id: 'environment',
    title: 'Environment',
    html: lines(`<dl>${list.join('\n')}</dl>`, ceilings(model)),
    missing: '',
  };
}

function ceilings({ json }: Model): string {
  const usable = json.ceilings.filter(({ median }) => Number.isFinite(median));
  if (usable.length === 0) {
    return '<p>The ceiling of the machine was not measured: efficiency is speed-up over the number of threads.</p>';
  }
  const words = usable.map(
    ({ threads, median, min, max }) =>
      `${plural(threads, 'bare loop')} in workers together did ${formatRatio(median)} times what one did alone ` +
      `(${formatRatio(min)} to ${formatRatio(max)})`,
  );
  return `<p>Ceiling of the machine while this ran: ${e(words.join('; '))}. Efficiency is speed-up over this ceiling.</p>`;
}
