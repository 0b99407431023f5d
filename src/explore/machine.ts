import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Buffers } from './buffers.js';
import { OpKind } from './hooks.js';
import {
  Cell,
  EdgeTo,
  End,
  EventCell,
  Size,
  Strategy,
  ThreadCell,
  Touch,
  ViewCode,
  Virtual,
  Visible,
} from './machineLayout.js';
import type { Monitor } from './monitor.js';
import { Random } from './random.js';
import { chooseRandomly } from './sampling.js';
import type { ShadowHeap } from './shadowHeap.js';

/** What a search keeps of the states it has seen; null where there is none. */
export interface StateCache {
  /** Notes the state after a step; true if it is an old one. */
  seen(machine: Machine): boolean;
}

/** Result codes of a wait. */
const enum WaitResult {
  Ok = 0,
  NotEqual = 1,
  TimedOut = 2,
}

const MAX_INT = 0x7fffffff;

const WAIT_TEXT = ['ok', 'not-equal', 'timed-out'] as const;

/**
 * The scheduler and the memory model (sequential consistency): takes the announcement of a thread's next step,
 * decides who goes on, performs the step, writes the log. Its whole state is in shared words, so that model threads
 * may live in one JavaScript thread or in several; only the running thread calls it.
 *
 * A step is an atomic operation, or a plain access to a word that threads race for. Everything between two steps of
 * a thread is invisible to the others.
 */
export class Machine {
  readonly c: Int32Array;
  readonly events: Int32Array;
  readonly heap: Int32Array;
  readonly random: Random;
  cache: StateCache | null = null;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i8: Int8Array;
  private readonly i16: Int16Array;
  private readonly f64: Float64Array;
  private readonly visible: Uint8Array;
  private readonly journal: Int32Array;

  constructor(
    readonly buffers: Buffers,
    memory: SharedMemory,
    readonly shadow: ShadowHeap,
    readonly monitor: Monitor,
  ) {
    this.c = buffers.cells;
    this.events = buffers.events;
    this.journal = buffers.journal;
    this.visible = buffers.visible;
    this.heap = memory.i32;
    this.u8 = memory.u8;
    this.u16 = memory.u16;
    this.i8 = memory.i8;
    this.i16 = memory.i16;
    this.f64 = memory.f64;
    this.random = new Random(buffers.cells, Cell.Random);
  }

  /** Which view it is; `ViewCode.None` for anything that is not a view of the memory under exploration. */
  viewCode(view: unknown): ViewCode {
    if (view === this.heap) return ViewCode.I32;
    if (view === this.u8) return ViewCode.U8;
    if (view === this.u16) return ViewCode.U16;
    if (view === this.f64) return ViewCode.F64;
    if (view === this.i8) return ViewCode.I8;
    if (view === this.i16) return ViewCode.I16;
    return ViewCode.None;
  }

  // --- Life of an execution ---

  /** Forgets the last execution. The heap has been restored; the host has set strategy, prefix and options. */
  begin(): void {
    const c = this.c;
    c[Cell.Step] = 0;
    c[Cell.Current] = -1;
    c[Cell.Sleep] = 0;
    c[Cell.End] = End.Running;
    c[Cell.Ready] = 0;
    c[Cell.Woken] = 0;
    c[Cell.Asleep] = 0;
    c[Cell.Timed] = 0;
    c[Cell.Spinning] = 0;
    c[Cell.Done] = 0;
    c[Cell.WaitSequence] = 0;
    c[Cell.Accesses] = 0;
    c[Cell.AllAccesses] = 0;
    c[Cell.Segments] = 0;
    c[Cell.Finds] = 0;
    c[Cell.Changes] = 0;
    c[Cell.Clock] = 0;
    c[Cell.Preemptions] = 0;
    c[Cell.ReplaySegment] = 0;
    c[Cell.ReplayLeft] = c[Cell.ReplayLength] > 0 ? this.buffers.replay[1] : 0;
    c[Cell.Parted] = 0;
    c[Cell.HeapHash] = 0;
    c[Cell.HeapHash + 1] = 0;
    c[Cell.HashWord] = 0;
    c[Cell.PctPoint] = 0;
    for (let t = 0; t < c[Cell.Threads]; t++) this.beginThread(Cell.Thread + t * ThreadCell.Words);
    this.buffers.versions.fill(0, 0, c[Cell.Locations]);
    if (c[Cell.Monitor] !== 0) this.monitor.begin();
  }

  private beginThread(T: number): void {
    const c = this.c;
    c[T + ThreadCell.Kind] = OpKind.None;
    c[T + ThreadCell.Edge] = -1;
    c[T + ThreadCell.EarlyTimeouts] = c[Cell.EarlyTimeouts];
    c[T + ThreadCell.SpuriousWakes] = c[Cell.SpuriousWakes];
    c[T + ThreadCell.ChangesAtTimeout] = -1;
    c[T + ThreadCell.SeenHash] = 0;
    c[T + ThreadCell.SeenHash + 1] = 0;
    c[T + ThreadCell.Steps] = 0;
    c[T + ThreadCell.ReadCount] = 0;
    c[T + ThreadCell.SpinCount] = 0;
    c[T + ThreadCell.SpinLocation] = 0;
    c[T + ThreadCell.SpinOther] = 0;
    c[T + ThreadCell.Result] = 0;
    c[T + ThreadCell.FirstAccesses] = 0;
  }

  /** The thread has run up to its first step. */
  started(thread: number): void {
    const c = this.c;
    c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.FirstAccesses] = c[Cell.Accesses];
    c[Cell.Accesses] = 0;
  }

  /** Takes every write of the execution back. `to`: the length that the journal had before it. */
  restore(to: number): void {
    const { c, heap, journal } = this;
    for (let at = c[Cell.JournalTop] - 1; at >= to; at--) heap[journal[2 * at]] = journal[2 * at + 1];
    c[Cell.JournalTop] = to;
  }

  /** The thread will not announce anything any more. */
  finish(thread: number): void {
    const c = this.c;
    const bit = 1 << thread;
    c[Cell.Ready] &= ~bit;
    c[Cell.Done] |= bit;
    c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Kind] = OpKind.None;
  }

  // --- Announcements ---

  /** An atomic operation, or one of the scheduler's own. Fills the thread's record; nothing is decided yet. */
  announce(
    thread: number,
    kind: OpKind,
    code: ViewCode,
    index: number,
    a: number,
    b: number,
    site: number,
  ): void {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    c[T + ThreadCell.Kind] = kind;
    c[T + ThreadCell.View] = code;
    c[T + ThreadCell.Index] = index;
    c[T + ThreadCell.A] = a;
    c[T + ThreadCell.Site] = site;
    c[T + ThreadCell.Alternatives] = 1;
    c[T + ThreadCell.Choice] = 0;
    if (kind <= OpKind.Notify) {
      const word = code === ViewCode.I32 ? index : wordOf(code, index);
      c[T + ThreadCell.Word] = word;
      c[T + ThreadCell.Location] = this.buffers.location(word);
      if (kind === OpKind.Wait) c[T + ThreadCell.Timeout] = b < MAX_INT ? b : -1;
      else c[T + ThreadCell.B] = b;
      // Infinity would become 0 in a word.
      if (kind === OpKind.Notify && a > MAX_INT) c[T + ThreadCell.A] = MAX_INT;
    } else this.announceSpecial(T, kind, index, a, b);
    c[Cell.Ready] |= 1 << thread;
  }

  private announceSpecial(T: number, kind: OpKind, index: number, a: number, b: number): void {
    const c = this.c;
    c[T + ThreadCell.Word] = kind === OpKind.Free ? index : 0;
    c[T + ThreadCell.B] = b;
    c[T + ThreadCell.Location] =
      kind === OpKind.Poll
        ? Virtual.Gil
        : kind === OpKind.Call || kind === OpKind.Return
          ? Virtual.History
          : kind === OpKind.Clock && c[Cell.ClockJump] > 0
            ? Virtual.Clock
            : Virtual.None;
    if (kind === OpKind.Choose) c[T + ThreadCell.Alternatives] = a;
    else if (kind === OpKind.Clock) c[T + ThreadCell.Alternatives] = c[Cell.ClockJump] > 0 ? 2 : 1;
  }

  /**
   * `pause`: the thread's next step waits until something is written that it has read since its last pause. Without
   * such a rule a spinning thread would look like a livelock.
   */
  pause(thread: number): void {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    if (c[T + ThreadCell.ReadCount] > 0 && !this.somethingChanged(thread)) {
      c[Cell.Spinning] |= 1 << thread;
      c[T + ThreadCell.Edge] = -1;
    } else {
      c[T + ThreadCell.ReadCount] = 0;
    }
  }

  private somethingChanged(thread: number): boolean {
    const { reads, versions } = this.buffers;
    const start = thread * Size.ReadsPerThread * 2;
    const count = this.c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.ReadCount];
    for (let at = start; at < start + 2 * count; at += 2) {
      if (versions[reads[at]] !== reads[at + 1]) return true;
    }
    return false;
  }

  private noteRead(T: number, thread: number, location: number): void {
    const c = this.c;
    const count = c[T + ThreadCell.ReadCount];
    if (count >= Size.ReadsPerThread) return;
    const at = (thread * Size.ReadsPerThread + count) * 2;
    this.buffers.reads[at] = location;
    this.buffers.reads[at + 1] = this.buffers.versions[location];
    c[T + ThreadCell.ReadCount] = count + 1;
  }

  /**
   * A loop that only reads the same one or two words is a spin loop without `pause`: it goes on when one of them is
   * written. Otherwise no search would ever leave it.
   */
  private noteSpin(T: number, thread: number, location: number): void {
    const c = this.c;
    if (location !== c[T + ThreadCell.SpinLocation] && location !== c[T + ThreadCell.SpinOther]) {
      c[T + ThreadCell.SpinOther] = c[T + ThreadCell.SpinLocation];
      c[T + ThreadCell.SpinLocation] = location;
      c[T + ThreadCell.SpinCount] = 0;
    } else if (++c[T + ThreadCell.SpinCount] >= Size.SpinReads) {
      c[T + ThreadCell.SpinCount] = 0;
      this.pause(thread);
    }
  }

  private noteWrite(location: number, step: number): void {
    const { c } = this;
    this.buffers.versions[location]++;
    const spinning = c[Cell.Spinning];
    if (spinning === 0) return;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((spinning & (1 << t)) === 0 || !this.somethingChanged(t)) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      c[Cell.Spinning] &= ~(1 << t);
      c[T + ThreadCell.Edge] = step;
      c[T + ThreadCell.ReadCount] = 0;
    }
  }

  // --- Decisions ---

  /** Threads that could take their next step now, as bits. */
  enabled(): number {
    const c = this.c;
    let mask = (c[Cell.Ready] & ~c[Cell.Spinning]) | c[Cell.Woken];
    const asleep = c[Cell.Asleep];
    if (asleep === 0) return mask;
    mask |= this.wakeable(asleep);
    // Time passes when nobody can do anything else.
    return mask !== 0 ? mask : this.overdue(asleep & c[Cell.Timed]);
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

  /** The sleepers whose time-out comes first, without those for whom nothing has changed since their last one. */
  private overdue(timed: number): number {
    const c = this.c;
    let least = 0x7fffffff;
    let mask = 0;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((timed & (1 << t)) === 0) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      if (c[T + ThreadCell.ChangesAtTimeout] === c[Cell.Changes]) continue;
      const timeout = c[T + ThreadCell.Timeout];
      if (timeout < least) {
        least = timeout;
        mask = 0;
      }
      if (timeout === least) mask |= 1 << t;
    }
    return mask;
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
        return chooseRandomly(this, enabled);
    }
  }

  private chooseSystematically(enabled: number): number {
    const c = this.c;
    const step = c[Cell.Step];
    if (step < c[Cell.PrefixLength]) return this.choosePrescribed(step, enabled);
    if (this.cache !== null && step > 0 && this.cache.seen(this)) {
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

  // --- Steps ---

  /** What the announced step would do to its location if it were taken now. */
  touch(thread: number): Touch {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const bit = 1 << thread;
    if (c[Cell.Gil] !== 0 && c[T + ThreadCell.Location] === Virtual.Gil)
      return Touch.Write | Touch.QueueWrite;
    if ((c[Cell.Woken] & bit) !== 0) return Touch.None;
    if ((c[Cell.Asleep] & bit) !== 0) return Touch.QueueWrite;
    switch (c[T + ThreadCell.Kind]) {
      case OpKind.Read:
      case OpKind.Load:
        return Touch.Read;
      case OpKind.CompareExchange:
        return this.valueAt(T) === this.coerced(T, c[T + ThreadCell.A]) ? Touch.Write : Touch.Read;
      // Also where nobody will sleep or be woken: to tell these apart would save some executions of a futex mutex
      // (16 instead of 28), but the queue of an address is then one more thing that a value decides.
      case OpKind.Wait:
        return Touch.Read | Touch.QueueWrite;
      case OpKind.Notify:
        return Touch.QueueWrite;
      case OpKind.Choose:
        return Touch.None;
      default:
        return Touch.Write;
    }
  }

  private valueAt(T: number): number {
    const index = this.c[T + ThreadCell.Index];
    switch (this.c[T + ThreadCell.View]) {
      case ViewCode.I32:
        return this.heap[index];
      case ViewCode.U8:
        return this.u8[index];
      case ViewCode.U16:
        return this.u16[index];
      case ViewCode.I8:
        return this.i8[index];
      case ViewCode.I16:
        return this.i16[index];
      default:
        return this.f64[index];
    }
  }

  private coerced(T: number, value: number): number {
    switch (this.c[T + ThreadCell.View]) {
      case ViewCode.U8:
        return value & 0xff;
      case ViewCode.U16:
        return value & 0xffff;
      case ViewCode.I8:
        return (value << 24) >> 24;
      case ViewCode.I16:
        return (value << 16) >> 16;
      default:
        return value | 0;
    }
  }

  /**
   * Takes the announced step: log, sleep set, clocks, the operation itself (a plain access follows in the code).
   * False: the thread has gone to sleep, somebody else must be chosen.
   */
  commit(thread: number): boolean {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const bit = 1 << thread;
    if (c[Cell.HashWord] !== 0) this.hashPending();
    const touch = this.touch(thread);
    c[T + ThreadCell.Touch] = touch;
    const sleep = c[Cell.Sleep];
    if (sleep !== 0) this.wakeDependent(thread);
    const step = c[Cell.Step];
    this.log(step, thread, T, touch, sleep);
    c[Cell.Step] = step + 1;
    c[T + ThreadCell.Steps]++;
    c[Cell.Accesses]++;
    c[Cell.AllAccesses]++;
    const choice = c[T + ThreadCell.Choice];
    if (choice !== 0) this.endSegment(thread, choice);
    // How far the thread has come is part of the state, also where it learns nothing.
    if (c[Cell.Hashing] !== 0) this.hashSeen(T, choice);
    c[T + ThreadCell.Edge] = -1;
    if (((c[Cell.Asleep] | c[Cell.Woken]) & bit) !== 0) {
      this.endWait(T, bit);
      return true;
    }
    return this.perform(T, thread, bit, touch, step);
  }

  private log(step: number, thread: number, T: number, touch: Touch, sleep: number): void {
    const { c, events } = this;
    const e = step * EventCell.Words;
    events[e + EventCell.Thread] = thread;
    events[e + EventCell.Kind] = c[T + ThreadCell.Kind];
    events[e + EventCell.Location] = c[T + ThreadCell.Location];
    events[e + EventCell.Touch] = this.writesWatched(T, touch) ? touch | Touch.Watched : touch;
    events[e + EventCell.Edge] = this.followsAll(T, thread) ? EdgeTo.Everything : c[T + ThreadCell.Edge];
    events[e + EventCell.Choice] = c[T + ThreadCell.Choice];
    events[e + EventCell.Alternatives] = c[T + ThreadCell.Alternatives];
    events[e + EventCell.Word] = c[T + ThreadCell.Word];
    events[e + EventCell.Length] =
      c[T + ThreadCell.Kind] === OpKind.Free ? this.shadow.size(c[T + ThreadCell.Word]) : 1;
    events[e + EventCell.Site] = c[T + ThreadCell.Site];
    events[e + EventCell.Enabled] = c[Cell.Enabled];
    // Of steps that are repeated the search remembers the sleep set; it is not computed again.
    if (step >= c[Cell.PrefixLength] - 1) events[e + EventCell.Sleep] = sleep;
  }

  /** A time-out that comes when nobody else can go on. */
  private followsAll(T: number, thread: number): boolean {
    const c = this.c;
    return (c[Cell.Asleep] & c[Cell.Timed] & (1 << thread)) !== 0 && c[T + ThreadCell.EarlyTimeouts] === 0;
  }

  /** Sleep sets: who has announced something that depends on this step wakes up. */
  private wakeDependent(thread: number): void {
    const c = this.c;
    let sleep = c[Cell.Sleep];
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((sleep & (1 << t)) === 0) continue;
      if (t === thread || this.dependent(thread, t)) sleep &= ~(1 << t);
    }
    c[Cell.Sleep] = sleep;
  }

  /** Whether the announced steps of two threads depend on each other, in the state as it is. */
  dependent(p: number, q: number): boolean {
    const c = this.c;
    const P = Cell.Thread + p * ThreadCell.Words;
    const Q = Cell.Thread + q * ThreadCell.Words;
    const touchP = this.touch(p);
    const touchQ = this.touch(q);
    if (c[P + ThreadCell.Kind] === OpKind.Free || c[Q + ThreadCell.Kind] === OpKind.Free) {
      return this.overlap(P, Q);
    }
    if (c[P + ThreadCell.Location] === c[Q + ThreadCell.Location]) return conflict(touchP, touchQ);
    return this.writesWatched(P, touchP) && this.writesWatched(Q, touchQ);
  }

  private writesWatched(T: number, touch: Touch): boolean {
    return (touch & Touch.Write) !== 0 && this.visible[this.c[T + ThreadCell.Word]] === Visible.Watched;
  }

  private overlap(P: number, Q: number): boolean {
    const c = this.c;
    const startP = c[P + ThreadCell.Word];
    const startQ = c[Q + ThreadCell.Word];
    const lengthP = c[P + ThreadCell.Kind] === OpKind.Free ? this.shadow.size(startP) : 1;
    const lengthQ = c[Q + ThreadCell.Kind] === OpKind.Free ? this.shadow.size(startQ) : 1;
    return startP < startQ + lengthQ && startQ < startP + lengthP;
  }

  private endWait(T: number, bit: number): void {
    const c = this.c;
    if ((c[Cell.Woken] & bit) !== 0) {
      c[T + ThreadCell.Result] = WaitResult.Ok;
      c[T + ThreadCell.ChangesAtTimeout] = -1;
    } else if ((c[Cell.Timed] & bit) !== 0) {
      c[T + ThreadCell.Result] = WaitResult.TimedOut;
      if (c[T + ThreadCell.EarlyTimeouts] > 0) c[T + ThreadCell.EarlyTimeouts]--;
      c[T + ThreadCell.ChangesAtTimeout] = c[Cell.Changes];
      c[Cell.Clock] += Math.max(1, c[T + ThreadCell.Timeout]);
    } else {
      c[T + ThreadCell.Result] = WaitResult.Ok;
      c[T + ThreadCell.SpuriousWakes]--;
    }
    c[Cell.Woken] &= ~bit;
    c[Cell.Asleep] &= ~bit;
    c[Cell.Timed] &= ~bit;
    if (c[Cell.Hashing] !== 0) this.hashSeen(T, c[T + ThreadCell.Result]);
  }

  private perform(T: number, thread: number, bit: number, touch: Touch, step: number): boolean {
    const c = this.c;
    c[Cell.Ready] &= ~bit;
    const kind = c[T + ThreadCell.Kind];
    const location = c[T + ThreadCell.Location];
    switch (kind) {
      case OpKind.Wait:
        this.noteRead(T, thread, location);
        if (c[Cell.Monitor] !== 0)
          this.monitor.atomicRead(thread, c[T + ThreadCell.Word], c[T + ThreadCell.Site]);
        if (this.valueAt(T) !== c[T + ThreadCell.A]) {
          c[T + ThreadCell.Result] = WaitResult.NotEqual;
          if (c[Cell.Hashing] !== 0) this.hashSeen(T, WaitResult.NotEqual);
          c[T + ThreadCell.ChangesAtTimeout] = -1;
          return true;
        }
        c[Cell.Asleep] |= bit;
        if (c[T + ThreadCell.Timeout] >= 0) c[Cell.Timed] |= bit;
        c[T + ThreadCell.WaitOrder] = c[Cell.WaitSequence]++;
        return false;
      case OpKind.Notify:
        c[T + ThreadCell.Result] = this.notify(thread, c[T + ThreadCell.Word], c[T + ThreadCell.A], step);
        if (c[Cell.Hashing] !== 0) this.hashSeen(T, c[T + ThreadCell.Result]);
        return true;
      case OpKind.Free:
        if (c[Cell.Monitor] !== 0) {
          this.monitor.freed(thread, c[T + ThreadCell.Word], this.shadow.size(c[T + ThreadCell.Word]));
        }
        this.shadow.free(
          c[T + ThreadCell.Word],
          c[T + ThreadCell.A],
          c[T + ThreadCell.B],
          thread,
          c[T + ThreadCell.Site],
        );
        return true;
      case OpKind.Clock:
        if (c[T + ThreadCell.Choice] === 1) c[Cell.Clock] += c[Cell.ClockJump];
        c[T + ThreadCell.Result] = c[Cell.Clock];
        if (c[Cell.Hashing] !== 0) this.hashSeen(T, c[Cell.Clock]);
        return true;
      case OpKind.Choose:
        c[T + ThreadCell.Result] = c[T + ThreadCell.Choice];
        if (c[Cell.Hashing] !== 0) this.hashSeen(T, c[T + ThreadCell.Choice]);
        return true;
      case OpKind.Poll:
      case OpKind.Call:
      case OpKind.Return:
        return true;
      default:
        this.access(T, thread, kind, touch, location, step);
        return true;
    }
  }

  private access(
    T: number,
    thread: number,
    kind: OpKind,
    touch: Touch,
    location: number,
    step: number,
  ): void {
    const c = this.c;
    const word = c[T + ThreadCell.Word];
    // What is a step only because a replay makes it one must not decide who spins: in the search it did not.
    const counts = kind > OpKind.Write || this.visible[word] !== 0;
    if (counts && (touch === Touch.Read || kind > OpKind.Store)) this.noteRead(T, thread, location);
    if (counts && touch === Touch.Read) this.noteSpin(T, thread, location);
    else if (counts) c[T + ThreadCell.SpinCount] = 0;
    if (touch === Touch.Write) {
      this.noteWrite(location, step);
      this.willWrite(word, c[T + ThreadCell.View]);
    }
    this.inspect(T, thread, kind, touch, word);
    if (kind <= OpKind.Write) {
      if (c[Cell.Hashing] !== 0) {
        if (kind === OpKind.Read) this.hashSeen(T, this.valueAt(T));
        else this.hashLater(word);
      }
      if (kind === OpKind.Write) c[Cell.Changes]++;
      return;
    }
    const before = this.heap[word];
    const result = this.operate(T, kind);
    if (this.heap[word] !== before) {
      c[Cell.Changes]++;
      if (c[Cell.Hashing] !== 0) this.hashChange(word, before, this.heap[word]);
    }
    c[T + ThreadCell.Result] = result;
    if (c[Cell.Hashing] !== 0) this.hashSeen(T, result);
  }

  /** Detectors: freed blocks, vector clocks. */
  private inspect(T: number, thread: number, kind: OpKind, touch: Touch, word: number): void {
    const c = this.c;
    const site = c[T + ThreadCell.Site];
    if (this.shadow.isManaged(word)) this.shadow.check(word, thread, site);
    if (c[Cell.Monitor] === 0) return;
    if (kind === OpKind.Read) this.monitor.plainRead(thread, word, site);
    else if (kind === OpKind.Write) this.monitor.plainWrite(thread, word, site);
    else if (kind === OpKind.Store) this.monitor.atomicStore(thread, word, site);
    else if (touch === Touch.Write) this.monitor.atomicUpdate(thread, word, site);
    else this.monitor.atomicRead(thread, word, site);
  }

  /** The operation on the memory. Whoever runs is alone: plain accesses are as good as atomic ones. */
  private operate(T: number, kind: OpKind): number {
    const c = this.c;
    const index = c[T + ThreadCell.Index];
    const a = c[T + ThreadCell.A];
    const code = c[T + ThreadCell.View];
    const old = code === ViewCode.I32 ? this.heap[index] : this.valueAt(T);
    let value: number;
    switch (kind) {
      case OpKind.Load:
        return old;
      case OpKind.Store:
        value = a;
        break;
      case OpKind.Exchange:
        value = a;
        break;
      case OpKind.CompareExchange:
        if (old !== this.coerced(T, a)) return old;
        value = c[T + ThreadCell.B];
        break;
      case OpKind.Add:
        value = old + a;
        break;
      case OpKind.Sub:
        value = old - a;
        break;
      case OpKind.And:
        value = old & a;
        break;
      case OpKind.Or:
        value = old | a;
        break;
      default:
        value = old ^ a;
    }
    if (code === ViewCode.I32) this.heap[index] = value;
    else this.setAt(code, index, value);
    return kind === OpKind.Store ? a : old;
  }

  private setAt(code: ViewCode, index: number, value: number): void {
    switch (code) {
      case ViewCode.U8:
        this.u8[index] = value;
        break;
      case ViewCode.U16:
        this.u16[index] = value;
        break;
      case ViewCode.I8:
        this.i8[index] = value;
        break;
      case ViewCode.I16:
        this.i16[index] = value;
        break;
      default:
        throw new TypeError('Atomics on a Float64Array');
    }
  }

  private notify(thread: number, word: number, count: number, step: number): number {
    const c = this.c;
    let woken = 0;
    while (woken < count) {
      const t = this.firstWaiter(word);
      if (t < 0) break;
      const bit = 1 << t;
      c[Cell.Asleep] &= ~bit;
      c[Cell.Timed] &= ~bit;
      c[Cell.Woken] |= bit;
      c[Cell.Thread + t * ThreadCell.Words + ThreadCell.Edge] = step;
      if (c[Cell.Monitor] !== 0) this.monitor.wake(thread, t);
      woken++;
    }
    return woken;
  }

  private firstWaiter(word: number): number {
    const c = this.c;
    let first = -1;
    let order = 0x7fffffff;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      const T = Cell.Thread + t * ThreadCell.Words;
      if ((c[Cell.Asleep] & (1 << t)) === 0 || c[T + ThreadCell.Word] !== word) continue;
      if (c[T + ThreadCell.WaitOrder] < order) {
        order = c[T + ThreadCell.WaitOrder];
        first = t;
      }
    }
    return first;
  }

  /** The result of the step that the thread has just taken, as its code expects it. */
  result(thread: number): number | string | undefined {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const kind = c[T + ThreadCell.Kind];
    if (kind === OpKind.Wait) return WAIT_TEXT[c[T + ThreadCell.Result]];
    return c[T + ThreadCell.Result];
  }

  /**
   * An operation of set-up or of what comes after the threads: at once, and no step. Returns its result. Throws
   * where it would wait for ever.
   */
  direct(kind: OpKind, code: ViewCode, index: number, a: number, b: number): number | string | undefined {
    const c = this.c;
    // The record of a thread serves as scratch: none runs, and each execution begins with clean ones.
    const T = Cell.Thread + Size.MaxThreads * ThreadCell.Words;
    c[T + ThreadCell.Kind] = kind;
    c[T + ThreadCell.View] = code;
    c[T + ThreadCell.Index] = index;
    c[T + ThreadCell.A] = a;
    c[T + ThreadCell.B] = b;
    switch (kind) {
      case OpKind.Notify:
        return 0;
      case OpKind.Wait:
        if (this.valueAt(T) !== a) return 'not-equal';
        throw new Error('set-up and what comes after the threads cannot wait: nobody is left to wake them');
      case OpKind.Free:
        this.shadow.free(index, a, b, -1, -1);
        return undefined;
      case OpKind.Clock:
        return c[Cell.Clock];
      case OpKind.Choose:
        return 0;
      case OpKind.Poll:
      case OpKind.Call:
      case OpKind.Return:
        return undefined;
      default:
        if (kind !== OpKind.Load) this.willWrite(wordOf(code, index), code);
        return this.operate(T, kind);
    }
  }

  /**
   * Under the GIL nobody can come between: the announced operation is performed at once, unless it is a poll, a
   * choice, or a wait that will sleep. Returns whether it was.
   */
  takeUnderGil(thread: number): boolean {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const kind = c[T + ThreadCell.Kind];
    if (kind > OpKind.Free || kind === OpKind.Poll || kind === OpKind.Clock) return false;
    if (kind === OpKind.Wait && this.valueAt(T) === c[T + ThreadCell.A]) {
      c[T + ThreadCell.Location] = Virtual.Gil;
      return false;
    }
    this.countAccess(thread);
    this.perform(T, thread, 1 << thread, this.touch(thread), c[Cell.Step] - 1);
    return true;
  }

  // --- Accesses that are no steps ---

  /** Whether plain accesses to this word are steps. */
  isVisible(word: number): boolean {
    return this.visible[word] !== Visible.No || this.c[Cell.EveryAccess] !== 0;
  }

  /**
   * The first plain access of the exploration: from here the vector clocks run. Before, there was nothing that they
   * could find, and scenarios of atomic operations alone are explored a third faster without. What was explored so
   * far counts for nothing.
   */
  private seePlain(): void {
    const c = this.c;
    c[Cell.PlainSeen] = 1;
    if (c[Cell.Gil] !== 0) return;
    c[Cell.Promoted]++;
    c[Cell.Monitor] = 1;
    this.monitor.begin();
  }

  /** Schedules count all accesses, also those that are no steps. */
  private countAccess(thread: number): void {
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

  /** A plain read by a running thread, of a word that nobody races for. */
  plainRead(thread: number, word: number, site: number): void {
    const c = this.c;
    if (c[Cell.PlainSeen] === 0) this.seePlain();
    this.countAccess(thread);
    if (this.shadow.isManaged(word)) this.shadow.check(word, thread, site);
    if (c[Cell.Monitor] !== 0) this.monitor.plainRead(thread, word, site);
    if (c[Cell.Hashing] !== 0) {
      if (c[Cell.HashWord] !== 0) this.hashPending();
      this.hashSeen(Cell.Thread + thread * ThreadCell.Words, this.heap[word]);
    }
  }

  plainWrite(thread: number, word: number, code: ViewCode, site: number): void {
    const c = this.c;
    if (c[Cell.PlainSeen] === 0) this.seePlain();
    this.countAccess(thread);
    if (this.shadow.isManaged(word)) this.shadow.check(word, thread, site);
    if (c[Cell.Monitor] !== 0) this.monitor.plainWrite(thread, word, site);
    if (c[Cell.Hashing] !== 0) {
      if (c[Cell.HashWord] !== 0) this.hashPending();
      this.hashLater(word);
    }
    this.willWrite(word, code);
  }

  /** Journals the old contents of a word that is about to change. */
  willWrite(word: number, code: ViewCode): void {
    const { c, journal, heap } = this;
    const at = c[Cell.JournalTop];
    if (at >= Size.Journal - 2) throw new Error('the journal of writes is full: an execution is too long');
    journal[2 * at] = word;
    journal[2 * at + 1] = heap[word];
    c[Cell.JournalTop] = at + 1;
    if (code === ViewCode.F64) this.willWrite(word + 1, ViewCode.I32);
  }

  // --- Hashes for the state cache ---

  private hashLater(word: number): void {
    this.c[Cell.HashWord] = word + 1;
    this.c[Cell.HashOld] = this.heap[word];
  }

  /** The plain write that was announced last has happened by now. */
  hashPending(): void {
    const c = this.c;
    const word = c[Cell.HashWord] - 1;
    c[Cell.HashWord] = 0;
    if (this.heap[word] !== c[Cell.HashOld]) this.hashChange(word, c[Cell.HashOld], this.heap[word]);
  }

  private hashChange(word: number, before: number, after: number): void {
    const c = this.c;
    c[Cell.HeapHash] ^= mix(word, before, 0x9e3779b1) ^ mix(word, after, 0x9e3779b1);
    c[Cell.HeapHash + 1] ^= mix(word, before, 0x85ebca6b) ^ mix(word, after, 0x85ebca6b);
  }

  private hashSeen(T: number, value: number): void {
    const c = this.c;
    const kind = c[T + ThreadCell.Kind];
    c[T + ThreadCell.SeenHash] = mix(c[T + ThreadCell.SeenHash], value, 0x9e3779b1 + kind);
    c[T + ThreadCell.SeenHash + 1] = mix(c[T + ThreadCell.SeenHash + 1], value, 0x85ebca6b + kind);
  }
}

/** Whether two touches of one location depend on each other. */
export function conflict(p: Touch, q: Touch): boolean {
  const words = Touch.Read | Touch.Write;
  const queues = Touch.QueueRead | Touch.QueueWrite;
  return (
    ((p & Touch.Write) !== 0 && (q & words) !== 0) ||
    ((q & Touch.Write) !== 0 && (p & words) !== 0) ||
    ((p & Touch.QueueWrite) !== 0 && (q & queues) !== 0) ||
    ((q & Touch.QueueWrite) !== 0 && (p & queues) !== 0)
  );
}

function stayOrLowest(current: number, threads: number): number {
  if (current >= 0 && (threads & (1 << current)) !== 0) return current;
  return 31 - Math.clz32(threads & -threads);
}

/** The word that holds an element of a narrower or wider view. */
export function wordOf(code: ViewCode, index: number): number {
  switch (code) {
    case ViewCode.U8:
    case ViewCode.I8:
      return index >> 2;
    case ViewCode.U16:
    case ViewCode.I16:
      return index >> 1;
    case ViewCode.F64:
      return index * 2;
    default:
      return index;
  }
}

function mix(a: number, b: number, salt: number): number {
  let h = Math.imul(a ^ salt, 0x27d4eb2f) ^ Math.imul(b + salt, 0x165667b1);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca77);
  return h ^ (h >>> 13);
}
