import type { RequestedMode } from './raceTypes.js';

/** One search of an exploration. */
export interface Phase {
  readonly kind: 'dpor' | 'dfs' | 'state' | 'bound' | 'pct' | 'pos' | 'surw' | 'random';
  /** Preemptions of a bounded search, depth of PCT. */
  readonly depth: number;
  /** Of the time that is left, 0 to 1. */
  readonly share: number;
  /** Ends early when the estimate says that the budget will not do. */
  readonly giveUp: boolean;
  /** If it ends by itself, nothing is left to explore. */
  readonly proves: boolean;
}

export interface Plan {
  readonly phases: readonly Phase[];
}

/** What to do, in which order. Shares are of the time that is left when the phase begins. */
export function plan(mode: RequestedMode): Plan {
  if (mode === 'auto') {
    return {
      phases: [
        { ...phase('dpor', 0.5), giveUp: true },
        phase('random', 0.03),
        phase('pct', 0.03, 2),
        phase('pct', 0.03, 3),
        phase('pos', 0.03),
        phase('bound', 0.05, 0),
        phase('bound', 0.1, 1),
        phase('state', 0.75),
        phase('bound', 0.5, 2),
        phase('surw', 0.5),
        phase('pos', 1),
      ],
    };
  }
  if (mode.startsWith('bound=')) return { phases: [phase('bound', 1, Number(mode.slice(6)))] };
  if (mode.startsWith('pct=')) return { phases: [phase('pct', 1, Number(mode.slice(4)))] };
  return { phases: [phase(mode === 'stress' ? 'random' : (mode as Phase['kind']), 1)] };
}

function phase(kind: Phase['kind'], share: number, depth = 0): Phase {
  return { kind, depth, share, giveUp: false, proves: kind === 'dpor' || kind === 'dfs' || kind === 'state' };
}
