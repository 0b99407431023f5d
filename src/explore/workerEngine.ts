import type { EngineMemory } from './engineMemory.js';
import { FiberEngine } from './fiberEngine.js';
import { NotSuspendable } from './fiberHooks.js';
import { Command, Hand, HandOff, Party } from './handOff.js';
import { OpKind } from './hooks.js';
import { jsStateOf } from './jsState.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell, ViewCode } from './machineLayout.js';
import { Random } from './random.js';
import type { NamedSetting } from './settings.js';
import { WorkerCrew } from './workerCrew.js';
import type { WorkerJob } from './workerJob.js';
import { type Message, Messages } from './workerMessages.js';
import { passOn } from './workerTurns.js';

/** A look at whether anything moves. */
const LOOK_MS = 1000;

/** A thread that neither makes a step nor ends for so long is taken for dead. */
const SILENT_MS = 10_000;

/**
 * As FiberEngine, but each body runs in a worker of its own, from the modules as they are. Set-up and `after` run
 * here too, from the rewritten modules: on the same memory, and fields of JavaScript objects that a body has changed
 * are brought over. `run` blocks the calling thread until the execution has ended.
 *
 * A run with a tracer goes through fibers: same schedule, same steps, and the tracer can look on.
 */
export class WorkerEngine extends FiberEngine {
  private readonly hand = HandOff.create();
  private readonly messages = new Messages(Messages.createHandle(), this.hand);
  private readonly numbers = new Random(this.hand.words, Hand.Numbers);
  private crew: WorkerCrew | null = null;
  private ownsCrew = false;
  private dead = false;

  /**
   * Starts the workers, or takes those of `crew`. `end` when done. Throws Error where a worker cannot
   * run the scenario.
   */
  static async start(
    loaded: LoadedScenarios,
    setting: NamedSetting,
    place: EngineMemory,
    crew?: WorkerCrew,
  ): Promise<WorkerEngine> {
    const engine = new WorkerEngine(loaded, setting, place);
    try {
      await engine.hire(setting, place, crew);
    } catch (error) {
      await engine.end();
      throw error;
    }
    return engine;
  }

  /** Lets the workers go and takes every write out of the memory. Nothing may be called afterwards. */
  async end(): Promise<void> {
    const { crew } = this;
    this.crew = null;
    if (crew !== null) await this.dismiss(crew);
    this.close();
  }

  private async hire(setting: NamedSetting, place: EngineMemory, given?: WorkerCrew): Promise<void> {
    const crew = given ?? new WorkerCrew();
    this.ownsCrew = given === undefined;
    const job: Omit<WorkerJob, 'thread'> = {
      kind: 'scheduled',
      module: this.loaded.moduleOf(setting.scenario),
      scenario: setting.scenario.name,
      variant: setting.variant,
      scheme: setting.scheme,
      memory: place.memory.handle,
      buffers: place.buffers.handle,
      shadow: place.shadow,
      monitor: place.monitor,
      hand: this.hand.handle,
      messages: this.messages.handle,
      sites: this.loaded.sites,
    };
    await crew.assign(this.bodies.map((_, thread) => ({ ...job, thread })));
    this.crew = crew;
    this.setUpWorkers(this.origin.journal, this.origin.shadow);
  }

  private async dismiss(crew: WorkerCrew): Promise<void> {
    if (this.dead || this.ownsCrew) {
      await crew.end();
      return;
    }
    const left = crew.left(this.bodies.length);
    this.hand.words[Hand.Epoch]++;
    try {
      for (let t = 0; t < this.bodies.length; t++) this.command(Command.Leave, t);
      await left;
    } catch {
      // A body that cannot be made to end.
      left.catch(() => {});
      await crew.end();
    }
  }

  // --- FiberEngine ---

  protected override setUp(): void {
    super.setUp();
    if (this.crew === null || this.crew === undefined) return;
    this.js = jsStateOf(this.world, this.state, false, this.services);
    this.setUpWorkers(this.baseJournal, this.baseShadow);
  }

  protected override start(): void {
    if (this.isTraced) {
      super.start();
      return;
    }
    const { machine } = this;
    if (machine.c[Cell.Gil] === 0) return;
    for (let t = 0; t < this.bodies.length; t++) {
      machine.announce(t, OpKind.Poll, ViewCode.None, 0, 0, 0, -1);
      machine.started(t);
    }
  }

  protected override loop(): void {
    if (this.isTraced) {
      super.loop();
      return;
    }
    const { hand, machine } = this;
    const { words } = hand;
    if (this.kept) this.numbers.seed(1);
    words[Hand.Operations] = 0;
    words[Hand.Broken] = 0;
    words[Hand.Epoch]++;
    words[Hand.Command] = Command.Run;
    if (machine.c[Cell.Gil] === 0) {
      words[Hand.Starting] = 0;
      hand.give(0);
    } else {
      words[Hand.Starting] = -1;
      passOn(machine, hand, -1, this.hooks.between);
    }
    this.awaitTurn();
    this.closeLog();
    for (const message of this.messages.take()) this.hear(message);
  }

  private get isTraced(): boolean {
    return this.hooks.tracer !== null;
  }

  // --- Turns ---

  /**
   * Each worker makes world and state on the heap as it was before set-up. All of them write the same, so that the
   * heap is afterwards as if only one had.
   */
  private setUpWorkers(journal: number, shadow: number): void {
    const { machine, hand } = this;
    const c = machine.c;
    const expected = c[Cell.JournalTop];
    const shape = jsStateOf(this.world, this.state, this.kept, this.services)?.shape ?? '';
    c[Cell.Current] = -1;
    hand.words[Hand.Epoch]++;
    for (let t = 0; t < this.bodies.length; t++) {
      machine.restore(journal);
      machine.shadow.restore(shadow);
      this.numbers.seed(1);
      this.command(Command.SetUp, t);
      for (const message of this.messages.take()) {
        if (message.kind === 'failed')
          throw new Error(`set-up failed in the worker of ${this.threads[t]}: ${message.text}`);
        if (message.kind !== 'made') continue;
        if (c[Cell.JournalTop] === expected && message.shape === shape) continue;
        throw new Error(
          `set-up is not deterministic: ${this.threads[t]} has made ${message.shape || 'other words'} where ${shape || 'there were some'} are`,
        );
      }
    }
  }

  private command(command: Command, thread: number): void {
    this.hand.words[Hand.Command] = command;
    this.hand.give(thread);
    this.awaitTurn();
  }

  /** Throws Error where no worker does anything any more. */
  private awaitTurn(): void {
    const { hand, machine } = this;
    let seen = machine.c[Cell.AllAccesses];
    for (let silent = 0; !hand.takeWithin(Party.Host, LOOK_MS); silent += LOOK_MS) {
      if (machine.c[Cell.AllAccesses] !== seen) silent = 0;
      else if (silent >= SILENT_MS)
        this.fail(hand.words[Hand.Turn], 'does nothing that can be seen, and does not end');
      seen = machine.c[Cell.AllAccesses];
    }
    const dead = hand.words[Hand.Dead];
    if (dead !== 0) this.fail(dead - 1, 'has died');
  }

  private fail(thread: number, what: string): never {
    this.dead = true;
    throw new Error(`the worker of ${this.threads[thread] ?? 'a thread'} ${what}`);
  }

  private hear(message: Message): void {
    const { history } = this.services;
    switch (message.kind) {
      case 'error':
        this.found.push({ fault: 'error', message: `${this.threads[message.thread]} threw ${message.text}` });
        break;
      case 'violation':
        this.found.push({ fault: 'broken invariant', message: message.text });
        break;
      case 'refused':
        throw new NotSuspendable(message.text, message.site);
      case 'call': {
        const { thread, operation, args, at } = message;
        history.push({
          thread,
          operation,
          args,
          result: undefined,
          call: at,
          returned: Number.POSITIVE_INFINITY,
        });
        break;
      }
      case 'returned':
        history[message.operation].result = message.result;
        history[message.operation].returned = message.at;
        break;
      case 'fields':
        this.js?.apply(message.changes);
        break;
      default:
    }
  }
}
