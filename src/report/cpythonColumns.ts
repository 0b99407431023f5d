import type { Column } from './columns.js';
import { bundledFigures } from './cpython.js';
import { findResult, type Result } from './results.js';
import { formatRatio } from './text.js';

/** CPython's speed-ups beside those of one build. */
export interface BesideColumn {
  /** Null where there is one column: of the first interpreter, with bundled figures where that has none. */
  readonly interpreter: string | null;
  /** Null where it was not measured. */
  speedup(workload: string): number | null;
}

/** One column, or one for each interpreter where several stand beside the build. */
export function speedupsBeside(results: readonly Result[], build: string, threads: number): BesideColumn[] {
  const rows = results.filter((result) => result.build === build && result.threads === threads);
  const names = new Set(rows.flatMap((row) => (row.interpreters ?? []).map((one) => one.interpreter)));
  if (names.size < 2) {
    return [{ interpreter: null, speedup: (workload) => besideOf(results, workload, build, threads) }];
  }
  return [...names].map((name = '') => ({
    interpreter: name,
    speedup(workload) {
      const all = findResult(results, workload, build, threads)?.interpreters ?? [];
      return all.find((one) => one.interpreter === name)?.speedup ?? null;
    },
  }));
}

/** Where ours was not measured, what is bundled. */
function besideOf(
  results: readonly Result[],
  workload: string,
  build: string,
  threads: number,
): number | null {
  const row = findResult(results, workload, build, threads);
  const figures = row === undefined ? bundledFigures(workload, build, threads) : row.cpython;
  return figures?.speedup ?? null;
}

/** For the terminal's table. A build or number of threads that CPython was not measured at has no column of dashes. */
export function cpythonSpeedups(
  results: readonly Result[],
  workloads: readonly string[],
  build: string,
  threads: number,
): Column[] {
  const beside = speedupsBeside(results, build, threads);
  // The file's name of a path: columns are narrow.
  const short = beside.map(({ interpreter }) => interpreter?.split(/[/\\]/).pop() ?? 'CPython');
  const unique = new Set(short).size === short.length;
  return beside
    .map(({ interpreter, speedup }, i) => ({
      head: unique ? short[i] : (interpreter ?? short[i]),
      cells: workloads.map((workload) => formatRatio(speedup(workload))),
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== '-'));
}
