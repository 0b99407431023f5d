import type { Buffers } from './buffers.js';
import { OpKind } from './hooks.js';
import { Cell, EdgeTo, EventCell, Touch, Virtual } from './machineLayout.js';

/** Called for each thread that should have been tried in place of the step `depth`. */
export interface BacktrackSet {
  /** Threads to be explored from the state before this step, as bits. */
  get(depth: number): number;
  add(depth: number, threads: number): void;
}

/**
 * Source-DPOR (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, algorithm 1): after an execution, finds its races that
 * could be reversed, and sees to it that a thread which begins the reversed order is explored. Happens-before is
 * kept as one clock a step in flat arrays: for each thread, the number of its latest step that comes before, + 1.
 */
export class RaceReversal {
  private clocks = new Int32Array(1 << 14);
  /** By location: last step that wrote (data, queue), + 1. */
  private lastWrite = new Int32Array(1 << 10);
  private lastQueueWrite = new Int32Array(1 << 10);
  /** By location and thread: last step that read, + 1. */
  private lastRead = new Int32Array(1 << 13);
  private lastQueueRead = new Int32Array(1 << 13);
  private readonly lastOf = new Int32Array(8);
  private readonly before = new Int32Array(8);
  private readonly candidates = new Int32Array(1 << 12);
  private count = 0;
  private readonly events: Int32Array;
  private readonly c: Int32Array;
  private threads = 0;

  constructor(private readonly buffers: Buffers) {
    this.events = buffers.events;
    this.c = buffers.cells;
  }

  /** `from`: the first step that is new; races between earlier ones have been seen. */
  analyse(from: number, backtrack: BacktrackSet): void {
    const steps = this.c[Cell.Step];
    this.threads = this.c[Cell.Threads];
    this.prepare(steps, this.c[Cell.Locations]);
    for (let step = 0; step < steps; step++) this.visit(step, step >= from ? backtrack : null);
  }

  private prepare(steps: number, locations: number): void {
    const n = this.threads;
    if (this.clocks.length < steps * n) this.clocks = new Int32Array(steps * n * 2);
    if (this.lastWrite.length < locations) {
      this.lastWrite = new Int32Array(locations * 2);
      this.lastQueueWrite = new Int32Array(locations * 2);
      this.lastRead = new Int32Array(locations * 2 * 8);
      this.lastQueueRead = new Int32Array(locations * 2 * 8);
    } else {
      this.lastWrite.fill(0, 0, locations);
      this.lastQueueWrite.fill(0, 0, locations);
      this.lastRead.fill(0, 0, locations * 8);
      this.lastQueueRead.fill(0, 0, locations * 8);
    }
    this.lastOf.fill(0);
  }

  private visit(step: number, backtrack: BacktrackSet | null): void {
    const { events, clocks, lastOf, threads: n } = this;
    const e = step * EventCell.Words;
    const thread = events[e + EventCell.Thread];
    const own = step * n;
    const previous = lastOf[thread];
    for (let t = 0; t < n; t++) clocks[own + t] = previous === 0 ? 0 : clocks[(previous - 1) * n + t];
    const edge = events[e + EventCell.Edge];
    if (edge >= 0) this.join(own, edge + 1);
    else if (edge === EdgeTo.Everything) for (let t = 0; t < n; t++) this.join(own, lastOf[t]);
    for (let t = 0; t < n; t++) this.before[t] = clocks[own + t];
    this.collect(e, thread);
    for (let i = 0; i < this.count; i++) this.join(own, this.candidates[i]);
    clocks[own + thread] = step + 1;
    lastOf[thread] = step + 1;
    if (backtrack !== null) this.reverseRaces(step, backtrack);
    this.note(e, thread, step + 1);
  }

  private join(own: number, step: number): void {
    if (step === 0) return;
    const { clocks, threads: n } = this;
    const other = (step - 1) * n;
    for (let t = 0; t < n; t++) if (clocks[other + t] > clocks[own + t]) clocks[own + t] = clocks[other + t];
  }

  // --- Which earlier steps does this one depend on? ---

  private collect(e: number, thread: number): void {
    const { events } = this;
    this.count = 0;
    if (events[e + EventCell.Kind] === OpKind.Free) {
      const word = events[e + EventCell.Word];
      for (let w = word; w < word + events[e + EventCell.Length]; w++) {
        const location = this.buffers.locationOf[w];
        if (location !== 0) this.collectAt(location, Touch.Write, thread);
      }
    } else this.collectAt(events[e + EventCell.Location], events[e + EventCell.Touch], thread);
    if ((events[e + EventCell.Touch] & Touch.Watched) !== 0) this.candidate(this.lastWrite[Virtual.Watched]);
  }

  private collectAt(location: number, touch: Touch, thread: number): void {
    if (location === 0) return;
    if ((touch & (Touch.Read | Touch.Write)) !== 0) this.candidate(this.lastWrite[location]);
    if ((touch & Touch.Write) !== 0) this.candidateReads(this.lastRead, location, thread);
    if ((touch & (Touch.QueueRead | Touch.QueueWrite)) !== 0) this.candidate(this.lastQueueWrite[location]);
    if ((touch & Touch.QueueWrite) !== 0) this.candidateReads(this.lastQueueRead, location, thread);
  }

  private candidateReads(reads: Int32Array, location: number, thread: number): void {
    for (let t = 0; t < this.threads; t++) if (t !== thread) this.candidate(reads[location * 8 + t]);
  }

  private candidate(step: number): void {
    if (step === 0) return;
    for (let i = 0; i < this.count; i++) if (this.candidates[i] === step) return;
    this.candidates[this.count++] = step;
  }

  private note(e: number, thread: number, step: number): void {
    const { events } = this;
    if ((events[e + EventCell.Touch] & Touch.Watched) !== 0) this.lastWrite[Virtual.Watched] = step;
    if (events[e + EventCell.Kind] === OpKind.Free) {
      const word = events[e + EventCell.Word];
      for (let w = word; w < word + events[e + EventCell.Length]; w++) {
        const location = this.buffers.locationOf[w];
        if (location !== 0) this.lastWrite[location] = step;
      }
      return;
    }
    const location = events[e + EventCell.Location];
    const touch = events[e + EventCell.Touch];
    if (location === 0) return;
    if ((touch & Touch.Read) !== 0) this.lastRead[location * 8 + thread] = step;
    if ((touch & Touch.Write) !== 0) this.lastWrite[location] = step;
    if ((touch & Touch.QueueRead) !== 0) this.lastQueueRead[location * 8 + thread] = step;
    if ((touch & Touch.QueueWrite) !== 0) this.lastQueueWrite[location] = step;
  }

  // --- Which of them could have come later? ---

  private reverseRaces(step: number, backtrack: BacktrackSet): void {
    for (let i = 0; i < this.count; i++) {
      const earlier = this.candidates[i] - 1;
      if (this.isImmediate(earlier, step)) this.reverse(earlier, step, backtrack);
    }
  }

  /** Not ordered by anything but this one dependence. */
  private isImmediate(earlier: number, step: number): boolean {
    const { events, clocks, threads: n } = this;
    const thread = events[earlier * EventCell.Words + EventCell.Thread];
    if (thread === events[step * EventCell.Words + EventCell.Thread]) return false;
    if (this.before[thread] > earlier) return false;
    for (let i = 0; i < this.count; i++) {
      const other = this.candidates[i] - 1;
      if (other !== earlier && clocks[other * n + thread] > earlier) return false;
    }
    return true;
  }

  /**
   * The steps after `earlier` that do not follow from it, and then `step`: one of the threads that can begin this
   * sequence must be explored before `earlier`.
   */
  private reverse(earlier: number, step: number, backtrack: BacktrackSet): void {
    const initials =
      this.initials(earlier, step) & this.events[earlier * EventCell.Words + EventCell.Enabled];
    if ((initials & backtrack.get(earlier)) !== 0) return;
    const thread = 1 << this.events[step * EventCell.Words + EventCell.Thread];
    if (initials === 0) backtrack.add(earlier, this.events[earlier * EventCell.Words + EventCell.Enabled]);
    else backtrack.add(earlier, (initials & thread) !== 0 ? thread : initials & -initials);
  }

  private initials(earlier: number, step: number): number {
    const { events, clocks, threads: n } = this;
    const racing = events[earlier * EventCell.Words + EventCell.Thread];
    const first = new Int32Array(n).fill(-1);
    let initials = 0;
    for (let k = earlier + 1; k <= step; k++) {
      if (k !== step && clocks[k * n + racing] > earlier) continue;
      const thread = events[k * EventCell.Words + EventCell.Thread];
      if (first[thread] >= 0) continue;
      first[thread] = k;
      if (this.isFirst(k, thread, first)) initials |= 1 << thread;
    }
    return initials;
  }

  /** Whether none of the sequence's steps so far comes before step `k`. */
  private isFirst(k: number, thread: number, first: Int32Array): boolean {
    const { clocks, threads: n } = this;
    for (let t = 0; t < n; t++) {
      if (t !== thread && first[t] >= 0 && clocks[k * n + t] > first[t]) return false;
    }
    return true;
  }
}
