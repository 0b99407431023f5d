import type { Exploration } from '../explore/results.js';

/** Figures of a whole run. */
export interface RaceSummary {
  explorations: number;
  ok: number;
  failed: number;
  /** Explorations that should have covered all interleavings and did not. */
  notExhaustive: number;
  /** Explorations of variants in which a bug was found, as it should be. */
  caught: number;
  executions: number;
  /** Sum of the explorations' times. */
  seconds: number;
  interrupted: boolean;
}

export function summariseRace(explorations: readonly Exploration[], interrupted: boolean): RaceSummary {
  const count = (test: (exploration: Exploration) => boolean): number => explorations.filter(test).length;
  const sum = (figure: (exploration: Exploration) => number): number =>
    explorations.reduce((total, exploration) => total + figure(exploration), 0);
  const ok = count((exploration) => exploration.ok);
  return {
    explorations: explorations.length,
    ok,
    failed: explorations.length - ok,
    notExhaustive: count(isUnfinished),
    caught: count(isCaught),
    executions: sum((exploration) => exploration.executions),
    seconds: sum((exploration) => exploration.seconds),
    interrupted: interrupted || explorations.some((exploration) => exploration.interrupted),
  };
}

/** A variant whose bug was found. */
export function isCaught(exploration: Exploration): boolean {
  return (
    exploration.variant !== '' &&
    exploration.ok &&
    exploration.violations.some((violation) => violation.allowed)
  );
}

/**
 * Whether there are interleavings left that might fail. A bug that was to be found and was found leaves none to
 * look for, and a replay is one execution that is over.
 */
export function isUnfinished(exploration: Exploration): boolean {
  return !exploration.exhaustive && exploration.mode !== 'replay' && !isCaught(exploration);
}
