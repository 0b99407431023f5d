import type { Expectation, Fault, Scheme } from '../scenarios/scenario.js';

/** How an exploration went about it. */
export type Mode =
  | 'auto'
  | 'dpor'
  | 'dfs'
  | 'state'
  | 'pct'
  | 'pos'
  | 'surw'
  | 'random'
  | 'stress'
  | 'replay'
  | `bound=${number}`;

export type EngineName = 'fiber' | 'worker' | 'stress';

/** One scenario under one scheme, in one variant. */
export interface Exploration {
  readonly scenario: string;
  readonly about: string;
  /** What names the scenario on a command line, where it was named there: its name, `FILE` or `FILE#NAME`. */
  readonly target?: string;
  readonly refcount: Scheme;
  /** '' = as declared. */
  readonly variant: string;
  readonly threads: readonly string[];
  readonly engine: EngineName;
  readonly mode: Mode;
  /** All interleavings are covered. */
  readonly exhaustive: boolean;
  /** Exhaustive search: complete executions, one for each class of equivalent interleavings. */
  readonly executions: number;
  /** Executions given up because another one covers them. */
  readonly pruned: number;
  readonly seconds: number;
  /** The guarantee in words. */
  readonly guarantee: string;
  readonly outcomes: readonly OutcomeRow[];
  /** Outcomes that are required and were not reached. */
  readonly unreached: readonly string[];
  readonly violations: readonly Violation[];
  /** Races on plain accesses, by pair of places. */
  readonly races: readonly RaceRow[];
  /** Racing plain reads that their functions declare. */
  readonly declaredRaces: number;
  /** The check's result: nothing forbidden, nothing required missing; a broken variant was caught. */
  readonly ok: boolean;
  /** Why not, or null: one line each. */
  readonly problems: readonly string[];
  /** Interrupted by Ctrl-C. */
  readonly interrupted: boolean;
}

export interface OutcomeRow {
  readonly outcome: string;
  /** The fields of what `after` returned; null for a fault. */
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly expectation: Expectation;
  /** Executions (of an exhaustive search: classes) with it. */
  readonly count: number;
  /** The first schedule that reached it, shrunk where the outcome is forbidden. */
  readonly schedule: string;
}

/** Something that should not have happened (or, in a broken variant, should). */
export interface Violation {
  readonly kind: Fault | 'forbidden outcome' | 'data race' | 'not deterministic';
  /** One line: what happened, to which location. */
  readonly message: string;
  /** Whether the scenario's outcomes allow it: a find of a broken variant, or what plain counts must do. */
  readonly allowed: boolean;
  readonly schedule: string;
  /** Whether real workers repeated it; null: not tried (with the reason in `confirmation`). */
  readonly confirmed: boolean | null;
  readonly confirmation: string;
  readonly trace: readonly Step[];
  readonly cause: Cause | null;
}

/** One row of the lanes. */
export interface Step {
  /** From 1. */
  readonly index: number;
  /** Index into `Exploration.threads`. */
  readonly thread: number;
  /** `load`, `compare-exchange`, `wait`, ... */
  readonly operation: string;
  /** `list#3.items`; empty where there is none. */
  readonly location: string;
  /** What was read, or `old -> new`. */
  readonly value: string;
  /** `refcount/biased.ts:231`. */
  readonly source: string;
  readonly function: string;
  /** Something that a detector found at this step. */
  readonly note: string;
}

/** Why: the racing pair, who was where, which order is missing. */
export interface Cause {
  readonly first: CausePart;
  readonly second: CausePart;
  /** In words: what nobody ordered. */
  readonly missing: string;
}

export interface CausePart {
  readonly thread: string;
  readonly step: number;
  readonly what: string;
  /** Innermost first: `BiasedRefCounter.mergeZeroLocal (refcount/biased.ts:180)`. */
  readonly stack: readonly string[];
}

/** Two places whose plain accesses race. */
export interface RaceRow {
  readonly location: string;
  readonly first: string;
  readonly second: string;
  readonly declared: boolean;
  readonly count: number;
}
