import type { Exploration } from '../../explore/results.js';
import type { RaceJson } from '../raceJson.js';
import { kindOf } from '../raceWords.js';
import { plural } from '../text.js';
import { e, lines } from './markup.js';
import type { Section } from './model.js';
import { matrixTable, outcomesTable } from './raceTables.js';

/** More would make the page long, and large. */
const MOST_IN_FULL = 20;

/** What exploring interleavings found, from a race.json that was given. */
export function raceSection(json: RaceJson | null): Section {
  const section = { id: 'races', title: 'Race outcomes' };
  if (json === null) {
    return {
      ...section,
      html: null,
      missing:
        'Race outcomes: none were given; ungil race --json race.json makes them, --race race.json shows them here.',
    };
  }
  const race = toExplorations(json);
  if (race.length === 0) return { ...section, html: '<p>Nothing was explored.</p>', missing: '' };
  const failed = race.filter(({ ok }) => !ok);
  // Failures first; variants are broken on purpose, and in the matrix.
  const shown = [...failed, ...race.filter(({ ok, variant }) => ok && variant === '')].slice(0, MOST_IN_FULL);
  const left = race.length - shown.length;
  return {
    ...section,
    html: lines(
      `<p>${plural(race.length, 'exploration')} of the interleavings of race scenarios: ` +
        `${failed.length === 0 ? 'all went as expected' : `<span class="bad">${failed.length} failed</span>`}.</p>`,
      matrixTable(race, () => null),
      ...shown.map(
        (exploration) =>
          `<details${exploration.ok ? '' : ' open'}><summary>${exploration.ok ? '' : '<b class="bad">failed</b> '}` +
          `${e(exploration.scenario)}, ${e(kindOf(exploration))}</summary><p>${e(exploration.about)}</p>` +
          `${exploration.problems.map((problem) => `<p class="bad">${e(problem)}</p>`).join('')}${outcomesTable(exploration)}</details>`,
      ),
      left > 0
        ? `<p class="quiet">${plural(left, 'more exploration')} in the table above only; ungil race --html shows all.</p>`
        : '',
    ),
    missing: '',
  };
}

/** What race.json was made of. */
function toExplorations({ results }: RaceJson): Exploration[] {
  return results.map(({ outcomes, ...rest }) => ({
    ...rest,
    outcomes: outcomes.map(({ outcome, text, ...row }) => ({ ...row, outcome: text, fields: outcome })),
  })) as Exploration[];
}
