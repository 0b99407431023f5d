import { OpKind } from './hooks.js';
import { isAccess, reads, touches, writes } from './steps.js';
import { lastBefore, type Suspicion, stepWords } from './suspicion.js';
import type { TracedStep } from './traceRecorder.js';

/** Two accesses of one thread to a word, and one of another thread between them. */
interface Torn {
  readonly first: number;
  readonly between: number;
  readonly second: number;
  /** A read whose value decides a write, and another thread's write between: an update is lost. */
  readonly lost: boolean;
}

/**
 * What was not atomic and should have been: around the last preemption, a pair of accesses of the preempted thread
 * to one word, with an access of another thread between them that no order of undivided pairs explains (Lu, Tucek,
 * Qin and Zhou, "AVIO", ASPLOS 2006). Where there is none: the last two accesses around a switch that conflict.
 */
export function atomicityViolation(steps: readonly TracedStep[]): Suspicion | null {
  for (let at = steps.length - 1; at > 0; at--) {
    if (steps[at].thread === steps[at - 1].thread) continue;
    const found = tornAt(steps, at);
    if (found !== null) return suspicionOf(found);
  }
  return lastConflict(steps);
}

function suspicionOf({ first, between, second }: Torn): Suspicion {
  return {
    first,
    second: between,
    others: [second],
    missing: (tell) =>
      `nothing keeps ${tell.who(between)}'s ${tell.operation(between)} of ${tell.where(between)} out ` +
      `between ${stepWords(tell, first)} and ${stepWords(tell, second)}`,
  };
}

/** Of the thread that was left at the switch before step `at`. */
function tornAt(steps: readonly TracedStep[], at: number): Torn | null {
  const { thread } = steps[at - 1];
  const resumed = steps.findIndex((step, i) => i > at && step.thread === thread);
  if (resumed < 0) return null;
  const words = new Set<number>();
  let best: Torn | null = null;
  for (let first = at - 1; first >= 0 && steps[first].thread === thread; first--) {
    const { word } = steps[first];
    if (!isAccess(steps[first]) || words.has(word)) continue;
    words.add(word);
    const torn = tornPair(steps, first, at, resumed);
    if (torn?.lost) return torn;
    best ??= torn;
  }
  return best;
}

function tornPair(steps: readonly TracedStep[], first: number, at: number, resumed: number): Torn | null {
  const { thread, word } = steps[first];
  const isNext = (step: TracedStep) => step.thread === thread && isAccess(step) && touches(step, word);
  const second = steps.findIndex((step, i) => i >= resumed && isNext(step));
  if (second < 0 || isRetry(steps[second])) return null;
  const between = lastBefore(
    steps,
    second,
    (step) =>
      step.thread !== thread &&
      isAccess(step) &&
      touches(step, word) &&
      isTorn(steps[first], step, steps[second]),
  );
  if (between < at) return null;
  const lost = reads(steps[first]) && writes(steps[between]) && writes(steps[second]);
  return { first, between, second, lost };
}

/** A compare-exchange that fails has seen that something came between. */
function isRetry(step: TracedStep): boolean {
  return step.kind === OpKind.CompareExchange && !writes(step);
}

function isTorn(first: TracedStep, between: TracedStep, second: TracedStep): boolean {
  if (writes(between)) return reads(second) || (reads(first) && writes(second));
  return writes(first) && writes(second);
}

function lastConflict(steps: readonly TracedStep[]): Suspicion | null {
  for (let second = steps.length - 1; second > 0; second--) {
    const { thread, word } = steps[second];
    if (!isAccess(steps[second])) continue;
    const first = lastBefore(
      steps,
      second,
      (step) =>
        step.thread !== thread &&
        isAccess(step) &&
        touches(step, word) &&
        (writes(step) || writes(steps[second])),
    );
    if (first < 0) continue;
    return {
      first,
      second,
      others: [],
      missing: (tell) =>
        `nothing orders ${stepWords(tell, first)} and ${stepWords(tell, second)} of ${tell.where(second)}`,
    };
  }
  return null;
}
