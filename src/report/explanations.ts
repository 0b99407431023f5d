import type { GilWaits } from '../runtime/gilWaits.js';
import { type DiagnosedRun, diagnose } from './diagnosis.js';
import type { Explanation, Waits } from './figures.js';
import type { Explained } from './types.js';

/** Null where the run was not explained. */
export function toExplanation(
  explained: Explained | null | undefined,
  run: DiagnosedRun,
): Explanation | null {
  if (explained === null || explained === undefined) return null;
  const { wrong: _, ...counted } = explained;
  return { ...counted, diagnosis: diagnose(explained, run) };
}

/** Null in builds without a GIL. Buckets behind the last wait are left out. */
export function toWaits(waits: GilWaits | null | undefined): Waits | null {
  if (waits === null || waits === undefined) return null;
  const last = waits.histogram.length - 1;
  const histogram = waits.histogram.map((count, bucket): [number, number] => [
    bucket === last ? Number.POSITIVE_INFINITY : 2 ** bucket,
    count,
  ]);
  const used = histogram.findLastIndex(([, count]) => count > 0) + 1;
  return {
    count: waits.count,
    totalMs: waits.microseconds / 1000,
    longestMs: waits.longestMicroseconds / 1000,
    histogram: histogram.slice(0, used),
  };
}
