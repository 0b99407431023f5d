import type { Fidelity } from '../figures.js';
import { findProblems } from '../problems.js';
import { formatRatio, plural } from '../text.js';
import { summaryInWords } from '../words.js';
import { formatPercent } from './format.js';
import { e, lines, scrollable, table } from './markup.js';
import type { Model, Section } from './model.js';

/** Geometric means in sentences, how near CPython they are, and what went wrong. */
export function summarySection(model: Model): Section {
  const { json } = model;
  const html = lines(
    json.complete
      ? ''
      : '<p class="bad">This comparison was interrupted or failed: it shows what was measured until then.</p>',
    problems(model),
    sentences(model),
    json.fidelity === null ? '' : fidelity(json.fidelity),
    diagnoses(model),
  );
  return { id: 'summary', title: 'Summary', html, missing: '' };
}

function sentences({ json }: Model): string {
  const words = summaryInWords(json.summary, json.cpythonSource);
  if (words.length === 0) return '<p>There are no figures to sum up.</p>';
  const heading = words[0].startsWith('In short') ? words[0] : '';
  const items = words.filter((sentence) => sentence !== heading && !sentence.startsWith('Source of'));
  return lines(
    heading === '' ? '' : `<p>${e(heading)}</p>`,
    `<ul class="short">${items.map((sentence) => `<li>${e(sentence)}</li>`).join('')}</ul>`,
  );
}

function problems({ results, infos }: Model): string {
  const found = findProblems(results, infos);
  if (found.length === 0) return '';
  const items = found.map(
    ({ text, fails }) => `<li${fails ? ' class="bad"' : ''}>${e(text.replace(/^\* /, ''))}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

function fidelity({ rows, threads, rankCorrelation, within25Percent, outside, builds }: Fidelity): string {
  const rank =
    rankCorrelation === null
      ? ''
      : ` Their order agrees with rank correlation ${formatRatio(rankCorrelation)} (1: the same order).`;
  const each = Object.entries(builds).map(
    ([build, own]) =>
      `${build} ${formatPercent(own.within25Percent)} of ${own.rows}` +
      `${own.rankCorrelation === null ? '' : `, rank correlation ${formatRatio(own.rankCorrelation)}`}`,
  );
  const text =
    `Fidelity: of ${plural(rows, 'speed-up')} at ${plural(threads, 'thread')}, ${formatPercent(within25Percent)} ` +
    `are within a quarter of CPython's.${rank}${each.length > 1 ? ` By build: ${each.join('; ')}.` : ''}`;
  if (outside.length === 0) return `<p>${e(text)}</p>`;
  const heads = ['workload', 'build', 'speed-up here', "CPython's", 'here / CPython'].map(
    (head, i) => `<th scope="col"${i > 1 ? ' class="n"' : ''}>${e(head)}</th>`,
  );
  const far = outside.map(
    ({ workload, build, ours, cpython }) =>
      `<tr><th scope="row">${e(workload)}</th><td>${e(build)}</td><td class="n">${formatRatio(ours)}</td>` +
      `<td class="n">${formatRatio(cpython)}</td><td class="n">${formatRatio(ours / cpython)}</td></tr>`,
  );
  const caption = "Speed-ups farther than a quarter from CPython's, farthest first";
  return lines(
    `<p>${e(text)}</p>`,
    `<details><summary>The ${outside.length === 1 ? 'one that is not' : `${outside.length} that are not`}</summary>`,
    scrollable(caption, table(caption, heads, far)),
    '</details>',
  );
}

const MOST_STALLS = 8;

/** Of build free-threaded where it is there: the lines that explain a stall are what a reader came for. */
function diagnoses(model: Model): string {
  const scaled = model.results.filter(
    ({ explanation, speedup, threads }) =>
      explanation !== null && speedup !== null && threads === model.most && threads > 1,
  );
  const build = model.builds.includes('free-threaded') ? 'free-threaded' : model.builds[0];
  const stalls = scaled
    .filter((result) => result.build === build && (result.efficiency ?? 1) < 0.6)
    .sort((a, b) => (a.efficiency ?? 0) - (b.efficiency ?? 0))
    .slice(0, MOST_STALLS);
  if (stalls.length === 0) return '';
  const items = stalls.map(({ workload, speedup, explanation }) => {
    const text = withoutName(explanation!.diagnosis, workload);
    return `<li data-w="${model.workloads.indexOf(workload)}"><b>${e(workload)}</b> ${formatRatio(speedup)}: ${e(text)}</li>`;
  });
  return lines(
    `<h3>What stalls in ${e(build)} at ${plural(model.most, 'thread')}, and why</h3>`,
    `<ul class="short">${items.join('')}</ul>`,
  );
}

/** A diagnosis may begin with its workload's name, which stands beside it already. */
export function withoutName(diagnosis: string, workload: string): string {
  return diagnosis.startsWith(`${workload}: `) ? diagnosis.slice(workload.length + 2) : diagnosis;
}
