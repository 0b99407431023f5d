import { type TraceOptions, type TraceRun, traceRun } from '../../workloads/trace.js';
import type { Timeline } from '../timeline.js';
import { thinned } from './thin.js';
import { timelineOf } from './timelineOf.js';

/** What came of recording a stretch of a run. */
export interface Traced {
  readonly run: TraceRun;
  /** Null: the run was interrupted before anything was recorded. */
  readonly timeline: Timeline | null;
}

/** Runs a workload on a build that records, and makes its timeline. As `traceRun`. */
export async function trace(options: TraceOptions, signal: AbortSignal): Promise<Traced> {
  const run = await traceRun(options, signal);
  return { run, timeline: timelineOf(run) };
}

/**
 * A short timeline for a picture: below 20 KB as JSON, thinned where that is needed. Null: the signal ended the run before
 * anything was recorded. Throws what a run throws.
 */
export async function record(options: TraceOptions, signal: AbortSignal): Promise<Timeline | null> {
  const { timeline } = await trace(options, signal);
  return timeline === null ? null : thinned(timeline);
}
