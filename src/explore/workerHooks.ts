import { NotSuspendable } from './fiberHooks.js';
import { Hand, type HandOff } from './handOff.js';
import { OpKind } from './hooks.js';
import type { Machine } from './machine.js';
import { Cell, End, ViewCode } from './machineLayout.js';
import { wordOf } from './memoryViews.js';
import { Random } from './random.js';
import type { SiteFinder } from './siteFinder.js';
import { passOn, startNext } from './workerTurns.js';

/** Thrown into a body that will not go on: its execution has ended. */
const ABANDONED = Symbol('abandoned');

const enum Access {
  Atomic = 0,
  Read = 1,
  Write = 2,
}

/** Executions after which threads that have made no plain access are not expected to make one. */
const EARLY_RUNS = 32;

type AnyFunction = (...args: never[]) => unknown;

/**
 * What a worker does where its code touches shared memory: as FiberHooks, with the same decisions and counts, but
 * it blocks where that yields.
 */
export class WorkerHooks {
  /** The model thread while its body runs; -1: set-up. */
  thread = -1;
  /** The execution that the body belongs to is over: whatever the body does on its way out has no effect. */
  abandoned = false;
  /** The turn has come with a new command of the host's. */
  interrupted = false;
  /** Called between two steps; the memory is as after the last one. */
  between: (() => void) | null = null;
  /** What is read now is what `never` looks at. */
  private watching = false;
  private epoch = 0;
  private runs = 0;
  private readonly numbers: Random;

  constructor(
    readonly machine: Machine,
    readonly hand: HandOff,
    private readonly sites: SiteFinder,
    private readonly index: number,
  ) {
    this.numbers = new Random(hand.words, Hand.Numbers);
  }

  /** The body is about to run. */
  begin(): void {
    this.runs++;
    this.thread = this.index;
    this.epoch = this.hand.words[Hand.Epoch];
    this.abandoned = false;
  }

  /** An atomic operation, or one of the scheduler's own (`view` null). `caller`: what the code has called. */
  point(kind: OpKind, view: unknown, index: number, a: number, b: number, caller: AnyFunction): unknown {
    this.requireRunning();
    const { machine, thread } = this;
    let code: ViewCode = ViewCode.None;
    if (kind <= OpKind.Notify) {
      code = machine.viewCode(view);
      if (code === ViewCode.None) this.refuse(caller);
    }
    if (thread < 0) {
      if (this.watching && kind === OpKind.Load) machine.buffers.watch(wordOf(code, index));
      return machine.direct(kind, code, index, a, b);
    }
    const site = kind <= OpKind.Notify ? this.siteOf(wordOf(code, index), Access.Atomic, caller) : -1;
    machine.announce(thread, kind, code, index, a, b, site);
    if (machine.c[Cell.Gil] === 0 || !machine.takeUnderGil(thread) || this.isEndless()) this.reach();
    return machine.result(thread);
  }

  pause(): void {
    this.requireRunning();
    if (this.thread >= 0) this.machine.pause(this.thread);
  }

  /** A plain read of an element follows. */
  read(code: ViewCode, index: number, caller: AnyFunction): void {
    this.requireRunning();
    const { machine, thread } = this;
    const word = wordOf(code, index);
    if (thread < 0) {
      if (this.watching) machine.buffers.watch(word);
      return;
    }
    const site = this.siteOf(word, Access.Read, caller);
    if (machine.c[Cell.Gil] === 0 && machine.isVisible(word)) {
      machine.announce(thread, OpKind.Read, code, index, 0, 0, site);
      this.reach();
    } else {
      machine.plainRead(thread, word, code, site);
      if (this.isEndless()) this.reach();
    }
  }

  /** A plain write to an element follows. */
  write(code: ViewCode, index: number, caller: AnyFunction): void {
    this.requireRunning();
    const { machine, thread } = this;
    const word = wordOf(code, index);
    if (thread < 0) {
      machine.willWrite(word, code);
      return;
    }
    const site = this.siteOf(word, Access.Write, caller);
    if (machine.c[Cell.Gil] === 0 && machine.isVisible(word)) {
      machine.announce(thread, OpKind.Write, code, index, 0, 0, site);
      this.reach();
    } else machine.plainWrite(thread, word, code, site);
  }

  random(): number {
    this.requireRunning();
    return this.numbers.next() / 2 ** 32;
  }

  /** Evaluates a condition on the memory as it is: no steps, and what it reads is watched from now on. */
  watch<R>(condition: () => R): R {
    const { thread } = this;
    this.thread = -1;
    this.watching = true;
    try {
      return condition();
    } finally {
      this.thread = thread;
      this.watching = false;
    }
  }

  /** Throws where the body has been given up. */
  requireRunning(): void {
    if (this.abandoned) throw ABANDONED;
  }

  /** The body has ended: somebody else goes on. */
  finish(): void {
    const { machine, hand, thread } = this;
    this.thread = -1;
    machine.finish(thread);
    if (hand.words[Hand.Starting] >= 0) startNext(machine, hand, thread, -1, this.between);
    else passOn(machine, hand, -1, this.between);
  }

  /** Ends an execution whose thread loops without a step, as the fiber engine does. */
  private isEndless(): boolean {
    if (!this.machine.isEndless()) return false;
    this.machine.c[Cell.End] = End.Limit;
    return true;
  }

  /** Blocks until the thread may take the step that it has announced. */
  private reach(): void {
    const { machine, hand, thread } = this;
    const goesOn =
      hand.words[Hand.Starting] >= 0
        ? startNext(machine, hand, thread, thread, this.between)
        : passOn(machine, hand, thread, this.between);
    if (goesOn) return;
    hand.take(this.index);
    if (hand.words[Hand.Epoch] === this.epoch) return;
    this.abandoned = true;
    this.interrupted = true;
    throw ABANDONED;
  }

  /** The stack is looked at only where a detector asks for the place: that costs some microseconds. */
  private siteOf(word: number, access: Access, caller: AnyFunction): number {
    const { machine, sites } = this;
    const { c, shadow } = machine;
    // The monitor begins with the first plain access, and looks at what has been announced by then.
    const maySoon = c[Cell.PlainSeen] === 0 && (access !== Access.Atomic || this.runs < EARLY_RUNS);
    if (c[Cell.Monitor] !== 0 || maySoon) return sites.callerOf(caller, access === Access.Write);
    return shadow.isManaged(word) && shadow.asksForSite(word)
      ? sites.callerOf(caller, access === Access.Write)
      : -1;
  }

  private refuse(caller: AnyFunction): never {
    if (this.thread >= 0) this.machine.c[Cell.End] = End.Failed;
    throw new NotSuspendable(
      "shared memory of its own cannot be explored; take words from the world: w.words(1, 'x')",
      this.sites.callerOf(caller),
    );
  }
}
