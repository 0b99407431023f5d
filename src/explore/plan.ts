import type { RequestedMode } from './raceTypes.js';

/** One search of an exploration. */
export interface Phase {
  readonly kind: 'dpor' | 'dfs' | 'state' | 'bound' | 'pct' | 'pos' | 'surw' | 'random';
  /** Preemptions of a bounded search, depth of PCT. */
  readonly depth: number;
  readonly budgetMs: number;
  /** Ends early when the estimate says that the budget will not do. */
  readonly giveUp: boolean;
  /** If it ends by itself, nothing is left to explore. */
  readonly proves: boolean;
}

export interface Plan {
  readonly phases: readonly Phase[];
}

/** What to do, in which order, in `budgetMs` milliseconds. */
export function plan(mode: RequestedMode, budgetMs: number): Plan {
  const phase = (kind: Phase['kind'], share = 1, depth = 0, giveUp = false): Phase => ({
    kind,
    depth,
    budgetMs: budgetMs * share,
    giveUp,
    proves: kind === 'dpor' || kind === 'dfs' || kind === 'state',
  });
  if (mode === 'auto') {
    return {
      phases: [
        phase('dpor', 0.4, 0, true),
        phase('random', 0.02),
        phase('pct', 0.02, 2),
        phase('pct', 0.02, 3),
        phase('pos', 0.02),
        phase('bound', 0.04, 0),
        phase('bound', 0.08, 1),
        phase('bound', 0.1, 2),
        phase('state', 0.2),
        phase('surw', 0.05),
        phase('pos', 0.05),
      ],
    };
  }
  if (mode.startsWith('bound=')) return { phases: [phase('bound', 1, Number(mode.slice(6)))] };
  if (mode.startsWith('pct=')) return { phases: [phase('pct', 1, Number(mode.slice(4)))] };
  if (mode === 'stress') return { phases: [phase('random', 0.1)] };
  return { phases: [phase(mode as Phase['kind'])] };
}
