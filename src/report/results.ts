import { type GcReport, toGcReport } from '../runtime/gcReport.js';
import { cpythonNsPerOp, cpythonSpeedup } from './cpython.js';
import type { Explanation, Interval, Latency, Waits } from './figures.js';
import { toLatency } from './latency.js';
import { jainIndex, maximum, median, minimum } from './statistics.js';
import type { LeakRecord, Measurement, MemoryUse, Sample, TrashUse, WorkloadInfo } from './types.js';

/** A measurement with everything derived from it: one entry of `results` in compare.json. NaN: not defined. */
export interface Result {
  workload: string;
  build: string;
  threads: number;
  unit: string;
  /** Of all threads together. */
  opsPerSecond: {
    median: number;
    min: number;
    max: number;
    samples: number[];
    /** Of the median, by bootstrap; null for fewer than three samples. */
    interval: Interval | null;
  };
  /** Seconds that each repeat ran. */
  seconds: number[];
  /** The most bytes in use, the most bytes alive, and their ratio; null for workloads of group sharing. */
  memory: { peakBytes: number; liveBytes: number; overhead: number } | null;
  /** Objects of uncollected garbage, of all threads; null where the workload does not look. */
  trash: TrashUse | null;
  /** Throughput over that of the same build at 1 thread; null if that was not measured. */
  speedup: number | null;
  speedupInterval: Interval | null;
  /** What bare loops in as many workers reached beside this run; null where that was not measured. */
  ceiling: number | null;
  /** Speed-up over the machine's ceiling, over the number of threads without one: 1 is perfect scaling. */
  efficiency: number | null;
  /** Median over the repeats of Jain's index over the threads' throughputs: 1 is perfectly fair, 1 / threads is one thread alone. */
  fairness: number;
  /**
   * 1e9 / opsPerSecond.median: wall nanoseconds per operation of all threads together, as in CPython's table. At
   * one thread the cost of an operation; at more, the interval between two operations somewhere.
   */
  nsPerOp: number;
  /** Pauses of the collections of cycles, in milliseconds; null if there were none. */
  gcPauseMs: { p50: number; p99: number; max: number; count: number } | null;
  /** What those collections did; null if there were none. */
  gc: Collections | null;
  /** What makes the figure doubtful, a sentence each. */
  warnings: string[];
  /** Of single requests; null for workloads without. */
  latency: Latency | null;
  /** For the GIL; null in builds without one. */
  gilWaits: Waits | null;
  counters: Record<string, number>;
  /** Null where it was not asked for. */
  explanation: Explanation | null;
  /** The same two figures of CPython's matching build; null where it was not measured. `source`: `bundled`, or the interpreter. */
  cpython: { speedup: number; nsPerOp: number; source: string } | null;
  wrong: string | null;
  /** Errors that nobody could catch. */
  unraisable: string[];
  leaks: LeakRecord[];
}

/** All collections of a measurement. Times in milliseconds. */
export type Collections = Omit<GcReport, 'pauses' | 'shutdown' | 'journals'>;

export function throughput(sample: Sample): number {
  return sample.operations / sample.seconds;
}

/** Derives every figure. The order stays. */
export function toResults(
  measurements: readonly Measurement[],
  workloads: readonly WorkloadInfo[],
): Result[] {
  return measurements.map((measurement) => toResult(measurement, measurements, workloads));
}

function toResult(
  measurement: Measurement,
  all: readonly Measurement[],
  workloads: readonly WorkloadInfo[],
): Result {
  const { workload, build, threads } = measurement;
  const samples = measurement.samples.map(throughput);
  const middle = median(samples);
  const speedup = speedupOf(measurement, middle, all);
  return {
    workload,
    build,
    threads,
    unit: workloads.find((info) => info.name === workload)?.unit ?? 'op',
    opsPerSecond: { median: middle, min: minimum(samples), max: maximum(samples), samples, interval: null },
    seconds: measurement.samples.map((sample) => sample.seconds),
    memory: memoryOf(measurement.memory),
    trash: measurement.trash,
    speedup,
    speedupInterval: null,
    ceiling: null,
    efficiency: speedup === null ? null : speedup / threads,
    fairness: median(measurement.samples.map((sample) => jainIndex(sample.perThread))),
    nsPerOp: 1e9 / middle,
    ...collectionsOf(measurement),
    warnings: [],
    latency: toLatency(measurement.latency ?? null),
    gilWaits: null,
    counters: measurement.counters,
    explanation: null,
    cpython: cpythonOf(workload, build, threads),
    wrong: measurement.wrong,
    unraisable: measurement.unraisable ?? [],
    leaks: measurement.leaks,
  };
}

/** At the end of each run is another collection, which is nobody's pause. */
function collectionsOf({ gc = [] }: Measurement): Pick<Result, 'gcPauseMs' | 'gc'> {
  const { pauses, shutdown: _, journals: __, ...collections } = toGcReport(gc);
  const { p50, p99, max, count } = pauses;
  if (count === 0) return { gcPauseMs: null, gc: null };
  return { gcPauseMs: { p50, p99, max, count }, gc: collections };
}

function memoryOf(use: MemoryUse | null): Result['memory'] {
  if (use === null) return null;
  return { peakBytes: use.usedBytes, liveBytes: use.liveBytes, overhead: use.usedBytes / use.liveBytes };
}

function speedupOf(of: Measurement, middle: number, all: readonly Measurement[]): number | null {
  const single = all.find((m) => m.workload === of.workload && m.build === of.build && m.threads === 1);
  if (single === undefined) return null;
  const ratio = middle / median(single.samples.map(throughput));
  return Number.isFinite(ratio) ? ratio : null;
}

function cpythonOf(workload: string, build: string, threads: number): Result['cpython'] {
  const speedup = cpythonSpeedup(workload, build, threads);
  const nsPerOp = cpythonNsPerOp(workload, build, threads);
  return speedup === null || nsPerOp === null ? null : { speedup, nsPerOp, source: 'bundled' };
}

export function findResult(
  results: readonly Result[],
  workload: string,
  build: string,
  threads: number,
): Result | undefined {
  return results.find((r) => r.workload === workload && r.build === build && r.threads === threads);
}

/** Time per operation of free-threaded over gil at one thread; null unless both were measured, and right. */
export function priceOfFreeThreading(results: readonly Result[], workload: string): number | null {
  const gil = findResult(results, workload, 'gil', 1);
  const free = findResult(results, workload, 'free-threaded', 1);
  if (gil === undefined || free === undefined || gil.wrong !== null || free.wrong !== null) return null;
  const price = free.nsPerOp / gil.nsPerOp;
  return Number.isFinite(price) && price > 0 ? price : null;
}
