import { findNonDeterminism } from './determinism.js';
import { memoryBytesFor } from './engineMemory.js';
import { FiberEngine } from './fiberEngine.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell, Strategy } from './machineLayout.js';
import { type Phase, type Plan, plan } from './plan.js';
import { raceRows } from './raceRows.js';
import type { RequestedMode } from './raceTypes.js';
import { replaySchedule } from './replay.js';
import type { EngineName, Exploration, Mode, OutcomeRow, RaceRow } from './results.js';
import { formatSchedule, parseSchedule } from './scheduleText.js';
import { type Searched, type Stop, sample, scout, searchTree } from './searches.js';
import type { NamedSetting } from './settings.js';
import { Tally } from './tally.js';
import { expectationOf, forbidsDataRaces, requiredOutcomes } from './verdict.js';
import { type Confirm, violationsOf } from './violations.js';

export interface ExploreOptions {
  readonly mode: RequestedMode;
  readonly budgetMs: number;
  readonly seed: number;
  readonly maxSteps: number | null;
  /** True ends the exploration with what it has. */
  readonly interrupted: () => boolean;
  progress(executions: number, estimate: number | null, leftMs: number | null): void;
  /** Repeats a failing schedule on real workers; null: not tried. */
  readonly confirm: Confirm | null;
}

/** Between two looks at the clock. */
const RUNS_A_LOOK = 64;

/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 200;

/** How often signals are let in, in milliseconds. */
const BREATH_MS = 50;

/**
 * Explores one scenario under one scheme. Throws RaceInputError where the scenario cannot be run; rethrows what its
 * set-up throws.
 */
export async function explore(
  loaded: LoadedScenarios,
  setting: NamedSetting,
  options: ExploreOptions,
): Promise<Exploration> {
  const bytes = memoryBytesFor(setting.spec);
  const place = loaded.memories.take(bytes);
  const engine = new FiberEngine(loaded, setting, place);
  try {
    return await exploreOn(engine, 'fiber', loaded, setting, options);
  } finally {
    engine.close();
    loaded.memories.give(bytes, place);
  }
}

/** As `explore`, on an engine for this setting. */
export function exploreOn(
  engine: FiberEngine,
  name: EngineName,
  loaded: LoadedScenarios,
  setting: NamedSetting,
  options: ExploreOptions,
): Promise<Exploration> {
  return new Explorer(engine, name, loaded, setting, options).explore();
}

class Explorer {
  private readonly started = performance.now();
  private readonly all: Tally;
  private lastProgress = 0;
  private lastBreath = 0;
  private searchStarted = 0;
  /** All schedules with so many preemptions are covered; -1: none. */
  private preemptions = -1;

  constructor(
    private readonly engine: FiberEngine,
    private readonly name: EngineName,
    private readonly loaded: LoadedScenarios,
    private readonly setting: NamedSetting,
    private readonly options: ExploreOptions,
  ) {
    this.all = new Tally(engine.buffers);
    engine.machine.random.seed(options.seed);
    if (options.maxSteps !== null) engine.machine.c[Cell.MaxSteps] = options.maxSteps;
  }

  async explore(): Promise<Exploration> {
    this.replayStored();
    this.all.merge(scout(this.engine));
    this.searchStarted = performance.now();
    const done = await this.search(this.plan());
    return this.summarise(done);
  }

  /** The state cache is an object of one JavaScript thread: workers search without. */
  private plan(): Plan {
    const { phases } = plan(this.options.mode);
    return this.name === 'fiber' ? { phases } : { phases: phases.filter(({ kind }) => kind !== 'state') };
  }

  /** Regressions come first. */
  private replayStored(): void {
    const tally = new Tally(this.engine.buffers);
    for (const text of this.setting.spec.replay ?? []) {
      const result = replaySchedule(this.engine, parseSchedule(text, this.engine.threads.length));
      if (result !== null) tally.add(result);
    }
    this.all.merge(tally);
  }

  /** Phase after phase, until one has exhausted the scenario or the budget is spent. */
  private async search({ phases }: Plan): Promise<{ phase: Phase; searched: Searched; seconds: number }> {
    let last: { phase: Phase; searched: Searched; seconds: number } | null = null;
    for (const phase of phases) {
      const start = performance.now();
      const searched = await this.run(phase, this.stopAfter(phase));
      const seconds = (performance.now() - start) / 1000;
      last = { phase, searched, seconds };
      if (searched.exhausted && phase.proves) return last;
      if (searched.exhausted && phase.kind === 'bound') this.preemptions = phase.depth;
      this.all.merge(searched.tally);
      if (this.options.interrupted()) break;
    }
    if (last === null) throw new Error('a plan without phases');
    return last;
  }

  private run(phase: Phase, stop: Stop): Promise<Searched> {
    switch (phase.kind) {
      case 'dpor':
        return searchTree(this.engine, 'dpor', stop);
      case 'dfs':
        return searchTree(this.engine, 'none', stop);
      case 'state':
        return searchTree(this.engine, 'none', stop, undefined, true);
      case 'bound':
        return searchTree(this.engine, 'none', stop, phase.depth, this.name === 'fiber');
      case 'pct':
        return sample(this.engine, Strategy.Pct, phase.depth, stop);
      case 'pos':
        return sample(this.engine, Strategy.Pos, 1, stop);
      case 'surw':
        return sample(this.engine, Strategy.Surw, 1, stop);
      default:
        return sample(this.engine, Strategy.Random, 1, stop);
    }
  }

  private stopAfter({ share, giveUp }: Phase): Stop {
    const start = performance.now();
    const left = Math.max(0, this.searchStarted + this.options.budgetMs - start);
    const budget = left * share;
    return (executions, estimate) => {
      if (executions % RUNS_A_LOOK !== 0) return false;
      const now = performance.now();
      const spent = now - start;
      const showing = now - this.lastProgress > PROGRESS_MS;
      if (showing || giveUp) {
        const total = estimate();
        const leftMs = total === null ? null : ((total - executions) * spent) / executions;
        if (showing) this.options.progress(executions, total, leftMs);
        if (showing) this.lastProgress = now;
        // An estimate is worth little before some thousand executions.
        if (giveUp && executions >= 4096 && leftMs !== null && leftMs > 3 * left) return true;
      }
      if (this.options.interrupted() || spent > budget) return true;
      if (now - this.lastBreath < BREATH_MS) return false;
      this.lastBreath = now;
      return breathe().then(() => this.options.interrupted());
    };
  }

  // --- The result ---

  private async summarise(done: { phase: Phase; searched: Searched; seconds: number }): Promise<Exploration> {
    const { setting, engine, options } = this;
    const exhausted = done.searched.exhausted && done.phase.proves;
    const overlooked = exhausted ? this.overlooked(done.searched.tally) : [];
    const exhaustive = exhausted && overlooked.length === 0;
    if (exhausted && !exhaustive) this.all.merge(done.searched.tally);
    // Of an exhaustive search the counts are those of the classes; otherwise of everything that ran.
    const tally = exhaustive ? done.searched.tally : this.all;
    const outcomes = this.rows(tally);
    const reached = new Set([...this.all.outcomes.keys(), ...tally.outcomes.keys()]);
    const required = requiredOutcomes(setting.spec.outcomes, setting.scheme);
    const unreached = required.filter((outcome) => !reached.has(outcome));
    const interrupted = options.interrupted();
    const races = this.raceRows(tally);
    const problems = this.problems(outcomes, unreached, exhaustive, reached, races);
    for (const outcome of overlooked) {
      problems.push(`the exhaustive search overlooked '${outcome}', which a sample reached: do not trust it`);
    }
    const violations = await violationsOf(engine, this.loaded, setting, tally, options.confirm);
    const odd = violations.find(({ kind }) => kind === 'not deterministic');
    const differs = odd?.message ?? this.nonDeterminism(tally);
    if (differs !== null) problems.push(differs);
    return {
      scenario: setting.scenario.name,
      about: setting.spec.about,
      refcount: setting.scheme,
      variant: setting.variant,
      threads: engine.threads,
      engine: this.name,
      mode: modeOf(options.mode, done.phase),
      exhaustive,
      executions: tally.executions,
      pruned: tally.pruned,
      seconds: (performance.now() - this.started) / 1000,
      guarantee: guaranteeOf(
        done.phase,
        { ...done.searched, exhausted: exhaustive },
        tally,
        interrupted,
        this.preemptions,
      ),
      outcomes,
      unreached,
      violations,
      races,
      declaredRaces: races.filter((race) => race.declared).length,
      ok: problems.length === 0,
      problems,
      interrupted,
    };
  }

  /** On fibers only: they run what they ran, and workers have been held equal to them. */
  private nonDeterminism(tally: Tally): string | null {
    return this.name === 'fiber' ? findNonDeterminism(this.engine, tally) : null;
  }

  /**
   * Outcomes that some sample or replay reached and the search that says it is exhaustive did not: a check of the
   * explorer, and of scenarios whose threads share what is no memory. A livelock is a matter of the step limit.
   */
  private overlooked({ outcomes }: Tally): string[] {
    return [...this.all.outcomes.keys()].filter((one) => one !== 'livelock' && !outcomes.has(one));
  }

  private rows(tally: Tally): OutcomeRow[] {
    return [...tally.outcomes.values()].map(({ outcome, fields, count, segments }) => ({
      outcome,
      fields,
      expectation: expectationOf(this.setting, outcome),
      count,
      schedule: formatSchedule(segments),
    }));
  }

  private problems(
    outcomes: readonly OutcomeRow[],
    unreached: readonly string[],
    exhaustive: boolean,
    reached: ReadonlySet<string>,
    races: readonly RaceRow[],
  ): string[] {
    const { finds } = this.setting;
    const problems: string[] = [];
    for (const { outcome, expectation } of outcomes) {
      if (expectation === 'forbidden') problems.push(`forbidden outcome: ${outcome}`);
    }
    if (exhaustive && finds.length === 0) {
      for (const outcome of unreached) problems.push(`required outcome not reached: ${outcome}`);
    }
    if (finds.length > 0 && !finds.some((outcome) => reached.has(outcome))) {
      problems.push(`the broken variant was not caught: none of ${finds.join(', ')} was reached`);
    }
    if (forbidsDataRaces(this.setting)) {
      for (const race of races) {
        if (!race.declared) problems.push(`data race on ${race.location}: ${race.first} and ${race.second}`);
      }
    }
    return problems;
  }

  private raceRows(tally: Tally): RaceRow[] {
    const races = new Map([...this.all.races, ...tally.races]);
    return raceRows(this.engine, this.loaded, races.values());
  }
}

function modeOf(requested: RequestedMode, phase: Phase): Mode {
  if (requested !== 'auto') return requested.startsWith('pct') ? 'pct' : (requested as Mode);
  return phase.kind === 'bound' ? `bound=${phase.depth}` : phase.kind;
}

function guaranteeOf(
  phase: Phase,
  searched: Searched,
  tally: Tally,
  interrupted: boolean,
  preemptions: number,
): string {
  const runs = count(tally.executions);
  const bounded = preemptions < 0 ? '' : `all schedules of at most ${times(preemptions)}; `;
  if (searched.exhausted && phase.proves) {
    if (phase.kind === 'dpor') return `exhaustive: ${runs} of ${runs} classes`;
    if (phase.kind === 'dfs') return `exhaustive: ${runs} of ${runs} interleavings`;
    return `exhaustive: all ${count(searched.states)} states`;
  }
  const executions = `${runs} execution${tally.executions === 1 ? '' : 's'}`;
  if (interrupted) return `${bounded}interrupted after ${executions}, not exhaustive`;
  return `${bounded}sampled ${executions}, no ${bounded === '' ? '' : 'further '}guarantee`;
}

function times(preemptions: number): string {
  return preemptions === 1 ? '1 preemption' : `${preemptions} preemptions`;
}

/** 1234567 as `1.2 M`. */
function count(n: number): string {
  if (n < 10_000) return String(n);
  return n < 1_000_000 ? `${(n / 1000).toFixed(0)} k` : `${(n / 1_000_000).toFixed(1)} M`;
}

/** One turn of the event loop. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
