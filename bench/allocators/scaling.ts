/** The memory workloads on real threads, by way of `compare`: speed-ups, memory, and the price of no GIL. */

import type { BenchIo } from '../../src/report/benchTypes.js';
import { type Result, toResults } from '../../src/report/results.js';
import { geometricMean, median } from '../../src/report/statistics.js';
import { Runtime } from '../../src/runtime/runtime.js';
import { compare, type Measurement } from '../../src/workloads/compare.js';
import { ALL_WORKLOADS } from '../../src/workloads/index.js';
import { MEMORY_WORKLOADS } from '../../src/workloads/memory/index.js';

const MEMORY = 1 << 30;
const TIME_MS = 150;
const REPEATS = 9;
const CEILING_ROUNDS = 7;
const CEILING_MS = 100;

/** Results of these workloads on these builds. Throws if one is wrong, or leaks. */
export async function measureWorkloads(
  io: BenchIo,
  workloads: readonly string[],
  builds: readonly string[],
  threads: readonly number[],
): Promise<Result[]> {
  const measurements: Measurement[] = [];
  const options = {
    workloads: [...workloads],
    builds: [...builds],
    threads: [...threads],
    timeMs: TIME_MS,
    repeats: REPEATS,
    memoryBytes: MEMORY,
  };
  const hooks = {
    onStart: () => {},
    onStep: (workload: string, build: string, count: number) =>
      io.progress(`${workload}, ${build}, threads: ${count}`),
    onMeasurement: (measurement: Measurement) => {
      refuseFaults(measurement);
      measurements.push(measurement);
    },
  };
  await compare(options, hooks, io.signal);
  return toResults(measurements, ALL_WORKLOADS);
}

function refuseFaults({ workload, build, threads, wrong, leaks }: Measurement): void {
  const where = `${workload}, ${build}, threads: ${threads}`;
  if (wrong !== null) throw new Error(`wrong result in ${where}: ${wrong}`);
  if (leaks.length > 0)
    throw new Error(`leak in ${where}: ${leaks.map(({ type, count }) => `${count} ${type}`)}`);
}

/** Throughput of bare loops in two threads over that in one; medians of rounds that take turns. */
export async function measureCeiling(io: BenchIo): Promise<number> {
  io.progress('bare loops in one and in two threads');
  const program = new URL('./ceiling.js', import.meta.url);
  const runtime = await Runtime.start({ build: 'free-threaded', threads: 2, memory: 64 << 20 });
  try {
    const rates = { 1: [] as number[], 2: [] as number[] };
    for (let round = 0; round < CEILING_ROUNDS; round++) {
      for (const threads of [1, 2] as const) {
        const args = { timeMs: CEILING_MS };
        const { results } = await runtime.run(program, { args, threads, signal: io.signal });
        rates[threads].push((results as number[]).reduce((sum, rate) => sum + rate, 0));
      }
    }
    return median(rates[2]) / median(rates[1]);
  } finally {
    await runtime.shutdown();
  }
}

/** Time an operation of free-threaded over gil at one thread, by workload, and their geometric mean. */
export function priceOfHeaps(results: readonly Result[]): { mean: number; worst: string } {
  const prices = MEMORY_WORKLOADS.flatMap(({ name }) => {
    const of = (build: string): number | undefined =>
      results.find((result) => result.workload === name && result.build === build)?.nsPerOp;
    const [free, gil] = [of('free-threaded'), of('gil')];
    return free === undefined || gil === undefined ? [] : [{ name, price: free / gil }];
  });
  const worst = prices.reduce((most, one) => (one.price > most.price ? one : most), prices[0]);
  return {
    mean: geometricMean(prices.map(({ price }) => price)),
    worst: worst === undefined ? '' : `worst ${worst.name} with ${worst.price.toFixed(2)}`,
  };
}
