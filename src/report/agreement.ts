import type { Interval } from './figures.js';
import { findResult, type Result } from './results.js';

/** How far two runs of the same comparison agree. */
export interface Agreement {
  /** Rows that both runs have, with an interval in each. */
  rows: number;
  /** Share of them, 0 to 1, whose intervals of `opsPerSecond` overlap; NaN without rows. */
  share: number;
  /** The others, in the order of the first run. */
  apart: { workload: string; build: string; threads: number; first: Interval; second: Interval }[];
}

/** Rows are the same if workload, build and number of threads are. Wrong results take part, too: their speed is real. */
export function overlap(first: readonly Result[], second: readonly Result[]): Agreement {
  let rows = 0;
  const apart: Agreement['apart'] = [];
  for (const { workload, build, threads, opsPerSecond } of first) {
    const one = opsPerSecond.interval;
    const other = findResult(second, workload, build, threads)?.opsPerSecond.interval ?? null;
    if (one === null || other === null) continue;
    rows++;
    if (!intersect(one, other)) apart.push({ workload, build, threads, first: one, second: other });
  }
  return { rows, share: (rows - apart.length) / rows, apart };
}

/** Bounds belong to their intervals. */
export function intersect(one: Interval, other: Interval): boolean {
  return one.low <= other.high && other.low <= one.high;
}
