import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Buffers } from './buffers.js';
import { Dependence } from './dependence.js';
import { OpKind } from './hooks.js';
import {
  Cell,
  EdgeTo,
  End,
  EventCell,
  Size,
  ThreadCell,
  Touch,
  ViewCode,
  Virtual,
  Visible,
} from './machineLayout.js';
import { coerced, MemoryViews, wordOf } from './memoryViews.js';
import type { Monitor } from './monitor.js';
import { Random } from './random.js';
import type { ShadowHeap } from './shadowHeap.js';
import { Spinning } from './spinning.js';
import { StateHash } from './stateHash.js';
import { Turns } from './turns.js';
import { Waiting, WaitResult } from './waiting.js';

/** More accesses than this for each step that an execution may take are a loop without steps. */
const ACCESSES_PER_STEP = 8;

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
  readonly turns: Turns;
  readonly dependence: Dependence;
  readonly hash: StateHash;
  readonly views: MemoryViews;
  readonly spinning: Spinning;
  private readonly waiting: Waiting;
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
    this.random = new Random(buffers.cells, Cell.Random);
    this.views = new MemoryViews(memory);
    this.dependence = new Dependence(buffers, this.views, shadow);
    this.turns = new Turns(buffers, { c: this.c, random: this.random, dependence: this.dependence });
    this.spinning = new Spinning(buffers);
    this.waiting = new Waiting(this.c, monitor);
    this.hash = new StateHash(this.c, this.heap);
  }

  /** Which view it is; `ViewCode.None` for anything that is not a view of the memory under exploration. */
  viewCode(view: unknown): ViewCode {
    return this.views.codeOf(view);
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
    c[Cell.Broken] = 0;
    c[Cell.Calls] = 0;
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
    c[T + ThreadCell.ClockAhead] = 0;
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

  /** See `Spinning.pause`. */
  pause(thread: number): void {
    this.spinning.pause(thread);
  }

  /** The thread that takes the next step, or -1: the execution has ended, `Cell.End` says why. */
  decide(): number {
    return this.turns.decide();
  }

  // --- Steps ---

  /**
   * Takes the announced step: log, sleep set, clocks, the operation itself (a plain access follows in the code).
   * False: the thread has gone to sleep, somebody else must be chosen.
   */
  commit(thread: number): boolean {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const bit = 1 << thread;
    if (c[Cell.HashWord] !== 0) this.hash.flush();
    const touch = this.dependence.touch(thread);
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
    if (choice !== 0) this.turns.endSegment(thread, choice);
    // How far the thread has come is part of the state, also where it learns nothing.
    if (c[Cell.Hashing] !== 0) this.hash.seen(T, choice);
    c[T + ThreadCell.Edge] = -1;
    if (((c[Cell.Asleep] | c[Cell.Woken]) & bit) !== 0) {
      this.waiting.endWait(T, bit);
      if (c[Cell.Hashing] !== 0) {
        this.hash.seen(T, c[T + ThreadCell.SpuriousWakes]);
        this.hash.seen(T, c[T + ThreadCell.Result]);
      }
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
    events[e + EventCell.Touch] = this.dependence.writesWatched(T, touch) ? touch | Touch.Watched : touch;
    events[e + EventCell.Edge] = this.dependence.followsAll(T, thread)
      ? EdgeTo.Everything
      : c[T + ThreadCell.Edge];
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

  /** Sleep sets: who has announced something that depends on this step wakes up. */
  private wakeDependent(thread: number): void {
    const c = this.c;
    let sleep = c[Cell.Sleep];
    for (let t = 0; t < c[Cell.Threads]; t++) {
      if ((sleep & (1 << t)) === 0) continue;
      if (t === thread || this.dependence.dependent(thread, t)) sleep &= ~(1 << t);
    }
    c[Cell.Sleep] = sleep;
  }

  private perform(T: number, thread: number, bit: number, touch: Touch, step: number): boolean {
    const c = this.c;
    c[Cell.Ready] &= ~bit;
    const kind = c[T + ThreadCell.Kind];
    const location = c[T + ThreadCell.Location];
    switch (kind) {
      case OpKind.Wait:
        this.spinning.noteRead(T, thread, location);
        if (c[Cell.Monitor] !== 0)
          this.monitor.atomicRead(thread, c[T + ThreadCell.Word], c[T + ThreadCell.Site]);
        if (this.views.read(c[T + ThreadCell.View], c[T + ThreadCell.Index]) !== c[T + ThreadCell.A]) {
          c[T + ThreadCell.Result] = WaitResult.NotEqual;
          if (c[Cell.Hashing] !== 0) this.hash.seen(T, WaitResult.NotEqual);
          c[T + ThreadCell.ChangesAtTimeout] = -1;
          return true;
        }
        this.waiting.sleep(T, bit);
        return false;
      case OpKind.Notify:
        c[T + ThreadCell.Result] = this.waiting.notify(
          thread,
          c[T + ThreadCell.Word],
          c[T + ThreadCell.A],
          step,
        );
        if (c[Cell.Hashing] !== 0) this.hash.seen(T, c[T + ThreadCell.Result]);
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
        c[T + ThreadCell.Result] = c[Cell.Clock] + c[T + ThreadCell.ClockAhead];
        if (c[Cell.Hashing] !== 0) this.hash.seen(T, c[T + ThreadCell.Result]);
        return true;
      case OpKind.Choose:
        c[T + ThreadCell.Result] = c[T + ThreadCell.Choice];
        if (c[Cell.Hashing] !== 0) this.hash.seen(T, c[T + ThreadCell.Choice]);
        return true;
      case OpKind.Call:
      case OpKind.Return:
        c[Cell.Calls]++;
        if (c[Cell.Hashing] !== 0) this.hash.seen(T, c[Cell.Calls]);
        return true;
      case OpKind.Poll:
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
    if (counts && (touch === Touch.Read || kind > OpKind.Store)) this.spinning.noteRead(T, thread, location);
    if (touch === Touch.Write) this.willWrite(word, c[T + ThreadCell.View]);
    this.inspect(T, thread, kind, touch, word);
    if (kind <= OpKind.Write) {
      this.noteForSpinning(T, thread, touch, location, step, counts);
      if (c[Cell.Hashing] !== 0) {
        if (kind === OpKind.Read) this.hash.read(T, word, c[T + ThreadCell.View]);
        else this.hash.later(word, c[T + ThreadCell.View]);
      }
      if (kind === OpKind.Write) c[Cell.Changes]++;
      return;
    }
    const before = this.heap[word];
    const result = this.operate(T, kind);
    const changed = this.heap[word] !== before;
    // A test-and-set that finds the lock taken writes what was there: its loop only looks, as one of loads does.
    const looks = kind > OpKind.Store && !changed;
    this.noteForSpinning(T, thread, looks ? Touch.Read : touch, location, step, counts);
    if (changed) {
      c[Cell.Changes]++;
      if (c[Cell.Hashing] !== 0) this.hash.change(word, before, this.heap[word]);
    }
    c[T + ThreadCell.Result] = result;
    if (c[Cell.Hashing] !== 0) this.hash.seen(T, result);
  }

  private noteForSpinning(
    T: number,
    thread: number,
    touch: Touch,
    location: number,
    step: number,
    counts: boolean,
  ): void {
    if (counts && touch === Touch.Read) this.spinning.noteSpin(T, thread, location);
    else if (counts) this.c[T + ThreadCell.SpinCount] = 0;
    if (touch === Touch.Write) this.spinning.noteWrite(location, step);
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
    const old = this.views.read(code, index);
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
        if (old !== coerced(code, a)) return old;
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
    this.views.write(code, index, value);
    return kind === OpKind.Store ? a : old;
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
        if (this.views.read(c[T + ThreadCell.View], c[T + ThreadCell.Index]) !== a) return 'not-equal';
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
    if (
      kind === OpKind.Wait &&
      this.views.read(c[T + ThreadCell.View], c[T + ThreadCell.Index]) === c[T + ThreadCell.A]
    ) {
      c[T + ThreadCell.Location] = Virtual.Gil;
      return false;
    }
    if (c[Cell.HashWord] !== 0) this.hash.flush();
    this.turns.countAccess(thread);
    this.perform(T, thread, 1 << thread, this.dependence.touch(thread), c[Cell.Step] - 1);
    return true;
  }

  // --- Accesses that are no steps ---

  /** Whether the execution makes so many accesses for each step it may take that it counts as a livelock. */
  isEndless(): boolean {
    return this.c[Cell.AllAccesses] > this.c[Cell.MaxSteps] * ACCESSES_PER_STEP;
  }

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

  /** A plain read by a running thread, of a word that nobody races for. */
  plainRead(thread: number, word: number, code: ViewCode, site: number): void {
    const c = this.c;
    if (c[Cell.PlainSeen] === 0) this.seePlain();
    this.turns.countAccess(thread);
    if (this.shadow.isManaged(word)) this.shadow.check(word, thread, site);
    if (c[Cell.Monitor] !== 0) this.monitor.plainRead(thread, word, site);
    if (c[Cell.Hashing] !== 0) {
      if (c[Cell.HashWord] !== 0) this.hash.flush();
      this.hash.read(Cell.Thread + thread * ThreadCell.Words, word, code);
    }
  }

  plainWrite(thread: number, word: number, code: ViewCode, site: number): void {
    const c = this.c;
    if (c[Cell.PlainSeen] === 0) this.seePlain();
    this.turns.countAccess(thread);
    if (this.shadow.isManaged(word)) this.shadow.check(word, thread, site);
    if (c[Cell.Monitor] !== 0) this.monitor.plainWrite(thread, word, site);
    if (c[Cell.Hashing] !== 0) {
      if (c[Cell.HashWord] !== 0) this.hash.flush();
      this.hash.later(word, code);
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
}
