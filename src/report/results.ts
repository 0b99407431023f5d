import { type GcReport, toGcReport } from '../runtime/gcReport.js';
import { byRound, medianInterval, ratioInterval } from './bootstrap.js';
import { ceilingOfRow } from './ceilings.js';
import { bundledFigures, type CPythonFigures } from './cpython.js';
import { type CPythonMeasurement, liveFigures, mergeRounds } from './cpythonLive.js';
import { toExplanation, toWaits } from './explanations.js';
import type { Explanation, Interval, Latency, Waits } from './figures.js';
import { toLatency } from './latency.js';
import { findNoise } from './noise.js';
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
  /** Beside each of the samples, in their order. */
  beside: Beside;
  /** Operations between two looks at the clock, in the middle of all threads and rounds; null where it is not known. */
  chunk: number | null;
  /** The most bytes in use, the most bytes alive, and their ratio; null for workloads of group sharing. */
  memory: { peakBytes: number; liveBytes: number; overhead: number } | null;
  /** Objects of uncollected garbage, of all threads; null where the workload does not look. */
  trash: TrashUse | null;
  /** Throughput over that of the same build at 1 thread; null if that was not measured. */
  speedup: number | null;
  speedupInterval: Interval | null;
  /** What bare loops in as many workers reached beside the samples, over one alone: `ceilingOfRow`. */
  ceiling: number | null;
  /** Speed-up over the machine's ceiling, over the number of threads where that was not measured: 1 is perfect scaling. */
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
  /** CPython's matching build: figures of the first interpreter beside ours, else bundled ones; null where neither has any. */
  cpython: CPythonFigures | null;
  /** Of every interpreter that ran the twin beside ours, in their order; left out if none did. */
  interpreters?: CPythonFigures[];
  wrong: string | null;
  /** Errors that nobody could catch. */
  unraisable: string[];
  leaks: LeakRecord[];
}

export interface Beside {
  /** Which round it is from; each has fresh workers. */
  round: number[];
  /** What bare loops in as many workers reached right behind it, in turns per second; null at one thread. */
  together: (number | null)[];
  /** What one bare loop alone reached there: the machine's own speed. Both are null where it was not measured. */
  bareRate: (number | null)[];
}

/** All collections of a measurement. Times in milliseconds. */
export type Collections = Omit<GcReport, 'pauses' | 'shutdown' | 'journals'>;

export function throughput(sample: Sample): number {
  return sample.operations / sample.seconds;
}

/**
 * Derives every figure. The order stays. `cpus`: of the machine; left out: as many as threads. `cpython`: of interpreters
 * that ran beside ours.
 */
export function toResults(
  measurements: readonly Measurement[],
  workloads: readonly WorkloadInfo[],
  cpus = Number.POSITIVE_INFINITY,
  cpython: readonly CPythonMeasurement[] = [],
): Result[] {
  const live = mergeRounds(cpython);
  return measurements.map((measurement) => {
    const result = { ...toResult(measurement, measurements, workloads), ...cpythonOf(measurement, live) };
    return { ...result, warnings: findNoise(result, cpus).map(({ text }) => text) };
  });
}

function toResult(
  measurement: Measurement,
  all: readonly Measurement[],
  workloads: readonly WorkloadInfo[],
): Result {
  const { workload, build, threads } = measurement;
  const samples = measurement.samples.map(throughput);
  const middle = median(samples);
  const beside = besideOf(measurement.samples);
  const single = singleOf(measurement, all);
  const speedup = speedupOf(middle, single);
  const nsPerOp = 1e9 / middle;
  const ceiling = ceilingOfRow(beside, single && besideOf(single.samples));
  const efficiency = speedup === null ? null : speedup / (ceiling ?? threads);
  return {
    workload,
    build,
    threads,
    unit: workloads.find((info) => info.name === workload)?.unit ?? 'op',
    opsPerSecond: {
      median: middle,
      min: minimum(samples),
      max: maximum(samples),
      samples,
      interval: medianInterval(roundsOf(measurement)),
    },
    seconds: measurement.samples.map((sample) => sample.seconds),
    beside,
    chunk: finite(median(measurement.chunks ?? [])),
    memory: memoryOf(measurement.memory),
    trash: measurement.trash,
    speedup,
    speedupInterval: speedup === null || threads === 1 ? null : speedupIntervalOf(measurement, single),
    ceiling,
    efficiency,
    fairness: median(measurement.samples.map((sample) => jainIndex(sample.perThread))),
    nsPerOp,
    ...collectionsOf(measurement),
    warnings: [],
    latency: toLatency(measurement.latency ?? null),
    gilWaits: toWaits(measurement.gilWaits),
    counters: measurement.counters,
    explanation: toExplanation(measurement.explained, { build, threads, nsPerOp, efficiency }),
    cpython: null,
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

function besideOf(samples: readonly Sample[]): Beside {
  return {
    round: samples.map(({ round }, i) => round ?? i),
    together: samples.map(({ bare }) => bare?.together ?? null),
    bareRate: samples.map(({ bare }) => bare?.alone ?? null),
  };
}

function roundsOf({ samples }: Measurement): number[][] {
  return byRound(samples.map(throughput), besideOf(samples).round);
}

function singleOf(of: Measurement, all: readonly Measurement[]): Measurement | undefined {
  return all.find((m) => m.workload === of.workload && m.build === of.build && m.threads === 1);
}

function speedupOf(middle: number, single: Measurement | undefined): number | null {
  return single === undefined ? null : finite(middle / median(single.samples.map(throughput)));
}

function speedupIntervalOf(of: Measurement, single: Measurement | undefined): Interval | null {
  return single === undefined ? null : ratioInterval(roundsOf(of), roundsOf(single));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function cpythonOf(
  { workload, build, threads }: Measurement,
  live: readonly CPythonMeasurement[],
): Pick<Result, 'cpython' | 'interpreters'> {
  const interpreters = liveFigures(workload, build, threads, live);
  if (interpreters.length > 0) return { cpython: interpreters[0], interpreters };
  return { cpython: bundledFigures(workload, build, threads) };
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
