import {
  chosen,
  couldStay,
  type Deviation,
  type Execution,
  type Plan,
  type Runner,
  type Step,
  stepBefore,
  switched,
} from './deviations.js';

/** A schedule to try: what is known of an execution before step `at`, and a deviation there. */
interface Candidate {
  readonly from: readonly Step[];
  readonly at: number;
  /** All of them; the last is the one at `at`. None: the default policy. */
  readonly deviations: readonly Deviation[];
}

export interface SearchSpace {
  /** Threads to switch to: 0 to `threads` - 1. */
  readonly threads: number;
  /** Choices other than 0 that may be made. */
  readonly choices: readonly Deviation[];
  /** Only schedules with fewer preemptions are looked at. */
  readonly below: number;
}

/**
 * Tries all schedules with no preemption, then with one, and so on (Musuvathi and Qadeer, "Iterative context bounding",
 * PLDI 2007), until one fails or the runs are used up: then null. Another thread than the default at a place where
 * the current one cannot go on is no preemption.
 */
export function searchByPreemptions(space: SearchSpace, runner: Runner): Plan | null {
  let level: Candidate[] = [{ from: [], at: 0, deviations: [] }];
  for (let preemptions = 0; preemptions < space.below && level.length > 0; preemptions++) {
    const search = new Level(space, runner, level, preemptions);
    const plan = search.search();
    if (plan !== null) return plan;
    level = search.next;
  }
  return null;
}

/** All schedules with the same number of preemptions. */
class Level {
  /** Those with one more. */
  readonly next: Candidate[] = [];
  private readonly space: SearchSpace;
  private readonly runner: Runner;
  private readonly queue: Candidate[];
  private readonly preemptions: number;

  constructor(space: SearchSpace, runner: Runner, queue: Candidate[], preemptions: number) {
    this.space = space;
    this.runner = runner;
    this.queue = queue;
    this.preemptions = preemptions;
  }

  /** The queue grows while it is walked. */
  search(): Plan | null {
    for (const candidate of this.queue) {
      if (this.runner.left === 0) return null;
      const execution = this.runner.run(stepsOf(candidate));
      if (execution === null) continue;
      if (execution.failed) return this.planOf(candidate, execution);
      this.expand(candidate, execution);
    }
    return null;
  }

  private planOf(candidate: Candidate, execution: Execution): Plan {
    const { deviations } = candidate;
    return { deviations, preemptions: this.preemptions, prefix: prefixOf(candidate), execution };
  }

  /** Adds a deviation behind the last one, so that each set of them comes up once; the step after a switch may also choose. */
  private expand(candidate: Candidate, { steps }: Execution): void {
    const { deviations } = candidate;
    if (deviations.at(-1)?.next != null) this.addChoices(deviations, steps, candidate.at);
    for (let at = prefixOf(candidate); at < steps.length; at++) {
      this.addSwitches(deviations, steps, at);
      this.addChoices(deviations, steps, at);
    }
  }

  private addSwitches(deviations: readonly Deviation[], steps: readonly Step[], at: number): void {
    const { thread, count } = stepBefore(steps, at);
    const queue = this.queueFor(couldStay(steps, at));
    for (let next = 0; next < this.space.threads; next++) {
      if (next === steps[at].thread || next === thread) continue;
      const deviation: Deviation = { thread, count, next, choice: 0 };
      this.add(queue, { from: steps, at, deviations: [...deviations, deviation] });
    }
  }

  private addChoices(deviations: readonly Deviation[], steps: readonly Step[], at: number): void {
    const { thread, count, choice } = steps[at];
    for (const wanted of this.space.choices) {
      if (wanted.thread !== thread || wanted.count !== count || wanted.choice === choice) continue;
      this.add(this.queue, { from: steps, at, deviations: [...deviations, wanted] });
    }
  }

  private queueFor(preemption: boolean): Candidate[] {
    return preemption ? this.next : this.queue;
  }

  /** What there will be no runs for is not kept. */
  private add(queue: Candidate[], candidate: Candidate): void {
    if (queue === this.next && this.preemptions + 1 >= this.space.below) return;
    if (queue.length < this.runner.total) queue.push(candidate);
  }
}

function stepsOf({ from, at, deviations }: Candidate): readonly Step[] {
  const last = deviations.at(-1);
  if (last === undefined) return [];
  return last.next === null ? chosen(from, at, last.choice) : switched(from, at, last.next);
}

/** Steps that the candidate prescribes. */
function prefixOf({ at, deviations }: Candidate): number {
  return deviations.length === 0 ? 0 : at + 1;
}
