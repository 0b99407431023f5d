import type { Scheme } from './scheme.js';

/** What is known of a scenario without running it: for lists, for checking names, for `did you mean`. */
export interface ScenarioInfo {
  readonly name: string;
  /** One line: what races with what. */
  readonly about: string;
  /** The litmus tests that it settles: `D28`. */
  readonly litmus?: readonly string[];
  /** The schemes it runs under. Empty, or `none` alone: it uses no counts and runs once. */
  readonly refcount: readonly Scheme[];
  /** Names of its variants, broken and repaired ones. */
  readonly variants: readonly string[];
  /** Where it is exported, relative to this folder; absent: not built in. */
  readonly module?: string;
}
