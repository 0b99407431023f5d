import type { Buffers } from './buffers.js';
import { type BacktrackSet, RaceReversal } from './dpor.js';
import { Cell, EdgeTo, EventCell, Size, Touch } from './machineLayout.js';
import { countThreads, lowestThread } from './threadSets.js';

/** How a systematic search decides what to try besides. */
export type Reduction =
  /** Everything that could run. */
  | 'none'
  /** Everything that could run and does not sleep (Godefroid's sleep sets). */
  | 'sleep'
  /** What the races ask for, with sleep sets. */
  | 'dpor';

/**
 * The depth-first search over schedules: the branch that was executed last, and what is still to be tried at each
 * of its steps. Executions are repeated from the start, so that a branch is a prefix of choices.
 */
export class SearchTree implements BacktrackSet {
  private readonly backtrack = new Int32Array(Size.Steps);
  private readonly done = new Int32Array(Size.Steps);
  private readonly c: Int32Array;
  private readonly events: Int32Array;
  private readonly prefix: Int32Array;
  private readonly races: RaceReversal;
  /** Steps of the current branch that have a node. */
  private depth = 0;

  constructor(
    buffers: Buffers,
    private readonly reduction: Reduction,
    /** Preemptions allowed. */
    private readonly bound = Number.POSITIVE_INFINITY,
  ) {
    this.c = buffers.cells;
    this.events = buffers.events;
    this.prefix = buffers.prefix;
    this.races = new RaceReversal(buffers);
    this.c[Cell.PrefixLength] = 0;
    this.c[Cell.BranchSleep] = 0;
  }

  /** Takes an execution in. Steps from `Cell.PrefixLength` on are new. */
  grow(): void {
    const { c, events, backtrack, done } = this;
    const steps = c[Cell.Step];
    for (let step = this.depth; step < steps; step++) {
      const e = step * EventCell.Words;
      backtrack[step] = this.isReducible(e)
        ? 1 << events[e + EventCell.Thread]
        : events[e + EventCell.Enabled];
      done[step] = 0;
      this.prefix[step] = events[e + EventCell.Thread] | (events[e + EventCell.Choice] << 8);
    }
    const from = this.depth === 0 ? 0 : this.depth - 1;
    this.depth = steps;
    if (this.reduction === 'dpor') this.races.analyse(from, this);
  }

  /**
   * Races ask for no step that another one keeps from happening at all: of several time-outs that are due the others,
   * of several writes that end a pause the later ones. Where those come into it, everything is tried.
   */
  private isReducible(e: number): boolean {
    const { events } = this;
    if (this.reduction !== 'dpor' || events[e + EventCell.Edge] === EdgeTo.Everything) return false;
    return (events[e + EventCell.Touch] & Touch.EndsPause) === 0;
  }

  /** Sets the next branch up. False: all has been explored. */
  advance(): boolean {
    const { c, events, prefix, done } = this;
    for (let step = this.depth - 1; step >= 0; step--) {
      const e = step * EventCell.Words;
      const choice = prefix[step] >> 8;
      if (choice + 1 < events[e + EventCell.Alternatives]) {
        prefix[step] += 1 << 8;
        return this.descend(step);
      }
      done[step] |= 1 << (prefix[step] & 0xff);
      const next = this.nextThread(step);
      if (next >= 0) {
        prefix[step] = next;
        return this.descend(step);
      }
      c[Cell.PrefixLength] = step;
    }
    return false;
  }

  /** Alternatives known at each step of the branch, tried ones included: for an estimate of the tree's size. */
  alternatives(): number[] {
    const counts: number[] = [];
    for (let step = 0; step < this.depth; step++)
      counts.push(countThreads(this.backtrack[step] | this.done[step]));
    return counts;
  }

  /** Step at which the coming execution departs from the last one. */
  get branch(): number {
    return this.depth - 1;
  }

  get(depth: number): number {
    return this.backtrack[depth];
  }

  add(depth: number, threads: number): void {
    this.backtrack[depth] |= threads;
  }

  private descend(step: number): true {
    const { c, events, done, prefix } = this;
    this.depth = step + 1;
    c[Cell.PrefixLength] = step + 1;
    const asleep = events[step * EventCell.Words + EventCell.Sleep] | done[step];
    c[Cell.BranchSleep] = this.reduction === 'none' ? 0 : asleep & ~(1 << (prefix[step] & 0xff));
    return true;
  }

  private nextThread(step: number): number {
    const e = step * EventCell.Words;
    const asleep = this.reduction === 'none' ? 0 : this.events[e + EventCell.Sleep];
    let left = this.backtrack[step] & ~this.done[step] & ~asleep;
    while (left !== 0) {
      const next = lowestThread(left);
      if (this.bound === Number.POSITIVE_INFINITY || this.preemptions(step, next) <= this.bound) return next;
      left &= left - 1;
    }
    return -1;
  }

  /** Preemptions of the branch up to this step, if `next` takes it. */
  private preemptions(step: number, next: number): number {
    let count = 0;
    for (let at = 1; at <= step; at++) {
      const current = this.prefix[at - 1] & 0xff;
      const chosen = at === step ? next : this.prefix[at] & 0xff;
      const enabled = this.events[at * EventCell.Words + EventCell.Enabled];
      if (chosen !== current && (enabled & (1 << current)) !== 0) count++;
    }
    return count;
  }
}
