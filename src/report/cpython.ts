/** What CPython itself reaches, to hold our figures against: measured in the same session, or bundled. Never computed. */

import { MEASURED, MEASURED_SOURCE } from './cpythonMeasured.js';
import type { Interval, Latency } from './figures.js';

/** Builds of ours that CPython has, too. */
export type CPythonBuild = 'gil' | 'free-threaded';

/** What `source` says of bundled figures. */
export const BUNDLED = 'bundled';

/** How the bundled figures were measured. */
export const CPYTHON_SOURCE = MEASURED_SOURCE;

/** CPython's figures for one workload, build and number of threads. */
export interface CPythonFigures {
  /** Over the same interpreter at 1 thread; null if that was not measured. */
  speedup: number | null;
  /** Of live figures; null at one thread, or of too few samples. */
  speedupInterval?: Interval | null;
  /** 1e9 / operations per second of all threads together. */
  nsPerOp: number;
  /** `bundled`, or the interpreter that ran beside ours: `CPython 3.14.2 free-threaded, python3.14t`. */
  source: string;
  /** The interpreter as it was named. Of live figures, like what follows. */
  interpreter?: string;
  /** `3.14.2`. */
  version?: string;
  opsPerSecond?: { median: number; min: number; max: number; samples: number[]; interval: Interval | null };
  /** As for our results. */
  fairness?: number;
  latency?: Latency | null;
}

/** The bundled figures; null where it was not measured: another workload, build, or not 1, 2 or 4 threads. */
export function bundledFigures(workload: string, build: string, threads: number): CPythonFigures | null {
  const many = bundledMops(workload, build, threads);
  const one = bundledMops(workload, build, 1);
  if (many === null || one === null) return null;
  return { speedup: many / one, nsPerOp: 1000 / many, source: BUNDLED };
}

/** Million operations per second of all threads together; null where it was not measured. */
export function bundledMops(workload: string, build: string, threads: number): number | null {
  if (!Object.hasOwn(MEASURED, workload)) return null;
  if (build !== 'gil' && build !== 'free-threaded') return null;
  const column = [1, 2, 4].indexOf(threads);
  return column < 0 ? null : MEASURED[workload][build][column];
}

/** Where the figures beside these results come from, as a phrase: each interpreter, or what is bundled, or both. */
export function cpythonSource(
  results: readonly {
    readonly cpython: CPythonFigures | null;
    readonly interpreters?: readonly CPythonFigures[];
  }[],
): string {
  const shown = results.flatMap(({ cpython, interpreters }) => [cpython, ...(interpreters ?? [])]);
  const sources = new Set(shown.filter((figures) => figures !== null).map((figures) => figures.source));
  const live = [...sources].filter((source) => source !== BUNDLED);
  const bundled = `bundled, from ${CPYTHON_SOURCE}`;
  if (live.length === 0) return bundled;
  const here = `${live.join('; ')}, measured beside ours`;
  return sources.has(BUNDLED) ? `${here}; where these have none, ${bundled}` : here;
}
