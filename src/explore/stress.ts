import { SharedMemory } from '../memory/sharedMemory.js';
import type { Expectation, Fault, Outcome } from '../scenarios/scenario.js';
import { HandOff } from './handOff.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { isFault } from './outcome.js';
import { RaceInputError } from './raceTypes.js';
import type { Exploration, OutcomeRow, Violation } from './results.js';
import type { NamedSetting } from './settings.js';
import { Stress } from './stressMeeting.js';
import { StressStrides } from './stressStrides.js';
import { expectationOf, requiredOutcomes } from './verdict.js';
import { WorkerCrew } from './workerCrew.js';
import type { StressJob, WorkerAnswer } from './workerJob.js';
import { Messages } from './workerMessages.js';

export interface StressOptions {
  /** Time to spend, in milliseconds, without the start of the workers. */
  readonly budgetMs: number;
  /** True ends it with what it has. */
  readonly interrupted: () => boolean;
  progress(executions: number, estimate: number | null, leftMs: number | null): void;
  /** Without any progress for so long, the threads are taken to wait for ever. Default 3,000. */
  readonly hangMs?: number;
  /** Workers to use; by default new ones, which are ended. Not a crew that has been under the scheduler. */
  readonly crew?: WorkerCrew;
}

/** The build's own allocators want a segment a thread. */
const MEMORY_BYTES = 32 << 20;
const LOOK_MS = 20;
const HANG_MS = 3000;
const SET_UP_MS = 30_000;

/** Outcomes of threads that nobody schedules: what a sequentially consistent search cannot show, and no proof. */
interface Sampled {
  readonly counts: ReadonlyMap<string, { fields: Outcome | null; count: number }>;
  readonly executions: number;
}

/**
 * Runs a scenario on real workers with real `Atomics`, as often as the time allows: samples, jcstress style. A
 * state in which the threads wait for ever ends it, as outcome `deadlock`. Throws RaceInputError for the scheme
 * `gil`, under which only a scheduler switches threads; Error where a worker cannot run the scenario.
 */
export async function stress(
  loaded: LoadedScenarios,
  setting: NamedSetting,
  options: StressOptions,
): Promise<Exploration> {
  if (setting.scheme === 'gil') {
    throw new RaceInputError(
      `${setting.scenario.name} under gil cannot be stressed: only a scheduler switches its threads`,
    );
  }
  const started = performance.now();
  const sampled = await new StressRun(loaded, setting, options).run();
  return explorationOf(setting, sampled, (performance.now() - started) / 1000, options.interrupted());
}

class StressRun {
  private readonly memory = SharedMemory.create(MEMORY_BYTES);
  private readonly base = new SharedArrayBuffer(MEMORY_BYTES);
  private readonly control = new Int32Array(new SharedArrayBuffer(StressStrides.ControlWords * 4));
  private readonly counts = new Map<string, { fields: Outcome | null; count: number }>();
  private readonly crew: WorkerCrew;
  private readonly threads: number;
  private executions = 0;

  constructor(
    private readonly loaded: LoadedScenarios,
    private readonly setting: NamedSetting,
    private readonly options: StressOptions,
  ) {
    this.crew = options.crew ?? new WorkerCrew();
    this.threads = Object.keys(setting.spec.threads).length;
  }

  async run(): Promise<Sampled> {
    const { crew, threads } = this;
    try {
      await crew.assign(this.jobs());
      const stop = crew.listen(threads, (answer) => this.hear(answer));
      await this.watch(crew.left(threads, 2 ** 31 - 1));
      stop();
    } catch (error) {
      // The others wait for the one that has failed.
      await crew.end();
      throw error;
    } finally {
      if (this.options.crew === undefined) await crew.end();
    }
    return { counts: this.counts, executions: this.executions };
  }

  private jobs(): StressJob[] {
    const { loaded, setting, threads } = this;
    const messages = Array.from({ length: threads }, () => ({
      hand: HandOff.create().handle,
      bytes: Messages.createHandle(),
    }));
    return messages.map((_, thread) => ({
      kind: 'stress',
      module: loaded.moduleOf(setting.scenario),
      scenario: setting.scenario.name,
      variant: setting.variant,
      scheme: setting.scheme,
      thread,
      memory: this.memory.handle,
      base: this.base,
      control: this.control.buffer as SharedArrayBuffer,
      messages,
    }));
  }

  private hear(answer: WorkerAnswer): void {
    if (answer.kind !== 'counts') return;
    for (const { outcome, fields, count } of answer.counts) {
      this.executions += count;
      const known = this.counts.get(outcome);
      if (known === undefined) this.counts.set(outcome, { fields, count });
      else known.count += count;
    }
  }

  /** Until all workers have left, the time is up, or nothing moves. Set-up does not count. */
  private async watch(left: Promise<void>): Promise<void> {
    const { control, options } = this;
    let start = performance.now();
    let movedAt = start;
    let seen = 0;
    let isOver = false;
    const over = left.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver) {
      await Promise.race([over, delay(LOOK_MS)]);
      const now = performance.now();
      if (control[Stress.Progress] !== seen) {
        if (seen === 0) start = now;
        seen = control[Stress.Progress];
        movedAt = now;
      } else if (now - movedAt > (seen === 0 ? SET_UP_MS : (options.hangMs ?? HANG_MS))) {
        await this.endHang();
        return;
      }
      options.progress(this.executions, null, Math.max(0, options.budgetMs - (now - start)));
      const isEnough = seen > 1 && now - start >= options.budgetMs;
      if (isEnough || options.interrupted()) Atomics.store(control, Stress.Stop, 1);
    }
  }

  private async endHang(): Promise<void> {
    await this.crew.end();
    if (this.control[Stress.Progress] === 0) throw new Error('set-up does not end in the workers');
    this.executions++;
    const known = this.counts.get('deadlock');
    if (known === undefined) this.counts.set('deadlock', { fields: null, count: 1 });
    else known.count++;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// --- The result ---

function explorationOf(
  setting: NamedSetting,
  { counts, executions }: Sampled,
  seconds: number,
  interrupted: boolean,
): Exploration {
  const { spec } = setting;
  const corrupts = mayCorrupt(setting);
  const outcomes: OutcomeRow[] = [...counts].map(([outcome, { fields, count }]) => ({
    outcome,
    fields,
    expectation: corrupts ? tolerated(expectationOf(setting, outcome)) : expectationOf(setting, outcome),
    count,
    schedule: '',
  }));
  const forbidden = outcomes.filter(({ expectation }) => expectation === 'forbidden');
  return {
    scenario: setting.scenario.name,
    about: spec.about,
    refcount: setting.scheme,
    variant: setting.variant,
    threads: Array.isArray(spec.threads)
      ? spec.threads.map((_, i) => `thread ${i}`)
      : Object.keys(spec.threads),
    engine: 'stress',
    mode: 'stress',
    exhaustive: false,
    executions,
    pruned: 0,
    seconds,
    guarantee: `sampled ${executions === 1 ? '1 execution' : `${executions} executions`} on real workers, no guarantee`,
    outcomes,
    unreached: requiredOutcomes(spec.outcomes, setting.scheme).filter((outcome) => !counts.has(outcome)),
    violations: outcomes
      .filter(({ outcome, expectation }) => isFault(outcome) || expectation === 'forbidden')
      .map((row) => violationOf(row, executions)),
    races: [],
    declaredRaces: 0,
    ok: forbidden.length === 0,
    problems: forbidden.map(({ outcome }) => `forbidden outcome: ${outcome}`),
    interrupted,
  };
}

/**
 * Whether blocks may be freed too early here, by a bug that is meant or by counts that are not safe. The build's own
 * allocator does not notice, and then anything may come out.
 */
function mayCorrupt(setting: NamedSetting): boolean {
  const faults: readonly Fault[] = ['use after free', 'double free', 'type confusion'];
  return setting.finds.length > 0 || faults.some((fault) => expectationOf(setting, fault) !== 'forbidden');
}

function tolerated(expectation: Expectation): Expectation {
  return expectation === 'forbidden' ? 'interesting' : expectation;
}

function violationOf({ outcome, expectation, count }: OutcomeRow, executions: number): Violation {
  return {
    kind: isFault(outcome) ? outcome : 'forbidden outcome',
    message: `${outcome}: ${count} of ${executions} executions`,
    allowed: expectation !== 'forbidden',
    schedule: '',
    confirmed: true,
    confirmation: 'it came out on real workers, which nobody scheduled: there is no schedule to replay',
    trace: [],
    cause: null,
  };
}
