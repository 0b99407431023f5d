import type { Scheme } from './scheme.js';
import type { World } from './world.js';
import type { WorldOptions } from './worldOptions.js';

export type { Scheme, WorldOptions };

/**
 * What is thought of an outcome. `required`: must be reached (else an exhaustive search fails); `expected`: may
 * occur; `interesting`: may occur, and the report points at it; `forbidden`: must not.
 */
export type Expectation = 'required' | 'expected' | 'interesting' | 'forbidden';

/** One expectation for all schemes, or one for each; `else` for those that are not named. */
export type Expected = Expectation | { readonly [scheme in Scheme | 'else']?: Expectation };

/**
 * Keys are outcomes as the report prints them: the fields of what `after` returns, `x=1, y=2`, or the first fault
 * that the detectors found (`Fault`). `*` stands for every outcome that is not named; without it those are forbidden.
 */
export type Outcomes = Readonly<Record<string, Expected>>;

/** What `after` returns; printed as `name=value, name=value` in the order of its keys. */
export type Outcome = Readonly<Record<string, string | number | boolean | null>>;

/** An execution in which a detector found something has the name of the gravest find as its outcome. */
export type Fault =
  | 'use after free'
  | 'double free'
  | 'type confusion'
  | 'broken invariant'
  | 'not linearizable'
  | 'deadlock'
  | 'livelock'
  | 'error'
  | 'leak';

/** A thread of the scenario. `s` is what `setup` returned, `w` the world, `index` the thread's number, from 0. */
export type Body<S> = (s: S, w: World, index: number) => void;

/** A sequential object: the threads' operations (`w.operation`) must be explained by some order of them. */
export interface SequentialSpec<M = unknown> {
  /** The initial state. Immutable: `apply` returns a new one. */
  readonly initial: M;
  /** The state after the operation and what it returns. */
  apply(state: M, operation: string, args: readonly unknown[]): readonly [state: M, result: unknown];
  /** A text that is equal for equal states; JSON by default. */
  key?(state: M): string;
}

/** A class whose own methods replace those of the production class that it extends, while a variant runs. */
// biome-ignore lint/suspicious/noExplicitAny: any constructor
export type Override = abstract new (...args: any[]) => object;

export interface ScenarioSpec<S> {
  /** One line: what races with what, and the source (a PIT, an issue of CPython's, a paper). */
  readonly about: string;
  /** The litmus tests of CPython's memory and threads that it settles, `D1` to `D30`. */
  readonly litmus?: readonly string[];
  /** Schemes to run under; absent: the scenario uses no counts, and runs once. */
  readonly refcount?: readonly Scheme[];
  /** Called once an execution, before the threads; its result is handed to all of them. Not interleaved. */
  setup?(w: World): S;
  /** The threads, 1 to 8. Keys of an object name them. */
  readonly threads: readonly Body<S>[] | Readonly<Record<string, Body<S>>>;
  /** Called when all threads have ended; returns the outcome. Not interleaved. */
  after?(s: S, w: World): Outcome;
  readonly outcomes: Outcomes;
  /**
   * A condition that must never hold, looked at after each step of a thread: text or true says that it does.
   * Reads only.
   */
  never?(s: S, w: World): string | boolean | undefined;
  readonly linearizable?: SequentialSpec;
  /** Broken variants, each of which must be caught, and repaired ones. */
  readonly variants?: Readonly<Record<string, Variant<S>>>;
  /** Schedules to replay first: regressions. */
  readonly replay?: readonly string[];
  /** Options of the world. */
  readonly world?: WorldOptions;
  /** Steps of one execution after which it counts as a livelock; 5,000 by default. */
  readonly maxSteps?: number;
}

/**
 * The scenario with something changed. `overrides` replace single steps of production classes; everything else
 * replaces the scenario's own field. `finds` names outcomes that must be reached and are then allowed.
 */
export interface Variant<S> extends Partial<Omit<ScenarioSpec<S>, 'variants'>> {
  readonly overrides?: readonly Override[];
  /** The outcomes that show the bug: at least one of them must be reached. Absent: a variant without a bug. */
  readonly finds?: readonly string[];
}

/** A scenario as the explorer takes it. */
export interface Scenario<S = unknown> {
  readonly name: string;
  readonly spec: ScenarioSpec<S>;
}

const REGISTRY = Symbol.for('ungil.scenario');

/**
 * Declares a race scenario. A module exports one (as default or by name) or several; `ungil race FILE` runs them
 * all. Throws TypeError where the declaration is not complete.
 */
export function scenario<S = void>(name: string, spec: ScenarioSpec<S>): Scenario<S> {
  const count = Array.isArray(spec.threads) ? spec.threads.length : Object.keys(spec.threads ?? {}).length;
  if (typeof name !== 'string' || name === '') throw new TypeError('a scenario needs a name');
  if (!(count >= 1 && count <= 8)) {
    throw new TypeError(`scenario '${name}' has ${count} threads; accepted: 1 to 8`);
  }
  if (spec.outcomes === undefined) throw new TypeError(`scenario '${name}' declares no outcomes`);
  return { name, spec, [REGISTRY]: true } as Scenario<S>;
}

/** Whether the value is what `scenario` returned, perhaps in another copy of this module. */
export function isScenario(value: unknown): value is Scenario {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[REGISTRY] === true;
}
