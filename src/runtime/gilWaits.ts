import { GilWait } from '../memory/layout.js';

/** How long the threads of a run have waited for the GIL. */
export interface GilWaits {
  readonly count: number;
  readonly microseconds: number;
  readonly longestMicroseconds: number;
  /** How many took at most 2^i microseconds, and more than half of that; the last has no limit. */
  readonly histogram: readonly number[];
}

/** From what each thread has in `ThreadBlock.GilWaits`, and the counters of all. */
export function toGilWaits(
  threads: readonly { readonly gilWaits: readonly number[] }[],
  { gilWaits, gilMicroseconds }: Readonly<Record<string, number>>,
): GilWaits {
  return {
    count: gilWaits,
    microseconds: gilMicroseconds,
    longestMicroseconds: Math.max(0, ...threads.map((thread) => thread.gilWaits[GilWait.Longest])),
    histogram: Array.from({ length: GilWait.Buckets }, (_, bucket) =>
      threads.reduce((sum, thread) => sum + thread.gilWaits[GilWait.Histogram + bucket], 0),
    ),
  };
}

/** Of two runs together. */
export function addGilWaits(one: GilWaits | null, other: GilWaits | null): GilWaits | null {
  if (one === null || other === null) return one ?? other;
  return {
    count: one.count + other.count,
    microseconds: one.microseconds + other.microseconds,
    longestMicroseconds: Math.max(one.longestMicroseconds, other.longestMicroseconds),
    histogram: one.histogram.map((count, bucket) => count + other.histogram[bucket]),
  };
}
