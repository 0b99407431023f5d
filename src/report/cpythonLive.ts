import { type LatencyCounts, mergeLatencies } from '../workloads/latency/latencyCounts.js';
import { byRound, medianInterval, ratioInterval } from './bootstrap.js';
import type { CPythonBuild, CPythonFigures } from './cpython.js';
import { toLatency } from './latency.js';
import { jainIndex, maximum, median, minimum } from './statistics.js';
import type { Sample } from './types.js';

/** An interpreter that runs twins beside ours. */
export interface Interpreter {
  /** As it was named: `python3.14t`, or a path. */
  readonly name: string;
  /** `3.14.2`. */
  readonly version: string;
  /** The build of ours that it stands beside. */
  readonly build: CPythonBuild;
  readonly executable: string;
  readonly compiler: string;
  readonly platform: string;
}

/** What one interpreter did of one workload with one number of threads. */
export interface CPythonMeasurement {
  readonly interpreter: Interpreter;
  readonly workload: string;
  readonly threads: number;
  readonly samples: readonly Sample[];
  /** Of twins with requests; null for the others. */
  readonly latency: LatencyCounts | null;
}

/** `CPython 3.14.2 free-threaded, python3.14t`. */
export function sourceOf({ version, build, name }: Interpreter): string {
  return `CPython ${version} ${build === 'gil' ? 'with the GIL' : 'free-threaded'}, ${name}`;
}

/** The same workload and number of threads of the same interpreter in one; the order of their first ones stays. */
export function mergeRounds(measurements: readonly CPythonMeasurement[]): CPythonMeasurement[] {
  const merged: CPythonMeasurement[] = [];
  for (const one of measurements) {
    const place = merged.findIndex((other) => isSame(one, other));
    if (place < 0) merged.push(one);
    else {
      const before = merged[place];
      const latency = mergeLatencies(before.latency, one.latency);
      merged[place] = { ...before, samples: [...before.samples, ...one.samples], latency };
    }
  }
  return merged;
}

function isSame(one: CPythonMeasurement, other: CPythonMeasurement): boolean {
  return (
    one.interpreter === other.interpreter && one.workload === other.workload && one.threads === other.threads
  );
}

/** The figures of all interpreters for a row of ours, in their order. `all`: of `mergeRounds`. */
export function liveFigures(
  workload: string,
  build: string,
  threads: number,
  all: readonly CPythonMeasurement[],
): CPythonFigures[] {
  return all
    .filter((one) => one.workload === workload && one.interpreter.build === build && one.threads === threads)
    .filter(({ samples }) => samples.some((sample) => sample.operations > 0))
    .map((one) => figuresOf(one, all));
}

function figuresOf(of: CPythonMeasurement, all: readonly CPythonMeasurement[]): CPythonFigures {
  const samples = of.samples.map(throughput);
  const middle = median(samples);
  const single = all.find((one) => isSame(one, { ...of, threads: 1 }));
  const speedup = single === undefined ? Number.NaN : middle / median(single.samples.map(throughput));
  return {
    speedup: Number.isFinite(speedup) ? speedup : null,
    speedupInterval:
      single === undefined || of.threads === 1 ? null : ratioInterval(roundsOf(of), roundsOf(single)),
    nsPerOp: 1e9 / middle,
    source: sourceOf(of.interpreter),
    interpreter: of.interpreter.name,
    version: of.interpreter.version,
    opsPerSecond: {
      median: middle,
      min: minimum(samples),
      max: maximum(samples),
      samples,
      interval: medianInterval(roundsOf(of)),
    },
    fairness: median(of.samples.map((sample) => jainIndex(sample.perThread))),
    latency: toLatency(of.latency),
  };
}

function roundsOf({ samples }: CPythonMeasurement): number[][] {
  return byRound(
    samples.map(throughput),
    samples.map(({ round }, i) => round ?? i),
  );
}

function throughput({ operations, seconds }: Sample): number {
  return operations / seconds;
}
