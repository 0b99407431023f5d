import type { FiberEngine } from './fiberEngine.js';
import { SiteMark } from './hooks.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { placeOf } from './places.js';
import type { RaceRow } from './results.js';
import type { CountedRace } from './tally.js';

/** Whether one of the two places has the mark of a declared racy read. */
export function isDeclared(
  loaded: LoadedScenarios,
  { site, otherSite }: Pick<CountedRace, 'site' | 'otherSite'>,
): boolean {
  return [site, otherSite].some((one) => one >= 0 && (loaded.marks(one) & SiteMark.Racy) !== 0);
}

/** Races as the report shows them. */
export function raceRows(
  engine: FiberEngine,
  loaded: LoadedScenarios,
  races: Iterable<CountedRace>,
): RaceRow[] {
  return [...races].map((race) => ({
    location: engine.names.nameOf(race.word),
    first: placeOf(loaded, race.otherSite),
    second: placeOf(loaded, race.site),
    declared: isDeclared(loaded, race),
    count: race.count,
  }));
}
