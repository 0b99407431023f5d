import { type Baseline, type BaselineRow, unitsOf } from './baseline.js';
import type { Interval } from './figures.js';
import type { Result } from './results.js';
import { geometricMean } from './statistics.js';

/** Against a baseline, one row of both. */
export interface Change {
  workload: string;
  build: string;
  threads: number;
  /** Operations per second of all threads, medians. */
  before: number;
  after: number;
  /** `after / before`: above 1 is faster. */
  ratio: number;
  /** Of the ratio; null where either run has no interval. */
  interval: Interval | null;
  /** Chance of a ratio this far from 1 if nothing had changed, corrected for the number of rows; null without an interval. */
  p: number | null;
  verdict: 'faster' | 'slower' | 'as before' | 'unknown';
}

/** The whole comparison with a baseline. */
export interface Changes {
  rows: Change[];
  /** Geometric mean of the ratios: what the machine's mood did to all rows alike shows here. NaN without rows. */
  overall: number;
  /** Rows that only one of the two runs has. */
  onlyBefore: number;
  onlyAfter: number;
}

/** Share of false alarms that is accepted in one whole comparison. */
const ALPHA = 0.05;
/** Standard errors between a median and the end of its 95 % interval. */
const Z_95 = 1.96;

/** Right rows only: what computed something wrong has no speed. The order is that of `results`. */
export function compareWithBaseline(results: readonly Result[], baseline: Baseline): Changes {
  const right = results.filter((result) => result.wrong === null && result.opsPerSecond.median > 0);
  const pairs = right.flatMap((after) => {
    const before = baseline.rows.find((row) => isSame(row, after));
    return before === undefined ? [] : [{ before, after }];
  });
  const rows = pairs.map(({ before, after }) => toChange(before, after));
  judge(rows);
  return {
    rows,
    overall: geometricMean(rows.map((row) => row.ratio)),
    onlyBefore: baseline.rows.length - rows.length,
    onlyAfter: right.length - rows.length,
  };
}

function isSame(row: BaselineRow, { workload, build, threads }: Result): boolean {
  return row.workload === workload && row.build === build && row.threads === threads;
}

function toChange(before: BaselineRow, { workload, build, threads, opsPerSecond, beside }: Result): Change {
  const ratio = opsPerSecond.median / before.opsPerSecond.median;
  const interval = ratioInterval(opsPerSecond, before.opsPerSecond);
  return {
    workload,
    build,
    threads,
    before: before.opsPerSecond.median,
    after: opsPerSecond.median,
    ratio,
    interval,
    p: interval === null ? null : chance(ratio, interval, freedom(before.units) + freedom(unitsOf(beside))),
    verdict: 'unknown',
  };
}

interface Estimate {
  readonly median: number;
  readonly interval: Interval | null;
}

/**
 * 95 % interval of a ratio of two independent estimates from their own intervals, by recovering the variances at the end
 * that matters, on the logarithms (MOVER: Zou and Donner, Statistics in Medicine 2008). Whatever the intervals allow for
 * (samples of one worker are alike) is allowed for here.
 */
function ratioInterval(over: Estimate, under: Estimate): Interval | null {
  if (over.interval === null || under.interval === null) return null;
  const far = (a: number, b: number): number => Math.log(a / b) ** 2;
  const down = Math.sqrt(far(over.median, over.interval.low) + far(under.interval.high, under.median));
  const up = Math.sqrt(far(over.interval.high, over.median) + far(under.median, under.interval.low));
  const ratio = over.median / under.median;
  const interval = { low: ratio * Math.exp(-down), high: ratio * Math.exp(up) };
  return Number.isFinite(interval.low) && Number.isFinite(interval.high) ? interval : null;
}

/**
 * Two-sided, by the standard error on the side of the interval that faces 1. That error is itself an estimate from a few
 * rounds: by the normal distribution, 64 unchanged rows of four rounds each held a "sure" change in 28 to 42 % of simulated
 * comparisons, by Student's in 0 to 3 %.
 */
function chance(ratio: number, interval: Interval, degrees: number): number {
  const towards = ratio > 1 ? interval.low : interval.high;
  const error = Math.abs(Math.log(towards / ratio)) / Z_95;
  const distance = Math.abs(Math.log(ratio));
  if (error === 0) return distance === 0 ? 1 : 0;
  return studentTails(distance / error, degrees);
}

function freedom(units: number): number {
  return Math.max(units - 1, 1);
}

/** Chance that Student's t with so many degrees of freedom is farther from 0 than `t` (Abramowitz and Stegun 26.7.3, 26.7.4). */
export function studentTails(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cos2 = Math.cos(angle) ** 2;
  const odd = degrees % 2;
  let term = odd === 1 ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = 2 + odd; k < degrees; k += 2) {
    term *= (cos2 * (k - 1)) / k;
    sum += term;
  }
  const within = odd === 1 ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return Math.max(0, 1 - within);
}

/**
 * Corrects the chances for the number of rows (Holm, Scandinavian Journal of Statistics 1979): of a hundred comparisons of a
 * program with itself, five may find any row changed. Then gives the verdicts.
 */
function judge(rows: readonly Change[]): void {
  const known = rows.filter((row) => row.p !== null).sort((a, b) => a.p! - b.p!);
  let least = 0;
  for (const [rank, row] of known.entries()) {
    least = Math.min(1, Math.max(least, row.p! * (known.length - rank)));
    row.p = least;
    row.verdict = least > ALPHA ? 'as before' : row.ratio > 1 ? 'faster' : 'slower';
  }
}

/** Rows that are surely slower, and by at least `share` (0.05: 5 %) in their medians. */
export function regressions({ rows }: Changes, share: number): Change[] {
  return rows.filter((row) => row.verdict === 'slower' && row.ratio <= 1 - share);
}
