import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Body, Outcome, Scenario, ScenarioSpec, Scheme, SequentialSpec } from '../scenarios/scenario.js';
import type { World } from '../scenarios/world.js';
import type { Buffers } from './buffers.js';
import type { EngineMemory } from './engineMemory.js';
import type { FiberHooks, Tracer } from './fiberHooks.js';
import { FiberServices } from './fiberServices.js';
import { OpKind } from './hooks.js';
import { type JsState, jsStateOf } from './jsState.js';
import { checkHistory } from './linearizability.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Machine } from './machine.js';
import { Cell, End, FindCell, FindKind, ThreadCell, ViewCode } from './machineLayout.js';
import { Monitor } from './monitor.js';
import { Names } from './names.js';
import { type Found, gravest, labelOf, type Result } from './outcome.js';
import { applyOverrides } from './overrides.js';
import { freezePlainData } from './plainData.js';
import { ShadowHeap } from './shadowHeap.js';

/** A scenario as it is to be run: a variant's fields have replaced its own. */
export interface Setting {
  readonly scenario: Scenario;
  readonly spec: ScenarioSpec<unknown>;
  readonly overrides: readonly (abstract new (...args: never[]) => object)[];
  readonly scheme: Scheme;
}

const COVERED: Result = { outcome: '', fields: null, found: [] };
const DEFAULT_MAX_STEPS = 5000;

/**
 * Runs executions of one scenario under one scheme, all model threads being generators in this JavaScript thread.
 * Whoever searches sets strategy and prefix in the machine's cells before each `run`.
 */
export class FiberEngine {
  readonly buffers: Buffers;
  readonly machine: Machine;
  readonly hooks: FiberHooks;
  readonly names: Names;
  readonly threads: readonly string[];
  private readonly memory: SharedMemory;
  private readonly spec: ScenarioSpec<unknown>;
  protected readonly bodies: readonly Body<unknown>[];
  protected readonly services: FiberServices;
  private readonly generators: Generator[] = [];
  private readonly undoOverrides: () => void;
  protected world!: World;
  protected state: unknown;
  protected js: JsState | null = null;
  /** Set-up ran once, and its effects are kept. */
  protected kept = false;
  protected baseJournal = 0;
  protected baseShadow = 0;
  /** Where set-up began. */
  protected origin = { journal: 0, shadow: 0 };
  protected found: Found[] = [];
  /** `never` has held in this execution. */
  private broken = false;
  private tracing = false;
  private readonly first: OpKind;

  constructor(
    protected readonly loaded: LoadedScenarios,
    protected readonly setting: Setting,
    place: EngineMemory,
  ) {
    const { spec } = setting;
    const { memory, buffers } = place;
    this.memory = memory;
    this.buffers = buffers;
    this.spec = spec;
    this.bodies = Array.isArray(spec.threads) ? spec.threads : Object.values(spec.threads);
    this.threads = Array.isArray(spec.threads)
      ? spec.threads.map((_, i) => `thread ${i}`)
      : Object.keys(spec.threads);
    const marks = (site: number): number => (site < 0 ? 0 : loaded.marks(site));
    const monitor = new Monitor(place.monitor, buffers, marks);
    const shadow = new ShadowHeap(place.shadow, buffers, memory.i32, marks, (word) =>
      this.machine.willWrite(word, ViewCode.I32),
    );
    this.machine = new Machine(this.buffers, memory, shadow, monitor);
    this.hooks = loaded.hooks;
    this.hooks.machine = this.machine;
    this.hooks.between = setting.spec.never === undefined ? null : () => this.checkNever();
    this.hooks.tracer = null;
    this.names = new Names(memory.i32);
    this.services = new FiberServices(this.hooks, this.names, (message) => {
      this.machine.c[Cell.Broken] = 1;
      this.found.push({ fault: 'broken invariant', message });
    });
    this.first = setting.scheme === 'gil' ? OpKind.Poll : OpKind.None;
    this.undoOverrides = applyOverrides(setting.overrides as never);
    this.configure();
    this.prepare();
  }

  /** Takes the variant's overrides out of the modules again, and every write out of the memory. */
  close(): void {
    this.undoOverrides();
    this.machine.restore(0);
    this.machine.shadow.restore(0);
  }

  /**
   * Does `work`, which runs executions, while a tracer is told of each step and blocks that the threads make are
   * given names. These are known until `work` returns.
   */
  traced<R>(tracer: Tracer, work: () => R): R {
    const { hooks, names, services } = this;
    const mark = names.mark();
    this.tracing = true;
    services.tracksNames = true;
    hooks.tracer = tracer;
    try {
      return work();
    } finally {
      this.tracing = false;
      services.tracksNames = false;
      hooks.tracer = null;
      if (this.kept) names.restore(mark);
    }
  }

  private configure(): void {
    const c = this.machine.c;
    const options = this.spec.world ?? {};
    c[Cell.Threads] = this.bodies.length;
    c[Cell.Current] = -1;
    c[Cell.MaxSteps] = this.spec.maxSteps ?? DEFAULT_MAX_STEPS;
    c[Cell.Gil] = this.setting.scheme === 'gil' ? 1 : 0;
    c[Cell.Monitor] = 0;
    c[Cell.PlainSeen] = 0;
    c[Cell.SpuriousWakes] = options.spuriousWakes === true ? 1 : 0;
    c[Cell.EarlyTimeouts] = options.timeouts ?? 0;
    c[Cell.ClockJump] = options.clockJumps ?? 0;
    this.machine.shadow.reuse = options.allocator === 'reuse';
    this.machine.shadow.real = options.allocator === 'real';
    this.machine.random.seed(1);
  }

  /** The state before the first execution: static objects, and where set-up allows it, what it has made. */
  private prepare(): void {
    this.hooks.begin();
    if ((this.spec.refcount?.length ?? 0) > 0) {
      this.drive(this.loaded.prepareMemory(this.memory, this.setting.scheme, this.services));
    }
    this.mark();
    this.origin = { journal: this.baseJournal, shadow: this.baseShadow };
    this.setUp();
    if (!freezePlainData(this.state)) return;
    this.kept = true;
    this.mark();
    this.js = jsStateOf(this.world, this.state, true, this.services);
  }

  private mark(): void {
    this.baseJournal = this.machine.c[Cell.JournalTop];
    this.baseShadow = this.machine.shadow.mark;
  }

  protected setUp(): void {
    this.names.reset();
    this.services.tracksNames = true;
    const options = this.spec.world ?? {};
    this.world = new this.loaded.World(
      this.memory,
      this.setting.scheme,
      this.bodies.length,
      options,
      this.services,
    );
    this.state = this.spec.setup === undefined ? undefined : this.drive(this.spec.setup(this.world));
    this.drive(this.world.beginRun());
    this.services.tracksNames = this.tracing;
  }

  /** Runs code that no thread can interrupt. */
  private drive(value: unknown): unknown {
    return this.hooks.sync(value, -1);
  }

  // --- One execution ---

  /** Runs one execution. Throws what set-up or `after` throw, and NotSuspendable. */
  run(): Result {
    const { machine, hooks } = this;
    const c = machine.c;
    machine.restore(this.baseJournal);
    machine.shadow.restore(this.baseShadow);
    if (this.js !== null && this.kept) this.js.restore();
    hooks.begin();
    if (this.found.length > 0) this.found = [];
    this.services.begin();
    this.broken = false;
    if (!this.kept) {
      c[Cell.Current] = -1;
      this.setUp();
    }
    machine.begin();
    this.start();
    this.loop();
    hooks.thread = -1;
    if (hooks.failure !== null) throw hooks.failure;
    return this.conclude();
  }

  /** Makes the threads and runs each up to its first step. */
  protected start(): void {
    const { hooks, machine, generators, bodies } = this;
    hooks.starting = true;
    for (let t = 0; t < bodies.length; t++) {
      hooks.thread = t;
      const body = this.begin(t);
      generators[t] = body as Generator;
      if (body === null) machine.finish(t);
      else if (this.first === OpKind.Poll) machine.announce(t, OpKind.Poll, ViewCode.None, 0, 0, 0, -1);
      else this.advance(t);
      machine.started(t);
    }
    hooks.starting = false;
  }

  /** The thread's code, suspended; null if it has nothing to suspend and has run. */
  private begin(t: number): Generator | null {
    try {
      const body = this.bodies[t];
      const { world, state } = this;
      const value: unknown = world.touched ? world.runThread(body, state, t) : body(state, world, t);
      return this.hooks.isGen(value) ? (value as unknown as Generator) : null;
    } catch (error) {
      this.threw(t, error);
      return null;
    }
  }

  protected loop(): void {
    const { machine, hooks } = this;
    if (hooks.between !== null) hooks.between();
    let next = machine.decide();
    while (next >= 0) {
      hooks.thread = next;
      if (!hooks.commit(next)) next = machine.decide();
      else if (this.advance(next)) next = hooks.next;
      else {
        machine.finish(next);
        if (hooks.between !== null) hooks.between();
        next = machine.decide();
      }
    }
    this.closeLog();
  }

  /** The last thread's turn and its last write have ended. */
  protected closeLog(): void {
    const { machine } = this;
    const c = machine.c;
    if (c[Cell.Current] >= 0) machine.turns.endSegment(c[Cell.Current], 0);
    if (c[Cell.HashWord] !== 0) machine.hash.flush();
  }

  /** Lets the thread run to its next yield. False: it has ended. */
  private advance(t: number): boolean {
    try {
      if (this.generators[t].next().done !== true) return true;
    } catch (error) {
      this.threw(t, error);
    }
    if (this.hooks.starting) this.machine.finish(t);
    return false;
  }

  private threw(t: number, error: unknown): void {
    if (this.machine.c[Cell.End] === End.Failed) throw error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.found.push({ fault: 'error', message: `${this.threads[t]} threw ${text}` });
  }

  /** Between two steps: the condition that must not hold. It is reported once an execution. */
  private checkNever(): void {
    const { hooks, spec, world, state } = this;
    const { thread } = hooks;
    if (hooks.starting || this.broken || spec.never === undefined) return;
    hooks.thread = -1;
    hooks.watching = true;
    try {
      const broken = this.drive(spec.never(state, world));
      if (broken === undefined || broken === false || broken === '') return;
      this.broken = true;
      this.machine.c[Cell.Broken] = 1;
      const text = typeof broken === 'string' ? broken : 'what must never hold does';
      this.found.push({
        fault: 'broken invariant',
        message: `${text}, after step ${this.machine.c[Cell.Step]}`,
      });
    } finally {
      hooks.thread = thread;
      hooks.watching = false;
    }
  }

  // --- What it came to ---

  private conclude(): Result {
    const c = this.machine.c;
    switch (c[Cell.End]) {
      case End.Covered:
      case End.Seen:
      case End.Parted:
        return COVERED;
      case End.Deadlock:
        this.found.push({ fault: 'deadlock', message: this.whoWaits() });
        break;
      case End.Limit:
        this.found.push({ fault: 'livelock', message: `no end after ${c[Cell.MaxSteps]} steps` });
        break;
      default:
    }
    const fields = c[Cell.End] === End.Done ? this.finish() : null;
    this.addFinds();
    if (this.found.length === 0) return { outcome: labelOf(fields ?? {}), fields, found: [] };
    return { outcome: gravest(this.found), fields, found: this.found };
  }

  private finish(): Outcome | null {
    const { spec, world } = this;
    this.machine.c[Cell.Current] = -1;
    try {
      this.drive(world.endRun());
      const fields =
        spec.after === undefined ? {} : (this.drive(world.conclude(spec.after, this.state)) as Outcome);
      if (spec.linearizable !== undefined) this.checkHistory();
      if (world.touched && spec.world?.leaks !== false && this.found.length === 0) this.checkLeaks();
      return fields;
    } catch (error) {
      if (this.machine.c[Cell.End] === End.Failed) throw error;
      // With the heap in ruins, `after` may well fail too.
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.found.push({ fault: 'error', message: `after the threads: ${text}` });
      return null;
    }
  }

  private checkLeaks(): void {
    const leaks = this.drive(this.world.leaks()) as number;
    if (leaks > 0) this.found.push({ fault: 'leak', message: `${leaks} blocks are still alive` });
    else if (leaks < 0)
      this.found.push({ fault: 'double free', message: `${-leaks} blocks too few are alive` });
  }

  private checkHistory(): void {
    const { linearizable } = this.spec;
    if (linearizable === undefined || this.services.history.length === 0) return;
    if (checkHistory(this.services.history, this.driven(linearizable)) !== null) return;
    const text = this.services.history
      .map(
        ({ thread, operation, args, result }) =>
          `${this.threads[thread]}: ${operation}(${args.join(', ')}) = ${String(result)}`,
      )
      .join('; ');
    this.found.push({ fault: 'not linearizable', message: `no order explains ${text}` });
  }

  /** The scenario's functions are rewritten: one that reads an array by an index has become a generator. */
  private driven(spec: SequentialSpec): SequentialSpec {
    const { key } = spec;
    const apply: SequentialSpec['apply'] = (state, operation, args) =>
      this.drive(spec.apply(state, operation, args)) as readonly [unknown, unknown];
    if (key === undefined) return { initial: spec.initial, apply };
    return { initial: spec.initial, apply, key: (state) => this.drive(key.call(spec, state)) as string };
  }

  private addFinds(): void {
    const { cells, finds } = this.buffers;
    for (let at = 0; at < cells[Cell.Finds]; at++) {
      const f = at * FindCell.Words;
      const where = this.names.nameOf(finds[f + FindCell.Word]);
      const thread = finds[f + FindCell.Thread];
      const who = thread < 0 ? 'the end' : this.threads[thread];
      switch (finds[f + FindCell.Kind]) {
        case FindKind.UseAfterFree:
          this.found.push({ fault: 'use after free', message: `${who} touches ${where} after it was freed` });
          break;
        case FindKind.DoubleFree:
          this.found.push({ fault: 'double free', message: `${who} frees ${where}, which is not alive` });
          break;
        case FindKind.TypeConfusion:
          this.found.push({
            fault: 'type confusion',
            message: `${who} takes ${where} for what it was before`,
          });
          break;
        default:
      }
    }
  }

  /** Of a deadlock: who waits for what. */
  private whoWaits(): string {
    const c = this.machine.c;
    const parts: string[] = [];
    for (let t = 0; t < this.bodies.length; t++) {
      if ((c[Cell.Done] & (1 << t)) !== 0) continue;
      const T = Cell.Thread + t * ThreadCell.Words;
      const where = this.names.nameOf(c[T + ThreadCell.Word]);
      const spins = (c[Cell.Spinning] & (1 << t)) !== 0;
      parts.push(`${this.threads[t]} ${spins ? 'spins on' : 'sleeps on'} ${where}`);
    }
    return parts.join(', ');
  }
}
