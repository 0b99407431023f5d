import { atomicityViolation } from './atomicity.js';
import { OpKind } from './hooks.js';
import { FindKind } from './machineLayout.js';
import type { Violation } from './results.js';
import { touches, writes } from './steps.js';
import { type Blocked, lastBefore, type Suspicion, stepWords, type Teller } from './suspicion.js';
import type { TracedStep } from './traceRecorder.js';

/** Which two steps explain the failure; null where nothing can be said. `sites`: of a data race, its two places. */
export function causeOf(
  kind: Violation['kind'],
  steps: readonly TracedStep[],
  blocked: readonly Blocked[],
  sites: readonly number[],
): Suspicion | null {
  switch (kind) {
    case 'use after free':
      return lateAccess(steps, FindKind.UseAfterFree) ?? atomicityViolation(steps);
    case 'type confusion':
      return lateAccess(steps, FindKind.TypeConfusion) ?? atomicityViolation(steps);
    case 'double free':
      return doubleFree(steps) ?? atomicityViolation(steps);
    case 'data race':
      return dataRace(steps, sites);
    case 'deadlock':
      // Nobody has come near the word that the thread sleeps on: what should have made it wake was not atomic.
      return waiting(steps, blocked) ?? atomicityViolation(steps);
    default:
      return atomicityViolation(steps);
  }
}

/** Whether a data race between these two places was found in this step. */
function isRaceOf(step: TracedStep, sites: readonly number[]): boolean {
  return step.finds.some(
    ({ kind, site, otherSite }) =>
      kind === FindKind.DataRace &&
      ((site === sites[0] && otherSite === sites[1]) || (site === sites[1] && otherSite === sites[0])),
  );
}

/** The last step before `at` that freed what `at` touches. */
export function freedBefore(steps: readonly TracedStep[], at: number, word: number): number {
  return lastBefore(steps, at, (step) => step.kind === OpKind.Free && touches(step, word));
}

function lateAccess(steps: readonly TracedStep[], kind: FindKind): Suspicion | null {
  return afterTheFree(
    steps,
    kind,
    (tell, first, second) =>
      `nothing keeps ${tell.who(first)} from freeing ${tell.where(first)} (step ${tell.number(first)}) ` +
      `while ${tell.who(second)} still uses it (step ${tell.number(second)})`,
  );
}

function doubleFree(steps: readonly TracedStep[]): Suspicion | null {
  return afterTheFree(
    steps,
    FindKind.DoubleFree,
    (tell, first, second) =>
      `nothing tells ${tell.who(second)} (step ${tell.number(second)}) that ${tell.who(first)} ` +
      `has freed ${tell.where(first)} (step ${tell.number(first)})`,
  );
}

/** The first find of this kind, and the free before it. */
function afterTheFree(
  steps: readonly TracedStep[],
  kind: FindKind,
  missing: (tell: Parameters<Suspicion['missing']>[0], first: number, second: number) => string,
): Suspicion | null {
  const second = steps.findIndex(({ finds }) => finds.some((find) => find.kind === kind));
  if (second < 0) return null;
  const first = freedBefore(steps, second, steps[second].word);
  if (first < 0) return null;
  return { first, second, others: [], missing: (tell) => missing(tell, first, second) };
}

function dataRace(steps: readonly TracedStep[], sites: readonly number[]): Suspicion | null {
  const second = steps.findIndex((step) => isRaceOf(step, sites));
  if (second < 0) return null;
  const race = steps[second].finds.find(({ kind }) => kind === FindKind.DataRace);
  const { word } = steps[second];
  const first = lastBefore(
    steps,
    second,
    (step) => touches(step, word) && step.thread !== steps[second].thread && sites.includes(step.site),
  );
  if (race === undefined || first < 0) return null;
  return {
    first,
    second,
    others: [],
    missing: (tell) =>
      `no lock and no atomic operation orders ${stepWords(tell, first)} and ${stepWords(tell, second)} ` +
      `of ${tell.where(second)}`,
  };
}

// --- Deadlocks ---

/** A blocked thread's last step, and the last one of another thread that might have let it go on. */
interface Waiting {
  readonly last: number;
  readonly spins: boolean;
  /** -1: nobody else has written the word or notified its waiters. */
  readonly changed: number;
}

function waiting(steps: readonly TracedStep[], blocked: readonly Blocked[]): Suspicion | null {
  const all = blocked
    .map((one) => waitingOf(steps, one))
    .filter(({ last }) => last >= 0)
    .sort((a, b) => a.last - b.last);
  if (all.length === 0) return null;
  const changes = all.map(({ changed }) => changed).filter((at) => at >= 0);
  const second = all[all.length - 1].last;
  const first = all.length > 1 ? all[0].last : (changes[0] ?? -1);
  if (first < 0) return null;
  return {
    first: Math.min(first, second),
    second: Math.max(first, second),
    others: [...changes, ...all.map(({ last }) => last)],
    missing: (tell) => all.map((one) => waitingWords(tell, one)).join('; '),
  };
}

function waitingOf(steps: readonly TracedStep[], { thread, word, spins }: Blocked): Waiting {
  const last = lastBefore(steps, steps.length, (step) => step.thread === thread);
  const changed = lastBefore(
    steps,
    steps.length,
    (step) => step.thread !== thread && touches(step, word) && (writes(step) || step.kind === OpKind.Notify),
  );
  return { last, spins, changed };
}

function waitingWords(tell: Teller, { last, spins, changed }: Waiting): string {
  const waits = `${tell.who(last)} ${spins ? 'spins on' : 'sleeps on'} ${tell.where(last)} (step ${tell.number(last)})`;
  if (changed < 0) return `${waits}, which no other thread has changed`;
  const when = changed < last ? 'before that' : 'after that, and woke nobody';
  return `${waits}, and ${stepWords(tell, changed)} came ${when}`;
}
