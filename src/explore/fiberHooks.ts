import { type Hooks, OpKind } from './hooks.js';
import type { Machine } from './machine.js';
import { Cell, End, ViewCode } from './machineLayout.js';
import { wordOf } from './memoryViews.js';
import { Random } from './random.js';

/** Something that the code under exploration did and that no engine can run. */
export class NotSuspendable extends Error {
  constructor(
    message: string,
    readonly site: number,
  ) {
    super(message);
    this.name = 'NotSuspendable';
  }
}

/** What is told of each step while a trace is taken. */
export interface Tracer {
  /** The thread has announced a step; the stack is that of its code. */
  announced(thread: number): void;
  /** The step is about to be taken: memory shows the value before it. */
  before(thread: number): void;
  /** It has been taken; of a plain access, its write is still to come. */
  after(thread: number): void;
  /** A plain access follows that is no step: under the GIL, or in code that cannot be suspended. */
  plain(thread: number, kind: OpKind.Read | OpKind.Write, code: ViewCode, index: number, site: number): void;
}

/**
 * The hooks of rewritten code: model threads are generators of one JavaScript thread. While the scheduler keeps a
 * thread, its steps run inline; only a switch yields.
 */
export class FiberHooks implements Hooks {
  /** The model thread whose code runs; -1: set-up or what comes after the threads. */
  thread = -1;
  /** Who goes on after a yield. */
  next = -1;
  /** Threads run up to their first step, and nobody is chosen yet. */
  starting = false;
  tracer: Tracer | null = null;
  /** What is read now is what `never` looks at. */
  watching = false;
  /** Why the execution cannot go on. Code with a `finally` that waits holds the error back, for ever. */
  failure: NotSuspendable | null = null;
  /** Called between two steps; the memory is as after the last one. */
  between: (() => void) | null = null;
  readonly atomics: Readonly<Record<string, unknown>>;
  private readonly numbers = new Random().seed(1);
  /** `random` was called in this execution. */
  private drawn = false;
  private callSite = -1;
  private directResult: number | string | undefined = 0;
  /** The machine of the engine that runs: rewritten modules are loaded once, engines come and go. */
  machine!: Machine;

  constructor() {
    this.atomics = atomicsAsValue();
  }

  /** Before an execution. */
  begin(): void {
    this.thread = -1;
    this.next = -1;
    this.failure = null;
    if (this.drawn) this.numbers.seed(1);
    this.drawn = false;
  }

  point(kind: OpKind, view: unknown, index: number, a: number, b: number, site: number): boolean {
    const { machine, thread } = this;
    let code: ViewCode = ViewCode.None;
    if (kind <= OpKind.Notify) {
      code = machine.viewCode(view);
      if (code === ViewCode.None) this.refuseView(site);
    } else if (kind === OpKind.Pause) {
      if (thread >= 0) machine.pause(thread);
      this.directResult = undefined;
      return false;
    }
    if (thread < 0) {
      if (this.watching && kind === OpKind.Load) machine.buffers.watch(wordOf(code, index));
      this.directResult = machine.direct(kind, code, index, a, b);
      return false;
    }
    machine.announce(thread, kind, code, index, a, b, site);
    if (machine.c[Cell.Gil] !== 0 && this.takeUnderGil(thread))
      return this.machine.isEndless() && this.giveUp();
    return this.reach(thread);
  }

  private takeUnderGil(thread: number): boolean {
    const { machine, tracer } = this;
    if (tracer === null) return machine.takeUnderGil(thread);
    tracer.announced(thread);
    tracer.before(thread);
    const taken = machine.takeUnderGil(thread);
    if (taken) tracer.after(thread);
    return taken;
  }

  exec(): number | string | undefined {
    return this.thread < 0 ? this.directResult : this.machine.result(this.thread);
  }

  read(view: unknown, index: unknown, site: number): boolean {
    const { machine, thread } = this;
    const code = machine.viewCode(view);
    if (code === ViewCode.None) return this.foreign(view, site);
    if (typeof index !== 'number') return false;
    if (thread < 0) {
      if (this.watching) machine.buffers.watch(wordOf(code, index));
      return false;
    }
    const word = code === ViewCode.I32 ? index : wordOf(code, index);
    if (machine.c[Cell.Gil] === 0 && machine.isVisible(word)) {
      machine.announce(thread, OpKind.Read, code, index, 0, 0, site);
      return this.reach(thread);
    }
    if (this.tracer !== null) this.tracer.plain(thread, OpKind.Read, code, index, site);
    machine.plainRead(thread, word, code, site);
    return this.machine.isEndless() && this.giveUp();
  }

  write(view: unknown, index: unknown, site: number): boolean {
    const { machine, thread } = this;
    const code = machine.viewCode(view);
    if (code === ViewCode.None) return this.foreign(view, site);
    if (typeof index !== 'number') return false;
    const word = code === ViewCode.I32 ? index : wordOf(code, index);
    if (thread < 0) machine.willWrite(word, code);
    else if (machine.c[Cell.Gil] === 0 && machine.isVisible(word)) {
      machine.announce(thread, OpKind.Write, code, index, 0, 0, site);
      return this.reach(thread);
    } else {
      if (this.tracer !== null) this.tracer.plain(thread, OpKind.Write, code, index, site);
      machine.plainWrite(thread, word, code, site);
    }
    return false;
  }

  from<T>(suspended: T, site: number): T {
    this.callSite = site;
    return suspended;
  }

  /** Nothing comes between the call and this, for `yield*` starts what it is given at once. */
  caller(site: number): number {
    const { callSite } = this;
    this.callSite = -1;
    return callSite < 0 ? site : callSite;
  }

  *fill(view: unknown, site: number, ...args: number[]): Generator {
    const target = view as Int32Array;
    if (this.machine.viewCode(view) === ViewCode.None) return target.fill(...(args as [number]));
    const [value, from, to] = args;
    const end = absolute(to ?? target.length, target.length);
    for (let i = absolute(from ?? 0, target.length); i < end; i++) {
      if (this.write(view, i, site)) yield;
      target[i] = value;
    }
    return target;
  }

  *copyWithin(view: unknown, site: number, ...args: number[]): Generator {
    const array = view as Int32Array;
    if (this.machine.viewCode(view) === ViewCode.None) return array.copyWithin(...(args as [number, number]));
    const length = array.length;
    const to = absolute(args[0], length);
    const from = absolute(args[1], length);
    const count = Math.min(absolute(args[2] ?? length, length) - from, length - to);
    const down = from < to;
    for (let n = 0; n < count; n++) {
      const i = down ? count - 1 - n : n;
      if (this.read(view, from + i, site)) yield;
      const value = array[from + i];
      if (this.write(view, to + i, site)) yield;
      array[to + i] = value;
    }
    return array;
  }

  isGen(value: unknown): boolean {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Generator'
    );
  }

  sync(value: unknown, site: number): unknown {
    if (!this.isGen(value)) return value;
    const { done, value: result } = (value as Generator).next();
    if (done !== true) this.fail('a thread would have to be suspended inside of code that cannot be', site);
    return result;
  }

  readSync(view: unknown, index: unknown, site: number): void {
    if (this.thread < 0) return;
    if (this.inOneStep(() => this.read(view, index, site))) this.fail('a read that others race with', site);
  }

  writeSync(view: unknown, index: unknown, site: number): void {
    if (this.inOneStep(() => this.write(view, index, site))) this.fail('a write that others race with', site);
  }

  /** A replay makes every access a step, but not where nobody can be switched to: the search did not either. */
  private inOneStep(access: () => boolean): boolean {
    const { c } = this.machine;
    if (c[Cell.EveryAccess] === 0) return access();
    c[Cell.EveryAccess] = 0;
    try {
      return access();
    } finally {
      c[Cell.EveryAccess] = 1;
    }
  }

  random(): number {
    this.drawn = true;
    return this.numbers.next() / 2 ** 32;
  }

  /**
   * The thread has announced a step: true if it must yield, because somebody else goes first or the execution is
   * over.
   */
  reach(thread: number): boolean {
    if (this.tracer !== null) this.tracer.announced(thread);
    if (this.starting) return true;
    const { machine } = this;
    for (;;) {
      if (this.between !== null) this.between();
      const next = machine.decide();
      if (next !== thread) {
        this.next = next;
        return true;
      }
      if (this.commit(thread)) return false;
    }
  }

  commit(thread: number): boolean {
    if (this.tracer === null) return this.machine.commit(thread);
    this.tracer.before(thread);
    const taken = this.machine.commit(thread);
    this.tracer.after(thread);
    return taken;
  }

  /** A loop that takes no step, as over a table that has been freed, would never let go of the scheduler. */
  private giveUp(): boolean {
    this.machine.c[Cell.End] = End.Limit;
    this.next = -1;
    return true;
  }

  private foreign(view: unknown, site: number): boolean {
    if (ArrayBuffer.isView(view) && view.buffer instanceof SharedArrayBuffer) this.refuseView(site);
    return false;
  }

  private refuseView(site: number): never {
    this.fail(
      "shared memory of its own cannot be explored; take words from the world: w.words(1, 'x')",
      site,
    );
  }

  private fail(reason: string, site: number): never {
    this.machine.c[Cell.End] = End.Failed;
    this.failure = new NotSuspendable(reason, site);
    throw this.failure;
  }
}

function absolute(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : Math.min(index, length);
}

/** `Atomics` handed around as a value cannot be followed: its members refuse. */
function atomicsAsValue(): Record<string, unknown> {
  const members: Record<string, unknown> = { pause: () => {} };
  for (const name of Object.getOwnPropertyNames(Atomics)) {
    members[name] = () => {
      throw new NotSuspendable(`Atomics.${name} used as a value cannot be suspended; call it directly`, -1);
    };
  }
  return members;
}
