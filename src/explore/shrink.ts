import {
  type Deviation,
  deviationsOf,
  type Execution,
  follow,
  type Plan,
  type Run,
  type Runner,
  type Step,
  toSegments,
  toSteps,
} from './deviations.js';
import { type SearchSpace, searchByPreemptions } from './preemptionSearch.js';
import { formatSchedule, mergeSegments, type Segment } from './scheduleText.js';

export type { Run, RunResult } from './deviations.js';

export interface ShrinkBudget {
  /** How often a schedule may be run. Some 20 for each step of the schedule are plenty. */
  readonly runs: number;
}

/**
 * Makes a failing schedule short: fewest preemptions first, then fewest deviations from the default policy (`Run`),
 * then fewest steps. What the default policy does anyway is not in the result, so its last segment mostly has one
 * access, and a failure that needs no deviation gives no segments. The result has been run, and failed; where
 * `initial` itself does not fail, or nothing better was found, it is what `initial` is. Deterministic if `run` is.
 *
 * Delta debugging (Zeller and Hildebrandt, TSE 2002) on the deviations, with half of the runs; then all schedules
 * with fewer preemptions than that left; then each switch alone is moved.
 */
export function shrink(initial: readonly Segment[], run: Run, budget: ShrinkBudget): Segment[] {
  const runner = new CountedRunner(run, Math.ceil(budget.runs / 2));
  const given = runner.runSegments(initial);
  if (given === null || !given.failed) return mergeSegments(initial);
  const all = deviationsOf(given.steps);
  const reduced = reduce(all, runner);
  runner.grant(Math.floor(budget.runs / 2));
  const best = searchByPreemptions(spaceBelow(given, all, reduced), runner) ?? reduced;
  if (best === null) return mergeSegments(initial);
  const { execution, prefix } = slide(best, runner);
  return toSegments(execution.steps.slice(0, prefix));
}

/** Runs schedules, each only once, and so many at most. */
class CountedRunner implements Runner {
  left: number;
  total: number;
  private readonly runIt: Run;
  private readonly known = new Map<string, Execution | null>();

  constructor(run: Run, runs: number) {
    this.runIt = run;
    this.left = runs;
    this.total = runs;
  }

  grant(runs: number): void {
    this.left += runs;
    this.total += runs;
  }

  run(steps: readonly Step[]): Execution | null {
    return this.runSegments(toSegments(steps));
  }

  runSegments(segments: readonly Segment[]): Execution | null {
    const key = formatSchedule(segments);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.left === 0) return null;
    this.left--;
    const result = this.runIt(segments);
    const steps = result && toSteps(result.segments);
    // A record that ends before the schedule, or is another one, says nothing about it, and has no steps to go on from.
    const execution = steps && beginsWith(steps, toSteps(segments)) ? { steps, failed: result.failed } : null;
    this.known.set(key, execution);
    return execution;
  }
}

function beginsWith(steps: readonly Step[], wanted: readonly Step[]): boolean {
  return wanted.every(({ thread, choice }, at) => {
    const step = steps[at];
    return step !== undefined && step.thread === thread && step.choice === choice;
  });
}

function spaceBelow(given: Execution, all: readonly Deviation[], reduced: Plan | null): SearchSpace {
  return {
    threads: 1 + given.steps.reduce((most, { thread }) => Math.max(most, thread), 0),
    choices: all.filter(({ next }) => next === null),
    below: reduced === null ? Infinity : reduced.preemptions,
  };
}

/** Null where the runs do not even reach for all deviations. */
function reduce(all: readonly Deviation[], runner: Runner): Plan | null {
  const whole = failing(all, runner);
  if (whole === null) return null;
  const least = ddmin(whole, runner);
  return isCheaper(whole, least) ? whole : least;
}

/** Leaves out parts, in halves, quarters and so on, until no single deviation can be left out. */
function ddmin(whole: Plan, runner: Runner): Plan {
  let plan = whole;
  let parts = 2;
  while (plan.deviations.length > 0) {
    const size = Math.ceil(plan.deviations.length / parts);
    const smaller = withoutPart(plan, size, runner);
    if (smaller !== null) {
      plan = smaller;
      parts = Math.max(2, parts - 1);
    } else {
      if (size === 1) break;
      parts *= 2;
    }
  }
  return plan;
}

/** From the end on: what is the same at the start has been run already. */
function withoutPart({ deviations }: Plan, size: number, runner: Runner): Plan | null {
  for (let end = deviations.length; end > 0; end -= size) {
    const start = Math.max(0, end - size);
    const plan = failing([...deviations.slice(0, start), ...deviations.slice(end)], runner);
    if (plan !== null) return plan;
  }
  return null;
}

/** Tries every other moment for each switch alone. */
function slide(plan: Plan, runner: Runner): Plan {
  let best = plan;
  for (let i = 0; i < best.deviations.length; i++) {
    const { thread, next } = best.deviations[i];
    if (next === null) continue;
    const accesses = best.execution.steps.reduce((sum, step) => sum + (step.thread === thread ? 1 : 0), 0);
    for (let count = 1; count <= accesses && runner.left > 0; count++) {
      const moved = best.deviations.with(i, { thread, count, next, choice: 0 });
      const other = failing(moved, runner);
      if (other !== null && isCheaper(other, best)) best = other;
      if (i >= best.deviations.length) return best;
    }
  }
  return best;
}

function failing(deviations: readonly Deviation[], runner: Runner): Plan | null {
  const plan = follow(deviations, runner);
  return plan?.execution.failed ? plan : null;
}

function isCheaper(a: Plan, b: Plan): boolean {
  if (a.preemptions !== b.preemptions) return a.preemptions < b.preemptions;
  if (a.deviations.length !== b.deviations.length) return a.deviations.length < b.deviations.length;
  return a.execution.steps.length < b.execution.steps.length;
}
