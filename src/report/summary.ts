import type { CPythonFigures } from './cpython.js';
import { findResult, priceOfFreeThreading, type Result } from './results.js';
import { geometricMean } from './statistics.js';

/** Our figure beside CPython's, both geometric means over the same `workloads` workloads. */
export interface Beside {
  ours: number;
  /** Null where no workload among them was measured on CPython. */
  cpython: number | null;
  workloads: number;
}

/** The whole comparison in a few geometric means. A wrong result takes part in none of them. */
export interface Summary {
  /** Time per operation of free-threaded over gil at one thread; null unless both builds ran at one thread. */
  priceOfFreeThreading: Beside | null;
  /** Per build: throughput at the highest number of threads over throughput at one thread. */
  speedup: Record<string, Beside & { threads: number }>;
  /** Per build that CPython has too: our time per operation over CPython's, at one thread. */
  nsPerOpOverCPython: Record<
    string,
    { ratio: number; workloads: number; worst: { workload: string; ratio: number } }
  >;
}

export function summarise(results: readonly Result[]): Summary {
  const right = results.filter((result) => result.wrong === null && result.opsPerSecond.median > 0);
  const builds = [...new Set(right.map((result) => result.build))];
  const summary: Summary = { priceOfFreeThreading: price(right), speedup: {}, nsPerOpOverCPython: {} };
  for (const build of builds) {
    const own = right.filter((result) => result.build === build);
    const scaling = speedup(own);
    if (scaling !== null) summary.speedup[build] = scaling;
    const cost = overCPython(own);
    if (cost !== null) summary.nsPerOpOverCPython[build] = cost;
  }
  return summary;
}

/** Sets our ratios beside CPython's; null if there are none of ours. */
function beside(pairs: readonly { ours: number; cpython: number | null }[]): Beside | null {
  if (pairs.length === 0) return null;
  const theirs = pairs.map((pair) => pair.cpython).filter((ratio) => ratio !== null);
  return {
    ours: geometricMean(pairs.map((pair) => pair.ours)),
    // Means over different workloads would not be comparable: all of them, or no figure.
    cpython: theirs.length === pairs.length ? geometricMean(theirs) : null,
    workloads: pairs.length,
  };
}

function price(results: readonly Result[]): Beside | null {
  const workloads = [...new Set(results.map((result) => result.workload))];
  const pairs = workloads.flatMap((workload) => {
    const ours = priceOfFreeThreading(results, workload);
    return ours === null ? [] : [{ ours, cpython: cpythonPrice(results, workload) }];
  });
  return beside(pairs);
}

/**
 * CPython's time per operation of free-threaded over gil, at one thread; null where it has none. Both figures are bundled, or of two builds
 * of one release; otherwise the ratio would say something else, too.
 */
export function cpythonPrice(results: readonly Result[], workload: string): number | null {
  const gil = findResult(results, workload, 'gil', 1)?.cpython ?? null;
  const free = findResult(results, workload, 'free-threaded', 1)?.cpython ?? null;
  if (gil === null || free === null || releaseOf(gil) !== releaseOf(free)) return null;
  return free.nsPerOp / gil.nsPerOp;
}

/** `3.14`; undefined for bundled figures, whose two builds are of one commit. */
function releaseOf({ version }: CPythonFigures): string | undefined {
  return version?.split('.').slice(0, 2).join('.');
}

function speedup(own: readonly Result[]): (Beside & { threads: number }) | null {
  const threads = own.reduce((most, result) => Math.max(most, result.threads), 1);
  if (threads === 1) return null;
  const pairs = own
    .filter((result) => result.threads === threads && result.speedup !== null)
    .map((result) => ({
      ours: result.speedup!,
      cpython: result.cpython?.speedup ?? null,
    }));
  const means = beside(pairs);
  return means === null ? null : { ...means, threads };
}

function overCPython(own: readonly Result[]): Summary['nsPerOpOverCPython'][string] | null {
  const ratios = own.flatMap(({ workload, threads, nsPerOp, cpython }) =>
    threads !== 1 || cpython === null ? [] : [{ workload, ratio: nsPerOp / cpython.nsPerOp }],
  );
  if (ratios.length === 0) return null;
  return {
    ratio: geometricMean(ratios.map((entry) => entry.ratio)),
    workloads: ratios.length,
    worst: ratios.reduce((worst, entry) => (entry.ratio > worst.ratio ? entry : worst)),
  };
}
