import type { Buffers } from './buffers.js';
import { OpKind } from './hooks.js';
import { Cell, End, Size, Strategy, ThreadCell } from './machineLayout.js';
import { chooseRandomly, type Sampled } from './sampling.js';
import { lowestThread } from './threadSets.js';

/** What a search keeps of the states it has seen. */
export interface StateCache {
  /** Notes the state after a step; true if it is an old one. */
  seen(): boolean;
}

/**
 * Whose turn it is: which threads could take their next step, and which of them does, by a prescribed prefix, by a
 * schedule to be replayed, by chance, or by staying on the thread. Records the schedule as it goes.
 */
export class Turns {
  cache: StateCache | null = null;
  private readonly c: Int32Array;

  constructor(
    private readonly buffers: Buffers,
    private readonly sampled: Sampled,
  ) {
    this.c = buffers.cells;
  }

  /** Threads that could take their next step now, as bits. */
  enabled(): number {
    const c = this.c;
    if (c[Cell.Gil] !== 0 && this.keepsGil(c[Cell.Current])) return 1 << c[Cell.Current];
    let mask = (c[Cell.Ready] & ~c[Cell.Spinning]) | c[Cell.Woken];
    const asleep = c[Cell.Asleep];
    if (asleep === 0) return mask;
    mask |= this.wakeable(asleep);
    // Time passes when nobody can do anything else.
    return mask !== 0 ? mask : this.overdue(asleep & c[Cell.Timed]);
  }

  /** Under the GIL: the thread's next step is one at which it does not let go of the lock. */
  private keepsGil(thread: number): boolean {
    const c = this.c;
    if (thread < 0 || (c[Cell.Ready] & (1 << thread)) === 0) return false;
    const kind = c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Kind];
    return kind >= OpKind.Clock && kind !== OpKind.Poll;
  }

  /** Sleepers that may wake early: a time-out ahead of time, a spurious wake. */
  private wakeable(asleep: number): number {
    const c = this.c;
    let mask = 0;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((asleep & (1 << t)) === 0) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      const timed = (c[Cell.Timed] & (1 << t)) !== 0;
      if (c[T + (timed ? ThreadCell.EarlyTimeouts : ThreadCell.SpuriousWakes)] > 0) mask |= 1 << t;
    }
    return mask;
  }

  /** The sleepers whose time-out comes first, without those who wait again where nothing has changed since their last. */
  private overdue(timed: number): number {
    const c = this.c;
    let least = 0x7fffffff;
    let mask = 0;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((timed & (1 << t)) === 0) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      if (this.isIdle(T) && c[T + ThreadCell.TimeoutSite] === c[T + ThreadCell.Site]) continue;
      const timeout = c[T + ThreadCell.Timeout];
      if (timeout < least) {
        least = timeout;
        mask = 0;
      }
      if (timeout === least) mask |= 1 << t;
    }
    return mask;
  }

  /** Whether nothing has changed since the thread timed out because nobody could go on. */
  isIdle(T: number): boolean {
    return this.c[T + ThreadCell.ChangesAtTimeout] === this.c[Cell.Changes];
  }

  /** The thread that takes the next step, or -1: the execution has ended, `Cell.End` says why. */
  decide(): number {
    const c = this.c;
    if (c[Cell.End] !== End.Running) return -1;
    const enabled = this.enabled();
    if (enabled === 0) {
      c[Cell.End] = c[Cell.Done] === (1 << c[Cell.Threads]) - 1 ? End.Done : End.Deadlock;
      return -1;
    }
    if (c[Cell.Step] >= c[Cell.MaxSteps]) {
      c[Cell.End] = End.Limit;
      return -1;
    }
    const next = this.choose(enabled);
    if (next >= 0) {
      c[Cell.Enabled] = enabled;
      this.noteSwitch(next, enabled);
    }
    return next;
  }

  private choose(enabled: number): number {
    const c = this.c;
    switch (c[Cell.Strategy]) {
      case Strategy.Systematic:
        return this.chooseSystematically(enabled);
      case Strategy.Replay:
        return this.chooseReplayed(enabled);
      default:
        return chooseRandomly(this.sampled, enabled);
    }
  }

  private chooseSystematically(enabled: number): number {
    const c = this.c;
    const step = c[Cell.Step];
    if (step < c[Cell.PrefixLength]) return this.choosePrescribed(step, enabled);
    if (this.cache !== null && step > 0 && this.cache.seen()) {
      c[Cell.End] = End.Seen;
      return -1;
    }
    const awake = enabled & ~c[Cell.Sleep];
    if (awake === 0) {
      c[Cell.End] = End.Covered;
      return -1;
    }
    return stayOrLowest(c[Cell.Current], awake);
  }

  private choosePrescribed(step: number, enabled: number): number {
    const c = this.c;
    const entry = this.buffers.prefix[step];
    const thread = entry & 0xff;
    if ((enabled & (1 << thread)) === 0) return this.part();
    c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Choice] = entry >> 8;
    if (step === c[Cell.PrefixLength] - 1) c[Cell.Sleep] = c[Cell.BranchSleep];
    return thread;
  }

  private part(): -1 {
    this.c[Cell.Parted] = this.c[Cell.AllAccesses] + 1;
    this.c[Cell.End] = End.Parted;
    return -1;
  }

  private chooseReplayed(enabled: number): number {
    const c = this.c;
    const { replay } = this.buffers;
    if (c[Cell.ReplaySegment] >= c[Cell.ReplayLength]) return stayOrLowest(c[Cell.Current], enabled);
    const at = c[Cell.ReplaySegment] * 3;
    const thread = replay[at];
    if ((enabled & (1 << thread)) === 0) return this.part();
    const T = Cell.Thread + thread * ThreadCell.Words;
    if (thread !== c[Cell.Current]) c[Cell.ReplayLeft] -= c[T + ThreadCell.FirstAccesses];
    if (--c[Cell.ReplayLeft] < 0) return this.part();
    if (c[Cell.ReplayLeft] === 0) {
      const choice = replay[at + 2];
      if (choice >= c[T + ThreadCell.Alternatives]) return this.part();
      c[T + ThreadCell.Choice] = choice;
      this.nextSegment();
    }
    return thread;
  }

  private noteSwitch(next: number, enabled: number): void {
    const c = this.c;
    const current = c[Cell.Current];
    if (next === current) return;
    if (current >= 0) {
      this.endSegment(current, 0);
      if ((enabled & (1 << current)) !== 0) c[Cell.Preemptions]++;
    }
    c[Cell.Current] = next;
    const T = Cell.Thread + next * ThreadCell.Words;
    c[Cell.Accesses] = c[T + ThreadCell.FirstAccesses];
    c[T + ThreadCell.FirstAccesses] = 0;
  }

  /** The schedule so far as segments; the last one is still open until the execution has ended. */
  endSegment(thread: number, choice: number): void {
    const c = this.c;
    const count = c[Cell.Accesses];
    if (count === 0) return;
    const at = c[Cell.Segments];
    if (at < Size.Segments) {
      const { segments } = this.buffers;
      segments[3 * at] = thread;
      segments[3 * at + 1] = count;
      segments[3 * at + 2] = choice;
      c[Cell.Segments] = at + 1;
    }
    c[Cell.Accesses] = 0;
  }

  /** Schedules count all accesses, also those that are no steps. */
  countAccess(thread: number): void {
    const c = this.c;
    if (c[Cell.ReplaySegment] < c[Cell.ReplayLength]) this.countReplayed(thread);
    c[Cell.Accesses]++;
    c[Cell.AllAccesses]++;
  }

  /** What a thread does before its first step is counted when it gets its first turn. */
  private countReplayed(thread: number): void {
    const c = this.c;
    if (c[Cell.Current] !== thread) return;
    const { replay } = this.buffers;
    const at = c[Cell.ReplaySegment] * 3;
    // A segment that ends, or chooses, where nobody can be switched to.
    if (replay[at] !== thread || (c[Cell.ReplayLeft] === 1 && replay[at + 2] !== 0)) this.part();
    else if (--c[Cell.ReplayLeft] === 0) this.nextSegment();
  }

  private nextSegment(): void {
    const c = this.c;
    c[Cell.ReplaySegment]++;
    c[Cell.ReplayLeft] = this.buffers.replay[c[Cell.ReplaySegment] * 3 + 1];
  }
}

function stayOrLowest(current: number, threads: number): number {
  if (current >= 0 && (threads & (1 << current)) !== 0) return current;
  return lowestThread(threads);
}
