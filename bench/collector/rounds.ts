import { Runtime } from '../../src/runtime/runtime.js';
import type { CaseArgs, CaseTimes, CollectorCase } from './cases.js';
import type { StopArgs, StopTimes } from './safepoints.js';

const CASES = new URL('./cases.js', import.meta.url);
const SAFEPOINTS = new URL('./safepoints.js', import.meta.url);

/** Where a case runs. */
export interface Variant {
  readonly build: string;
  readonly threads: number;
  readonly one: CollectorCase;
}

export interface RoundOptions {
  /** Each round builds everything anew; the variants take turns in it. */
  readonly rounds: number;
  readonly samples: number;
  readonly memory: number;
}

/**
 * Milliseconds of each variant, by what its case has in turns. Workers of its own for each call, and for each build and
 * number of threads in it. null once the signal is aborted; rejects if a case fails.
 */
export async function measureVariants(
  variants: readonly Variant[],
  options: RoundOptions,
  signal: AbortSignal,
): Promise<CaseTimes[] | null> {
  const runtimes = new Map<string, Runtime>();
  const times = variants.map((): number[][] => []);
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const [index, variant] of variants.entries()) {
        if (signal.aborted) return null;
        const runtime = await runtimeOf(runtimes, variant, options);
        const args: CaseArgs = { one: variant.one, samples: options.samples };
        const { results } = await runtime.run(CASES, { args, threads: variant.threads, signal });
        (results[0] as CaseTimes).forEach((own, turn) => {
          times[index][turn] = [...(times[index][turn] ?? []), ...own];
        });
      }
    }
    return times;
  } finally {
    for (const runtime of runtimes.values()) await runtime.shutdown();
  }
}

async function runtimeOf(
  runtimes: Map<string, Runtime>,
  { build, threads }: Variant,
  { memory }: RoundOptions,
): Promise<Runtime> {
  const key = `${build} ${threads}`;
  const known = runtimes.get(key);
  if (known !== undefined) return known;
  const runtime = await Runtime.start({ build, threads, memory });
  runtimes.set(key, runtime);
  return runtime;
}

/** Stops among so many threads of free-threaded; null once the signal is aborted. */
export async function measureStops(
  threads: number,
  args: StopArgs,
  signal: AbortSignal,
): Promise<StopTimes | null> {
  if (signal.aborted) return null;
  const runtime = await Runtime.start({ build: 'free-threaded', threads, memory: 64 << 20 });
  try {
    const { results } = await runtime.run(SAFEPOINTS, { args, signal });
    return results[0] as StopTimes;
  } finally {
    await runtime.shutdown();
  }
}
