import { causeOf } from './cause.js';
import type { FiberEngine } from './fiberEngine.js';
import { OpKind } from './hooks.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell, ThreadCell } from './machineLayout.js';
import type { Result } from './outcome.js';
import type { Cause, CausePart, Step, Violation } from './results.js';
import type { Segment } from './scheduleText.js';
import { captureStack, type Frame, FrameReader, frameText, withoutDriver } from './stackFrames.js';
import { operationOf, valueText } from './steps.js';
import type { Blocked, Suspicion, Teller } from './suspicion.js';
import { chooseSteps, type Details, rowsOf } from './trace.js';
import type { TracedStep } from './traceRecorder.js';
import { difference, type TracedRun, traceRun } from './traceRun.js';

/** What two replays of a schedule have shown. */
export interface Inquiry {
  readonly result: Result;
  readonly trace: readonly Step[];
  readonly cause: Cause | null;
  /** Where the second replay differed from the first; null: nowhere. */
  readonly difference: string | null;
}

/**
 * Replays a schedule twice: first to see what matters, then for its names and call stacks. Null: the schedule does
 * not fit. `kind`: what to explain; null: nothing went wrong. `sites`: of a data race, its two places.
 */
export function investigate(
  engine: FiberEngine,
  loaded: LoadedScenarios,
  segments: readonly Segment[],
  kind: Violation['kind'] | null,
  sites: readonly number[] = [],
): Inquiry | null {
  const first = traceRun(engine, segments);
  if (first === null) return null;
  const suspicion = kind === null ? null : causeOf(kind, first.steps, blockedThreads(engine), sites);
  const suspects = suspicion === null ? [] : [suspicion.first, suspicion.second];
  const chosen = chooseSteps(first.steps, new Set([...suspects, ...(suspicion?.others ?? [])]));
  const witness = new Witness(engine, first.steps, chosen, new Set(suspects));
  const second = traceRun(engine, segments, (...event) => witness.notice(...event));
  if (second === null) return null;
  const details = witness.details();
  const tell = tellerOf(engine, first.steps, chosen, details);
  const racing = kind === 'data race' ? suspects : [];
  return {
    result: second.result,
    trace: rowsOf(first.steps, chosen, details, tell, loaded, racing),
    cause: suspicion && causeIn(suspicion, first, tell, witness),
    difference: difference(first, second),
  };
}

/** Who could not go on at the end of the last execution, and on which word. */
function blockedThreads(engine: FiberEngine): Blocked[] {
  const c = engine.machine.c;
  return [...engine.threads.keys()]
    .filter((thread) => ((c[Cell.Asleep] | c[Cell.Spinning]) & (1 << thread)) !== 0)
    .map((thread) => ({
      thread,
      word: c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Word],
      spins: (c[Cell.Spinning] & (1 << thread)) !== 0,
    }));
}

function tellerOf(
  engine: FiberEngine,
  steps: readonly TracedStep[],
  chosen: readonly number[],
  details: ReadonlyMap<number, Details>,
): Teller {
  const numbers = new Map(chosen.map((at, i) => [at, i + 1]));
  return {
    who: (at) => engine.threads[steps[at].thread],
    number: (at) => numbers.get(at) ?? 0,
    operation: (at) => operationOf(steps[at]),
    where: (at) => details.get(at)?.location ?? '',
  };
}

function causeIn(suspicion: Suspicion, { steps }: TracedRun, tell: Teller, witness: Witness): Cause {
  const part = (at: number): CausePart => ({
    thread: tell.who(at),
    step: tell.number(at),
    what: whatIn(steps[at], tell.where(at)),
    stack: withoutDriver(witness.frames(at)).map(frameText),
  });
  return { first: part(suspicion.first), second: part(suspicion.second), missing: suspicion.missing(tell) };
}

/** `load x = 0`, `store x 0 -> 1`. */
function whatIn(step: TracedStep, location: string): string {
  const value = valueText(step);
  const shown = value === '' || value.includes('->') ? value : `= ${value}`;
  return [operationOf(step), location, shown].filter((text) => text !== '').join(' ');
}

/** Present at the second replay: takes names when the steps happen, and stacks when they are announced. */
class Witness {
  private readonly wanted = new Set<number>();
  /** Thread and number of an announcement whose stack is wanted. */
  private readonly announcements = new Map<string, number[]>();
  private readonly stacks = new Map<number, readonly NodeJS.CallSite[]>();
  private readonly names = new Map<number, () => string>();
  private readonly chosen: ReadonlySet<number>;
  private readonly reader = new FrameReader();
  private at = -1;

  constructor(
    private readonly engine: FiberEngine,
    private readonly steps: readonly TracedStep[],
    chosen: readonly number[],
    suspects: ReadonlySet<number>,
  ) {
    this.chosen = new Set(chosen);
    for (const at of chosen) if (suspects.has(at) || steps[at].site < 0) this.want(at);
  }

  private want(at: number): void {
    const { thread, announcement } = this.steps[at];
    this.wanted.add(at);
    if (announcement === 0) return;
    const key = `${thread} ${announcement}`;
    this.announcements.set(key, [...(this.announcements.get(key) ?? []), at]);
  }

  /** See `TraceRecorder`. */
  notice(step: TracedStep | null, thread: number, announcement: number): void {
    if (step === null) {
      const steps = this.announcements.get(`${thread} ${announcement}`);
      if (steps !== undefined) this.keepStack(steps);
      return;
    }
    this.at++;
    if (announcement === 0 && this.wanted.has(this.at)) this.keepStack([this.at]);
    if (this.chosen.has(this.at) && hasWord(step))
      this.names.set(this.at, this.engine.names.refer(step.word));
  }

  private keepStack(steps: readonly number[]): void {
    const stack = captureStack();
    for (const at of steps) this.stacks.set(at, stack);
  }

  frames(at: number): Frame[] {
    return this.reader.frames(this.stacks.get(at) ?? []);
  }

  details(): Map<number, Details> {
    const details = new Map<number, Details>();
    for (const at of this.chosen) {
      const name = this.names.get(at)?.() ?? '';
      const location = this.steps[at].kind === OpKind.Free ? blockName(name) : name;
      details.set(at, { location, frames: this.steps[at].site < 0 ? this.frames(at) : [] });
    }
    return details;
  }
}

function hasWord({ kind }: TracedStep): boolean {
  return kind <= OpKind.Notify || kind === OpKind.Free;
}

/** `float#1` for its first word. */
function blockName(name: string): string {
  return name.replace(/\.\w+$|\[0\]$/, '');
}
