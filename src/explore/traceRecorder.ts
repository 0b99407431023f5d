import type { Buffers } from './buffers.js';
import type { FiberHooks, Tracer } from './fiberHooks.js';
import { OpKind } from './hooks.js';
import type { Machine } from './machine.js';
import { Cell, FindCell, type FindKind, ThreadCell, Touch, ViewCode } from './machineLayout.js';
import type { MemoryViews } from './memoryViews.js';
import { wordOf } from './memoryViews.js';

/** What a detector found. */
export interface Find {
  readonly kind: FindKind;
  readonly site: number;
  readonly word: number;
  readonly otherSite: number;
  readonly otherThread: number;
}

/** One access as it was made. */
export interface TracedStep {
  readonly thread: number;
  readonly kind: OpKind;
  /** Its word; the start of a freed block. 0 where there is none. */
  readonly word: number;
  /** Start of the block of the model heap that has the word; elsewhere the word. */
  readonly block: number;
  /** Words of the freed block, else 1. */
  readonly length: number;
  readonly touch: Touch;
  /** -1: no place of its own. */
  readonly site: number;
  /** The end of a wait, which began in an earlier step. */
  readonly wakes: boolean;
  /** Which of its thread's announcements it was, from 1; 0: it was not announced. */
  readonly announcement: number;
  /** The word before and after it. */
  readonly old: number;
  value: number;
  /** What the operation returned. */
  result: number | string | undefined;
  /** It has put its thread to sleep. */
  sleeps: boolean;
  readonly finds: Find[];
}

/** Longer executions are traced up to here: those that go round in circles. */
const MAX_STEPS = 20_000;

const WITH_WORD: ReadonlySet<OpKind> = new Set([OpKind.Wait, OpKind.Notify, OpKind.Free]);

/** Notes each access of one execution. Plain writes happen after their step: their value is read at the next event. */
export class TraceRecorder implements Tracer {
  readonly steps: TracedStep[] = [];
  private readonly machine: Machine;
  private readonly buffers: Buffers;
  private readonly views: MemoryViews;
  private readonly announcements: number[] = [];
  private current: TracedStep | null = null;
  /** A plain access whose value is not known yet: how to read it. */
  private unsettled: { step: TracedStep; code: ViewCode; index: number } | null = null;
  private finds = 0;

  /** `noticed`: told of each announcement, with its number among those of its thread, and of each step that begins. */
  constructor(
    hooks: FiberHooks,
    private readonly noticed: (
      step: TracedStep | null,
      thread: number,
      announcement: number,
    ) => void = () => {},
  ) {
    this.machine = hooks.machine;
    this.buffers = hooks.machine.buffers;
    this.views = hooks.machine.views;
  }

  announced(thread: number): void {
    this.settle();
    this.announcements[thread] = (this.announcements[thread] ?? 0) + 1;
    this.noticed(null, thread, this.announcements[thread]);
  }

  before(thread: number): void {
    this.settle();
    const { c } = this.machine;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const kind: OpKind = c[T + ThreadCell.Kind];
    const code: ViewCode = c[T + ThreadCell.View];
    const index = c[T + ThreadCell.Index];
    const old = kind <= OpKind.Notify ? this.views.read(code, index) : 0;
    this.begin(code, index, {
      thread,
      kind,
      word: kind <= OpKind.Notify || WITH_WORD.has(kind) ? c[T + ThreadCell.Word] : 0,
      block: this.machine.shadow.startOf(c[T + ThreadCell.Word]),
      length: kind === OpKind.Free ? this.machine.shadow.size(c[T + ThreadCell.Word]) : 1,
      touch: this.machine.dependence.touch(thread),
      site: c[T + ThreadCell.Site],
      wakes: ((c[Cell.Asleep] | c[Cell.Woken]) & (1 << thread)) !== 0,
      announcement: this.announcements[thread] ?? 0,
      old,
      value: old,
      result: undefined,
      sleeps: false,
      finds: [],
    });
  }

  after(thread: number): void {
    const step = this.current;
    if (step === null) return;
    step.result = this.machine.result(thread);
    step.sleeps = (this.machine.c[Cell.Asleep] & (1 << thread)) !== 0;
    this.addFinds();
    if (step.kind > OpKind.Write) this.settle();
  }

  plain(thread: number, kind: OpKind.Read | OpKind.Write, code: ViewCode, index: number, site: number): void {
    this.settle();
    const old = this.views.read(code, index);
    const word = code === ViewCode.I32 ? index : wordOf(code, index);
    this.begin(code, index, {
      thread,
      kind,
      word,
      block: this.machine.shadow.startOf(word),
      length: 1,
      touch: kind === OpKind.Read ? Touch.Read : Touch.Write,
      site,
      wakes: false,
      announcement: 0,
      old,
      value: old,
      result: undefined,
      sleeps: false,
      finds: [],
    });
  }

  /** The memory is as after the last step. */
  settle(): void {
    this.addFinds();
    if (this.unsettled === null) return;
    const { step, code, index } = this.unsettled;
    if (step.kind <= OpKind.Notify) step.value = this.views.read(code, index);
    this.unsettled = null;
  }

  private begin(code: ViewCode, index: number, step: TracedStep): void {
    this.current = step;
    this.finds = this.machine.c[Cell.Finds];
    this.unsettled = { step, code, index };
    if (this.steps.length >= MAX_STEPS) return;
    this.steps.push(step);
    this.noticed(step, step.thread, step.announcement);
  }

  private addFinds(): void {
    const { finds, cells } = this.buffers;
    for (; this.current !== null && this.finds < cells[Cell.Finds]; this.finds++) {
      const f = this.finds * FindCell.Words;
      this.current.finds.push({
        kind: finds[f + FindCell.Kind],
        site: finds[f + FindCell.Site],
        word: finds[f + FindCell.Word],
        otherSite: finds[f + FindCell.OtherSite],
        otherThread: finds[f + FindCell.OtherThread],
      });
    }
  }
}
