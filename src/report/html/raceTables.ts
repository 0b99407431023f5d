import type { Exploration } from '../../explore/results.js';
import { buildMatrix, matrixCells, matrixHeads } from '../raceMatrix.js';
import { outcomeLines } from '../raceOutcomes.js';
import { e, lines, scrollable, table } from './markup.js';

/** One row a scenario, one column a scheme. `link` gives what a scenario's name links to; null: it is no link. */
export function matrixTable(
  explorations: readonly Exploration[],
  link: (scenario: string) => string | null,
): string {
  const matrix = buildMatrix(explorations);
  const heads = matrixHeads(matrix).map((head) => `<th scope="col">${e(head)}</th>`);
  const rows = matrix.rows.map((row) => {
    const target = link(row.scenario);
    const name = target === null ? e(row.scenario) : `<a href="${e(target)}">${e(row.scenario)}</a>`;
    const cells = matrixCells(row, matrix).map(
      ({ text, failed }) => `<td${failed ? ' class="bad"' : ''}>${e(text === '' ? '–' : text)}</td>`,
    );
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`;
  });
  const legend = matrix.legend.length > 0 ? `<p class="quiet">${e(matrix.legend.join('; '))}</p>` : '';
  return lines(scrollable('Summary', table('Scenarios by scheme', heads, rows)), legend);
}

export function outcomesTable(exploration: Exploration): string {
  const rows = outcomeLines(exploration).map(
    ({ outcome, expectation, count, share, schedule, bad }) =>
      `<tr${bad ? ' class="bad"' : ''}><th scope="row">${e(outcome)}</th><td>${e(expectation)}</td>` +
      `<td class="number">${e(count)}</td><td class="number">${e(share)}</td><td><code>${e(schedule)}</code></td></tr>`,
  );
  if (rows.length === 0) return '<p>No execution came to its end.</p>';
  const heads = ['outcome', 'expectation', 'count', 'share', 'first schedule'].map(
    (head) => `<th scope="col">${head}</th>`,
  );
  return scrollable('Outcomes', table('Outcomes', heads, rows));
}
