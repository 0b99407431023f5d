import { mergeSegments, type Segment } from './scheduleText.js';

/** What came of running a schedule. */
export interface RunResult {
  /** All that was executed, with what the default policy added: begins with the schedule. */
  readonly segments: readonly Segment[];
  /** Whether the failure in question occurred. */
  readonly failed: boolean;
}

/**
 * Runs a schedule; when it is used up, the default policy goes on: stay on the current thread until it blocks or
 * ends, then the lowest-numbered thread that can run, always with choice 0. Null: the schedule does not fit (a
 * thread cannot run as it says, a choice does not exist). The same schedule must give the same result each time.
 */
export type Run = (segments: readonly Segment[]) => RunResult | null;

/** The same, counted: also null when no runs are left. What is not null begins with the steps that were asked for. */
export interface Runner {
  run(steps: readonly Step[]): Execution | null;
  readonly left: number;
  /** Runs there were at the start. */
  readonly total: number;
}

/** One access. */
export interface Step {
  readonly thread: number;
  /** Its number among the accesses of its thread, from 1. */
  readonly count: number;
  readonly choice: number;
}

export interface Execution {
  readonly steps: readonly Step[];
  readonly failed: boolean;
}

/**
 * A place where a schedule leaves the default policy. When `thread` has made `count` accesses and is the current
 * one, `next` goes on; or, with `next` null, its access number `count` makes this choice. Before the first access
 * the current thread is -1. Such keys keep their meaning when deviations before them are left out.
 */
export interface Deviation {
  readonly thread: number;
  readonly count: number;
  readonly next: number | null;
  readonly choice: number;
}

/** A schedule that is given by its deviations, and what came of it. */
export interface Plan {
  /** Those that took effect, in their order. */
  readonly deviations: readonly Deviation[];
  /** Switches away from a thread that could have gone on. */
  readonly preemptions: number;
  /** The steps to prescribe: all up to the last deviation. The default policy does the rest. */
  readonly prefix: number;
  readonly execution: Execution;
}

const START: Step = { thread: -1, count: 0, choice: 0 };

export function stepBefore(steps: readonly Step[], at: number): Step {
  return at === 0 ? START : steps[at - 1];
}

export function toSteps(segments: readonly Segment[]): Step[] {
  const steps: Step[] = [];
  const counts: number[] = [];
  for (const { thread, count, choice } of segments) {
    for (let i = 1; i <= count; i++) {
      counts[thread] = (counts[thread] ?? 0) + 1;
      steps.push({ thread, count: counts[thread], choice: i === count ? choice : 0 });
    }
  }
  return steps;
}

export function toSegments(steps: readonly Step[]): Segment[] {
  return mergeSegments(steps.map(({ thread, choice }) => ({ thread, count: 1, choice })));
}

/** The start of an execution, up to step `at`, and then a step of another thread, whose number nobody reads. */
export function switched(steps: readonly Step[], at: number, thread: number): Step[] {
  return [...steps.slice(0, at), { thread, count: 0, choice: 0 }];
}

/** The start of an execution, with another choice in its last step, `at`. */
export function chosen(steps: readonly Step[], at: number, choice: number): Step[] {
  return [...steps.slice(0, at), { ...steps[at], choice }];
}

/** Whether the switch before step `at`, which the default policy made or would make, is one it did not need. */
export function couldStay(steps: readonly Step[], at: number): boolean {
  return at > 0 && steps[at].thread === steps[at - 1].thread;
}

/** All places where the execution may have left the default policy; some may be what it does anyway. */
export function deviationsOf(steps: readonly Step[]): Deviation[] {
  const deviations: Deviation[] = [];
  for (let at = 0; at < steps.length; at++) {
    const { thread: next, count, choice } = steps[at];
    const before = stepBefore(steps, at);
    if (before.thread !== next) {
      deviations.push({ thread: before.thread, count: before.count, next, choice: 0 });
    }
    if (choice !== 0) deviations.push({ thread: next, count, next: null, choice });
  }
  return deviations;
}

/**
 * Follows the default policy and leaves it where a deviation says so. Those that are what the policy does anyway, or
 * whose moment does not come, or that do not fit, are left out. Null when the runs have been used up.
 */
export function follow(deviations: readonly Deviation[], runner: Runner): Plan | null {
  const start = runner.run([]);
  if (start === null) return null;
  const follower = new Follower(start, deviations, runner);
  while (follower.isWaiting() && runner.left > 0) follower.step();
  return follower.isWaiting() ? null : follower.plan();
}

class Follower {
  private readonly runner: Runner;
  private readonly wanted: Deviation[];
  private readonly applied: Deviation[] = [];
  private execution: Execution;
  private at = 0;
  private prefix = 0;
  private preemptions = 0;

  constructor(start: Execution, wanted: readonly Deviation[], runner: Runner) {
    this.execution = start;
    this.wanted = [...wanted];
    this.runner = runner;
  }

  /** Whether a deviation may still have its moment. */
  isWaiting(): boolean {
    return this.wanted.length > 0 && this.at < this.execution.steps.length;
  }

  plan(): Plan {
    const { applied, preemptions, prefix, execution } = this;
    return { deviations: applied, preemptions, prefix, execution };
  }

  /** First who makes the step, then what it chooses. */
  step(): void {
    this.switchThread();
    this.choose();
    this.at++;
  }

  private switchThread(): void {
    const { at, execution } = this;
    const { steps } = execution;
    const deviation = take(this.wanted, (wanted) => isSwitchAt(wanted, steps, at));
    if (deviation === null || deviation.next === null || deviation.next === steps[at].thread) return;
    if (this.leave(deviation, switched(steps, at, deviation.next)) && couldStay(steps, at))
      this.preemptions++;
  }

  private choose(): void {
    const { at, execution } = this;
    const { steps } = execution;
    const deviation = take(this.wanted, (wanted) => isChoiceAt(wanted, steps, at));
    if (deviation === null || deviation.choice === steps[at].choice) return;
    this.leave(deviation, chosen(steps, at, deviation.choice));
  }

  private leave(deviation: Deviation, steps: readonly Step[]): boolean {
    const execution = this.runner.run(steps);
    if (execution === null) return false;
    this.execution = execution;
    this.applied.push(deviation);
    this.prefix = this.at + 1;
    return true;
  }
}

function isSwitchAt(deviation: Deviation, steps: readonly Step[], at: number): boolean {
  const before = stepBefore(steps, at);
  return deviation.next !== null && deviation.thread === before.thread && deviation.count === before.count;
}

function isChoiceAt(deviation: Deviation, steps: readonly Step[], at: number): boolean {
  const { thread, count } = steps[at];
  return deviation.next === null && deviation.thread === thread && deviation.count === count;
}

/** Takes the first that matches out of the list. */
function take(list: Deviation[], matches: (deviation: Deviation) => boolean): Deviation | null {
  const index = list.findIndex(matches);
  return index < 0 ? null : list.splice(index, 1)[0];
}
