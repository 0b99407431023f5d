/** What a report shows besides medians: how sure a figure is, why a pattern stalls, how long anybody waits. Types only. */

import type { Hot } from './types.js';

/**
 * Between these two the true value lies with a confidence of 95 % by name: of four rounds, 88 to 98 % in simulations
 * (`medianInterval`).
 */
export interface Interval {
  low: number;
  high: number;
}

/** What bare loops in so many workers reached together, over one of them alone, while the comparison ran. */
export interface Ceiling {
  threads: number;
  median: number;
  min: number;
  max: number;
  samples: number[];
}

/** Times of single requests, in nanoseconds, of all threads and samples together. */
export interface Latency {
  count: number;
  mean: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  /** Share of requests (0 to 1, rising) that took at most so many nanoseconds: enough points to draw. */
  curve: [share: number, nanoseconds: number][];
}

/** How long threads have waited for something, in whole runs: warm-up and what lies between the samples included. */
export interface Waits {
  count: number;
  totalMs: number;
  longestMs: number;
  /** Waits by length: up to so many microseconds (powers of two, rising; the last one Infinity, null in JSON), how many. */
  histogram: [upToMicroseconds: number, count: number][];
}

/** Why a workload takes the time that it takes: from a run of its own, whose threads count everything. */
export interface Explanation {
  /** Of all threads in that run, without its warm-up; the counters are of just these. */
  operations: number;
  seconds: number;
  /** Counters by thread number, by name; times in microseconds. */
  threads: Record<string, number>[];
  /** The object that threads count most, and the locks that they try most, and find taken most; null: none. */
  hotCount: Hot | null;
  hotLock: Hot | null;
  hotMiss: Hot | null;
  /** One line for people: what stalls, or that nothing does. */
  diagnosis: string;
}

/** How near our speed-ups are to CPython's, over the rows that both have. */
export interface Fidelity {
  /** Rows: a workload of a build at the highest number of threads above 1 that both were measured at. */
  rows: number;
  threads: number;
  /** Spearman's rank correlation of the speed-ups; null for fewer than three rows. */
  rankCorrelation: number | null;
  /** Share of the rows, 0 to 1, whose speed-up is within a quarter of CPython's. */
  within25Percent: number;
  /** The others, farthest first. */
  outside: { workload: string; build: string; ours: number; cpython: number }[];
  /** The same for each build alone. */
  builds: Record<string, { rows: number; rankCorrelation: number | null; within25Percent: number }>;
}
