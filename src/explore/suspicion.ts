import type { TracedStep } from './traceRecorder.js';

/** How a suspicion speaks of the steps of an execution, which it knows by their index. */
export interface Teller {
  /** `thread 1`. */
  who(at: number): string;
  /** Its number in the trace that is shown. */
  number(at: number): number;
  /** `load`. */
  operation(at: number): string;
  /** `float#1.local`; of a free, the block. */
  where(at: number): string;
}

/** The two steps that explain a failure. */
export interface Suspicion {
  readonly first: number;
  readonly second: number;
  /** Further steps that `missing` speaks of. */
  readonly others: readonly number[];
  /** In words: what nobody ordered. */
  missing(tell: Teller): string;
}

/** A thread that had not ended when nobody could go on. */
export interface Blocked {
  readonly thread: number;
  readonly word: number;
  readonly spins: boolean;
}

/** `thread 1's store (step 3)`. */
export function stepWords(tell: Teller, at: number): string {
  return `${tell.who(at)}'s ${tell.operation(at)} (step ${tell.number(at)})`;
}

/** Index of the last step before `end` that fits, or -1. */
export function lastBefore(
  steps: readonly TracedStep[],
  end: number,
  fits: (step: TracedStep) => boolean,
): number {
  for (let at = Math.min(end, steps.length) - 1; at >= 0; at--) if (fits(steps[at])) return at;
  return -1;
}
