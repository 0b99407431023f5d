/**
 * What a user of the explorer asks for and gets: the shapes between `ungil race` and the explorer, so that either
 * side can be replaced by a fake.
 */

import type { Scheme } from '../scenarios/scenario.js';
import type { Exploration, Mode } from './results.js';

/** A way to explore that can be asked for; the depth of PCT is part of it. */
export type RequestedMode = Exclude<Mode, 'pct' | 'replay'> | `pct=${number}`;

export interface RaceRequest {
  /** Built-in scenarios, by name. */
  readonly scenarios: readonly string[];
  /** Paths of modules that export scenarios; all of them run, or of `FILE#NAME` the one. */
  readonly files: readonly string[];
  readonly mode: RequestedMode;
  /** Null: all schemes that a scenario declares. Scenarios that use no counts run whatever is asked for. */
  readonly refcount: readonly Scheme[] | null;
  /** `none`: the scenarios as declared; `all`: and every variant; a name: only that variant, of what has it. */
  readonly variant: string;
  /** Time for each exploration that cannot be exhausted, in milliseconds. */
  readonly budgetMs: number;
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  /** Steps of an execution after which it counts as a livelock; null: what the scenario declares. */
  readonly maxSteps: number | null;
  readonly engine: 'fiber' | 'worker';
  /** The one schedule to execute instead of a search, else null. */
  readonly replay: string | null;
}

/** Where the explorer is. */
export interface RaceProgress {
  readonly scenario: string;
  readonly refcount: Scheme;
  /** '' = as declared. */
  readonly variant: string;
  /** Explorations that are done. */
  readonly done: number;
  readonly total: number;
  /** Of the exploration that runs. */
  readonly executions: number;
  /** How many executions it will take in all; null: not known. */
  readonly estimate: number | null;
  /** Milliseconds that the exploration will still take; null: not known. */
  readonly leftMs: number | null;
}

export interface RaceHooks {
  /** An exploration is done. */
  found(exploration: Exploration): void;
  /** May be called as often as is convenient. */
  progress(progress: RaceProgress): void;
}

export interface RaceReport {
  readonly explorations: readonly Exploration[];
  /** Aborted before all was done: the last exploration may be a part of one. */
  readonly interrupted: boolean;
}

/**
 * Explores everything that was asked for. Aborting `signal` ends it early with what it has. Throws RaceInputError
 * for a scenario or schedule that cannot be run.
 */
export type Race = (request: RaceRequest, hooks: RaceHooks, signal: AbortSignal) => Promise<RaceReport>;

/**
 * The input cannot be explored: a scenario file that does not load, exports no scenario or uses what cannot be
 * suspended; a schedule that does not fit. The message is one line, `FILE:LINE: reason` where there is a line.
 */
export class RaceInputError extends Error {
  readonly code = 'UNGIL_USAGE';
  override readonly name = 'RaceInputError';
}
