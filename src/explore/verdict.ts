import type { Expectation, Expected, Outcomes, Scheme } from '../scenarios/scenario.js';
import type { NamedSetting } from './settings.js';

/** What the scenario thinks of an outcome under its scheme; a broken variant's finds are expected of it. */
export function expectationOf(setting: NamedSetting, outcome: string): Expectation {
  if (setting.finds.includes(outcome)) return 'expected';
  const { outcomes } = setting.spec;
  return resolve(outcomes[outcome] ?? outcomes['*'], setting.scheme) ?? 'forbidden';
}

/** Outcomes that must be reached under this scheme. */
export function requiredOutcomes(outcomes: Outcomes, scheme: Scheme): string[] {
  return Object.keys(outcomes).filter((key) => key !== '*' && resolve(outcomes[key], scheme) === 'required');
}

function resolve(expected: Expected | undefined, scheme: Scheme): Expectation | undefined {
  if (expected === undefined || typeof expected === 'string') return expected;
  return expected[scheme] ?? expected.else;
}

/** Schemes whose threads run at once and count without data races. */
const RACE_FREE: readonly Scheme[] = ['atomic', 'biased', 'side-table'];

/** Whether an unmarked data race is a fault of the code: where the scheme promises that there are none. */
export function forbidsDataRaces(setting: NamedSetting): boolean {
  if (setting.finds.length > 0) return false;
  const { dataRaces } = setting.spec.world ?? {};
  return dataRaces ?? RACE_FREE.includes(setting.scheme);
}
