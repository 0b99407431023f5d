import type { Exploration, OutcomeRow, RaceRow, Step, Violation } from '../explore/results.js';
import type { Fault, Scheme } from '../scenarios/scenario.js';
import { formatCount, formatDuration } from './text.js';

/** The words of the race reports, which the text and the page share. */

const FAULT_CODES: Readonly<Record<Fault, string>> = {
  'use after free': 'UAF',
  'double free': 'DF',
  'type confusion': 'TC',
  'broken invariant': 'INV',
  'not linearizable': 'NL',
  deadlock: 'DL',
  livelock: 'LL',
  error: 'ERR',
  leak: 'LK',
};

/** The short form of a fault in the matrix; null for an outcome that is none. */
export function faultCode(outcome: string): string | null {
  return Object.hasOwn(FAULT_CODES, outcome) ? FAULT_CODES[outcome as Fault] : null;
}

/** Every fault with its short form, in the order of the legend. */
export function faultLegend(): [code: string, fault: string][] {
  return Object.entries(FAULT_CODES).map(([fault, code]) => [code, fault]);
}

export function schemeName(scheme: Scheme): string {
  return scheme === 'none' ? 'no counts' : scheme;
}

/** What `count` classes or executions were, in the head of their column. */
export function expectationWords(expectation: OutcomeRow['expectation']): string {
  return expectation === 'forbidden' ? 'FORBIDDEN' : expectation;
}

export const UNREACHED = 'required, not reached';

/** `0.01 s`, `12.3 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 99.95) return formatDuration(seconds);
  return `${seconds.toFixed(seconds >= 9.995 ? 1 : 2)} s`;
}

/** `71.4 %`; something that happened never reads 0 %, and what was not all never 100 %. */
export function formatShare(count: number, total: number): string {
  if (total <= 0) return '-';
  const percent = (100 * count) / total;
  if (count > 0 && percent < 0.05) return '< 0.1 %';
  if (count < total && percent >= 99.95) return '> 99.9 %';
  return `${percent.toFixed(1)} %`;
}

/** Scheme and variant: `biased`, `biased, variant early-free`. */
export function kindOf({ refcount, variant }: Pick<Exploration, 'refcount' | 'variant'>): string {
  return variant === '' ? schemeName(refcount) : `${schemeName(refcount)}, variant ${variant}`;
}

/** The guarantee, the time, and whether it was cut short. */
export function verdict(exploration: Exploration): string {
  const told = exploration.guarantee.includes('interrupted');
  const cut = exploration.interrupted && !told ? ' (interrupted: not exhaustive)' : '';
  return `${exploration.guarantee}, ${formatSeconds(exploration.seconds)}${cut}`;
}

/** `dpor on the fiber engine, 28 executions, 3 pruned`. */
export function howExplored({ mode, engine, executions, pruned }: Exploration): string {
  const counts = `${formatCount(executions)} execution${executions === 1 ? '' : 's'}`;
  const given = pruned > 0 ? `, ${formatCount(pruned)} pruned` : '';
  return `${mode} on ${engine === 'stress' ? 'free-running workers' : `the ${engine} engine`}, ${counts}${given}`;
}

/** What a step did, without its place in the source: `load obj#1.shared = 4`. */
export function stepWords({ operation, location, value }: Step): string {
  return [operation, location, valueWords(value)].filter((part) => part !== '').join(' ');
}

/** `= 4` for what was read, `3 -> 4` as it is. */
export function valueWords(value: string): string {
  return value === '' || value.includes('->') ? value : `= ${value}`;
}

export function confirmationWords({ confirmed, confirmation }: Violation): string {
  const head =
    confirmed === null
      ? 'not tried on workers'
      : confirmed
        ? 'confirmed on workers'
        : 'not confirmed on workers';
  return confirmation === '' ? head : `${head}: ${confirmation}`;
}

/** `obj#1.local: refcount/biased.ts:12 with refcount/biased.ts:40, 3 times`. */
export function raceWords({ location, first, second, count }: RaceRow): string {
  return `${location}: ${first} with ${second}, ${count === 1 ? 'once' : `${formatCount(count)} times`}`;
}

/** Races that nobody declared. */
export function undeclaredRaces({ races }: Exploration): RaceRow[] {
  return races.filter((race) => !race.declared);
}

export function declaredWords(count: number): string {
  return count === 1
    ? '1 declared racy read raced, as it may'
    : `${formatCount(count)} declared racy reads raced, as they may`;
}
