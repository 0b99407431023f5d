import type { Fault, Outcome } from '../scenarios/scenario.js';

/** Gravest first: an execution is named after the first of these that was found. */
const FAULTS: readonly Fault[] = [
  'use after free',
  'double free',
  'type confusion',
  'broken invariant',
  'not linearizable',
  'deadlock',
  'livelock',
  'error',
  'leak',
];

/** What one execution came to. */
export interface Result {
  /** `x=1, y=2`, or the gravest fault; '' if another execution covers this one. */
  readonly outcome: string;
  readonly fields: Outcome | null;
  /** Everything that was found, in order. */
  readonly found: readonly Found[];
}

export interface Found {
  readonly fault: Fault;
  readonly message: string;
}

export function labelOf(fields: Outcome): string {
  let text = '';
  for (const key in fields) text += `${text === '' ? '' : ', '}${key}=${fields[key]}`;
  return text === '' ? 'done' : text;
}

/** The name of an execution with these finds. */
export function gravest(found: readonly Found[]): Fault {
  let best = FAULTS.length - 1;
  for (const { fault } of found) best = Math.min(best, FAULTS.indexOf(fault));
  return FAULTS[best];
}

export function isFault(text: string): text is Fault {
  return (FAULTS as readonly string[]).includes(text);
}
