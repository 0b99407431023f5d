import type { FiberEngine } from './fiberEngine.js';
import type { Result } from './outcome.js';
import { replaySchedule } from './replay.js';
import type { Segment } from './scheduleText.js';
import { type TracedStep, TraceRecorder } from './traceRecorder.js';

/** One replay with all its accesses. */
export interface TracedRun {
  readonly result: Result;
  readonly steps: readonly TracedStep[];
}

/**
 * Replays a schedule and notes each access; null: it does not fit. `noticed`: see `TraceRecorder`. To be called in
 * `FiberEngine.traced`'s work where blocks shall have names.
 */
export function traceRun(
  engine: FiberEngine,
  segments: readonly Segment[],
  noticed?: (step: TracedStep | null, thread: number, announcement: number) => void,
): TracedRun | null {
  const recorder = new TraceRecorder(engine.hooks, noticed);
  const { between } = engine.hooks;
  engine.hooks.between = () => {
    recorder.settle();
    between?.();
  };
  try {
    const result = engine.traced(recorder, () => replaySchedule(engine, segments));
    return result && { result, steps: recorder.steps };
  } finally {
    engine.hooks.between = between;
  }
}

/** Where two replays of one schedule differ, in words; null: nowhere. */
export function difference(a: TracedRun, b: TracedRun): string | null {
  if (a.result.outcome !== b.result.outcome) return `'${a.result.outcome}' and '${b.result.outcome}'`;
  if (a.steps.length !== b.steps.length) return `${a.steps.length} and ${b.steps.length} accesses`;
  const at = a.steps.findIndex((step, i) => textOf(step) !== textOf(b.steps[i]));
  return at < 0 ? null : `access ${at + 1} is not the same`;
}

function textOf({ thread, kind, word, old, value, result, site }: TracedStep): string {
  return `${thread} ${kind} ${word} ${old} ${value} ${result} ${site}`;
}
