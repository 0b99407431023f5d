import type { Body } from '../scenarios/scenario.js';
import { World } from '../scenarios/world.js';
import { Buffers } from './buffers.js';
import { NotSuspendable } from './fiberHooks.js';
import { Command, Hand, HandOff, Party } from './handOff.js';
import { type JsState, jsStateOf } from './jsState.js';
import { Machine } from './machine.js';
import { Cell, End, ViewCode } from './machineLayout.js';
import { Monitor } from './monitor.js';
import { applyOverrides } from './overrides.js';
import { freezePlainData } from './plainData.js';
import type { NamedSetting } from './settings.js';
import { ShadowHeap } from './shadowHeap.js';
import { SiteFinder } from './siteFinder.js';
import { WorkerHooks } from './workerHooks.js';
import type { WorkerJob } from './workerJob.js';
import { Messages } from './workerMessages.js';
import { WorkerServices } from './workerServices.js';
import { attachHooked, type HookedMemory } from './workerViews.js';

/** A model thread in its worker: makes its own copy of world and state, and runs its body whenever it is told to. */
export class WorkerThread {
  readonly hooks: WorkerHooks;
  readonly memory: HookedMemory;
  private readonly hand: HandOff;
  private readonly machine: Machine;
  private readonly messages: Messages;
  private readonly services: WorkerServices;
  private readonly body: Body<unknown>;
  private world!: World;
  private state: unknown;
  private js: JsState | null = null;
  /** Set-up ran once, and its effects are kept. */
  private kept = false;

  constructor(
    private readonly job: WorkerJob,
    private readonly setting: NamedSetting,
  ) {
    this.memory = attachHooked(job.memory, () => this.hooks);
    const { plain } = this.memory;
    const sites = new SiteFinder(job.sites);
    const marks = (site: number): number => sites.marks(site);
    const buffers = new Buffers(job.buffers);
    const monitor = new Monitor(job.monitor, buffers, marks);
    const shadow = new ShadowHeap(job.shadow, buffers, plain.i32, marks, (word) =>
      this.machine.willWrite(word, ViewCode.I32),
    );
    this.machine = new Machine(buffers, plain, shadow, monitor);
    this.hand = new HandOff(job.hand);
    this.hooks = new WorkerHooks(this.machine, this.hand, sites, job.thread);
    this.hooks.between = setting.spec.never === undefined ? null : () => this.checkNever();
    this.messages = new Messages(job.messages, this.hand);
    this.services = new WorkerServices(this.hooks, this.messages);
    const { threads } = setting.spec;
    this.body = (Array.isArray(threads) ? threads : Object.values(threads))[job.thread];
  }

  /** Serves the host until it says `Leave`. Blocks. */
  serve(): void {
    const undo = applyOverrides(this.setting.overrides as never);
    const onExit = (): void => {
      this.hand.words[Hand.Dead] = this.job.thread + 1;
      this.hand.give(Party.Host);
    };
    process.once('exit', onExit);
    try {
      while (this.serveOnce());
    } finally {
      process.off('exit', onExit);
      undo();
      this.hand.give(Party.Host);
    }
  }

  private serveOnce(): boolean {
    const { hand, hooks } = this;
    // A body that was given up has taken the turn already.
    if (hooks.interrupted) hooks.interrupted = false;
    else hand.take(this.job.thread);
    switch (hand.words[Hand.Command]) {
      case Command.SetUp:
        this.setUp();
        hand.give(Party.Host);
        return true;
      case Command.Run:
        this.run();
        return true;
      default:
        return false;
    }
  }

  private setUp(): void {
    const { spec, scheme } = this.setting;
    this.hooks.thread = -1;
    this.hooks.abandoned = false;
    try {
      const threads = Object.keys(spec.threads).length;
      this.world = new World(this.memory.memory, scheme, threads, spec.world ?? {}, this.services);
      this.state = spec.setup?.(this.world);
      this.world.beginRun();
    } catch (error) {
      this.messages.post({ kind: 'failed', text: textOf(error) });
      return;
    }
    this.kept = freezePlainData(this.state);
    this.js = jsStateOf(this.world, this.state, this.kept, this.services);
    this.messages.post({ kind: 'made', shape: this.js?.shape ?? '' });
  }

  private run(): void {
    const { hooks, world } = this;
    if (this.kept) this.js?.restore();
    hooks.begin();
    try {
      if (world.touched) world.runThread(this.body, this.state, this.job.thread);
      else this.body(this.state, world, this.job.thread);
    } catch (error) {
      if (!hooks.abandoned && !this.threw(error)) return;
    }
    // The body may have caught what was to end it.
    if (hooks.abandoned) return;
    const changes = this.js?.changes() ?? null;
    if (changes !== null) this.messages.post({ kind: 'fields', changes });
    hooks.finish();
  }

  /** As FiberEngine does, by whoever has the turn. */
  private checkNever(): void {
    const { hand, hooks, messages, world, state, machine } = this;
    const { never } = this.setting.spec;
    if (never === undefined || hand.words[Hand.Broken] !== 0) return;
    const broken = hooks.watch(() => never(state, world));
    if (broken === undefined || broken === false || broken === '') return;
    hand.words[Hand.Broken] = 1;
    const text = typeof broken === 'string' ? broken : 'what must never hold does';
    messages.post({ kind: 'violation', text: `${text}, after step ${machine.c[Cell.Step]}` });
  }

  /** False: the execution cannot go on. */
  private threw(error: unknown): boolean {
    const { hooks, messages, hand } = this;
    if (this.machine.c[Cell.End] !== End.Failed) {
      messages.post({ kind: 'error', thread: this.job.thread, text: textOf(error) });
      return true;
    }
    const site = error instanceof NotSuspendable ? error.site : -1;
    messages.post({ kind: 'refused', text: error instanceof Error ? error.message : String(error), site });
    hooks.thread = -1;
    hand.give(Party.Host);
    return false;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
