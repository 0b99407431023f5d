import type { Fidelity } from './figures.js';
import type { Result } from './results.js';
import { formatRatio, plural } from './text.js';

/**
 * A speed-up is near CPython's if it is off by at most this share of CPython's: |ours / theirs - 1|. CPython's is the
 * one to be met, hence the base of the percentage.
 */
const NEAR = 0.25;
/** The same double computed in two ways may fall on either side of the line. */
const ROUNDING = 1e-9;
/** With fewer rows, any order is much like any other. */
const LEAST_ROWS = 3;

/** Rows that are listed in words; all of them are in compare.json. */
const LISTED = 8;

/** Workloads whose distance from CPython `docs/fidelity.md` speaks of, under their names, and the build it is about. */
export const DOCUMENTED: Readonly<Record<string, string>> = {
  'shared-list-append': 'free-threaded',
  'shared-dict-set': 'free-threaded',
  'shared-dict-mixed': 'free-threaded',
  'shared-counter-lock': 'free-threaded',
  'alloc-drop-list': 'gil',
};

interface Row {
  readonly workload: string;
  readonly build: string;
  readonly ours: number;
  readonly cpython: number;
}

/**
 * How near our speed-ups are to CPython's, at the highest number of threads at which any row has both. A wrong result takes
 * no part. Null if there is no row.
 */
export function fidelityOf(results: readonly Result[]): Fidelity | null {
  const both = results.filter((result) => result.threads > 1 && rowOf(result) !== null);
  if (both.length === 0) return null;
  const threads = both.reduce((most, result) => Math.max(most, result.threads), 0);
  const rows = both.filter((result) => result.threads === threads).flatMap((result) => rowOf(result) ?? []);
  const builds = [...new Set(rows.map((row) => row.build))];
  return {
    threads,
    ...summaryOf(rows),
    outside: rows.filter((row) => !isNear(row)).sort((a, b) => distance(b) - distance(a)),
    builds: Object.fromEntries(
      builds.map((build) => [build, summaryOf(rows.filter((row) => row.build === build))]),
    ),
  };
}

function rowOf({ workload, build, speedup, cpython, wrong }: Result): Row | null {
  const theirs = cpython?.speedup ?? null;
  if (wrong !== null || speedup === null || theirs === null || speedup <= 0 || theirs <= 0) return null;
  return { workload, build, ours: speedup, cpython: theirs };
}

function summaryOf(rows: readonly Row[]): Fidelity['builds'][string] {
  const ours = rows.map((row) => row.ours);
  const theirs = rows.map((row) => row.cpython);
  return {
    rows: rows.length,
    rankCorrelation: rankCorrelation(ours, theirs),
    within25Percent: rows.filter(isNear).length / rows.length,
  };
}

function isNear({ ours, cpython }: Row): boolean {
  return Math.abs(ours / cpython - 1) <= NEAR + ROUNDING;
}

/** By factor, so that half and double are equally far. */
function distance({ ours, cpython }: Row): number {
  return Math.abs(Math.log(ours / cpython));
}

/**
 * Spearman's rank correlation, -1 to 1: Pearson's correlation of the ranks, equal values sharing the mean of theirs
 * (Kendall and Gibbons, Rank Correlation Methods, chapter 3). Null for fewer than three pairs, and where all values of
 * a side are equal.
 */
export function rankCorrelation(one: readonly number[], other: readonly number[]): number | null {
  if (one.length < LEAST_ROWS) return null;
  const [x, y] = [deviations(ranks(one)), deviations(ranks(other))];
  const scale = Math.sqrt(dot(x, x) * dot(y, y));
  if (scale === 0) return null;
  // Rounding may carry a perfect correlation past 1.
  return Math.max(-1, Math.min(1, dot(x, y) / scale));
}

/** Ranks from 1. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

function deviations(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function dot(x: readonly number[], y: readonly number[]): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}

/** A paragraph for people, a sentence an entry; empty if there is nothing to say. */
export function fidelityInWords(fidelity: Fidelity | null): string[] {
  if (fidelity === null) return [];
  const { rows, threads, within25Percent, outside, builds } = fidelity;
  const near = Math.round(within25Percent * rows);
  const share = `${near} of ${plural(rows, 'speed-up')} at ${plural(threads, 'thread')} within 25 % of CPython's`;
  const each = Object.entries(builds).map(
    ([build, of]) =>
      `${build} ${Math.round(of.within25Percent * of.rows)} of ${of.rows}${correlationInWords(of)}`,
  );
  const first = `Fidelity: ${share}${correlationInWords(fidelity)}${each.length > 1 ? `; ${each.join('; ')}` : ''}.`;
  if (outside.length === 0) return [first];
  const list = outside
    .slice(0, LISTED)
    .map(
      ({ workload, build, ours, cpython }) =>
        `${workload} in ${build} ${formatRatio(ours)} (CPython: ${formatRatio(cpython)})`,
    );
  const more = outside.length > LISTED ? `; and ${outside.length - LISTED} more` : '';
  const known = outside
    .filter(({ workload, build }) => Object.hasOwn(DOCUMENTED, workload) && DOCUMENTED[workload] === build)
    .map(({ workload }) => workload);
  const why = known.length > 0 ? ` docs/fidelity.md says what is known of ${known.join(', ')}.` : '';
  return [first, `Outside: ${list.join('; ')}${more}.${why}`];
}

function correlationInWords({ rankCorrelation: value }: { rankCorrelation: number | null }): string {
  return value === null ? '' : `, rank correlation ${formatRatio(value)}`;
}
