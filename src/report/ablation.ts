import { byRound, ratioInterval } from './bootstrap.js';
import type { Interval } from './figures.js';
import { findResult, type Result } from './results.js';
import { median } from './statistics.js';
import { formatRatio, plural } from './text.js';

/** A build, and the builds that each lack one of its mechanisms. */
export interface AblationPlan {
  readonly build: string;
  readonly without: readonly { readonly mechanism: string; readonly build: string }[];
}

/** What one mechanism is worth to one workload: an entry of `ablation` in compare.json. */
export interface AblationCell {
  build: string;
  mechanism: string;
  workload: string;
  threads: number;
  /** Throughput with the mechanism over throughput without. Null: not measured, or a wrong result. */
  cost: number | null;
  /** Of the cost, 95 %, by bootstrap over pairs of rounds; null for fewer than three samples. */
  interval: Interval | null;
  /** How far either build was from itself between rounds; costs within 1 - noise and 1 + noise say nothing. */
  noise: number;
}

/** Below this, differences come from where V8 and the machine put things. */
const LEAST_NOISE = 0.05;
/** Makes the median absolute deviation of normally distributed values their standard deviation. */
const NORMAL = 1.4826;

/** Every cell: builds, then mechanisms, then workloads, then numbers of threads, in the order measured. */
export function toAblation(plans: readonly AblationPlan[], results: readonly Result[]): AblationCell[] {
  const workloads = [...new Set(results.map((result) => result.workload))];
  const threads = [...new Set(results.map((result) => result.threads))].sort((a, b) => a - b);
  return plans.flatMap((plan) =>
    plan.without.flatMap(({ mechanism, build }) =>
      workloads.flatMap((workload) =>
        threads.map((count) => ({
          build: plan.build,
          mechanism,
          workload,
          threads: count,
          ...compareThroughput(
            findResult(results, workload, plan.build, count),
            findResult(results, workload, build, count),
          ),
        })),
      ),
    ),
  );
}

/**
 * True if the interval does not contain 1, and if the builds differ by more than either does from itself between rounds: with
 * a table's dozens of cells, a few intervals of 95 % miss.
 */
export function isTelling({ cost, interval, noise }: AblationCell): boolean {
  if (cost === null || (interval !== null && interval.low <= 1 && interval.high >= 1)) return false;
  return Math.abs(Math.log(cost)) > Math.log(1 + noise);
}

/** `1.85`; `≈1` within noise; `-` without a figure. */
export function formatCost(cell: AblationCell | undefined): string {
  if (cell === undefined || cell.cost === null) return '-';
  return isTelling(cell) ? formatRatio(cell.cost) : '≈1';
}

/** A sentence for each mechanism: where it matters most. */
export function ablationInWords(cells: readonly AblationCell[]): string[] {
  const builds = [...new Set(cells.map((cell) => cell.build))];
  const keys = [...new Set(cells.map((cell) => JSON.stringify([cell.build, cell.mechanism])))];
  return keys.map((key) => {
    const [build, mechanism] = JSON.parse(key) as [string, string];
    const own = cells.filter((cell) => cell.build === build && cell.mechanism === mechanism);
    return `${builds.length > 1 ? `${build}, ` : ''}${mechanism}: ${worth(own)}.`;
  });
}

function worth(cells: readonly AblationCell[]): string {
  const measured = cells.filter((cell) => cell.cost !== null);
  if (measured.length === 0) return 'no figures to compare';
  const telling = measured.filter(isTelling);
  const costs = telling.map((cell) => cell.cost as number);
  const most = telling[costs.indexOf(Math.max(...costs))];
  const least = telling[costs.indexOf(Math.min(...costs))];
  const parts: string[] = [];
  if (most !== undefined && (most.cost as number) > 1) {
    parts.push(`matters most on ${place(most)}: ${formatRatio(most.cost)} times the throughput without it`);
  }
  if (least !== undefined && (least.cost as number) < 1) {
    parts.push(`costs on ${place(least)}: ${formatRatio(least.cost)} times the throughput without it`);
  }
  return parts.length > 0 ? parts.join('; ') : 'no difference beyond the noise on these workloads';
}

function place({ workload, threads }: AblationCell): string {
  return `${workload} at ${plural(threads, 'thread')}`;
}

function compareThroughput(
  base: Result | undefined,
  without: Result | undefined,
): Pick<AblationCell, 'cost' | 'interval' | 'noise'> {
  if (base === undefined || without === undefined) return { cost: null, interval: null, noise: LEAST_NOISE };
  const ratio = base.opsPerSecond.median / without.opsPerSecond.median;
  const right = base.wrong === null && without.wrong === null && Number.isFinite(ratio) && ratio > 0;
  const noise = Math.hypot(drift(base), drift(without));
  return {
    cost: right ? ratio : null,
    interval: right ? ratioInterval(roundsOf(base), roundsOf(without)) : null,
    noise: Math.max(LEAST_NOISE, Number.isFinite(noise) ? noise : 0),
  };
}

/** Relative standard deviation of the rounds' medians; one round that another program has disturbed does not count. */
function drift(result: Result): number {
  const rounds = roundsOf(result).map(median);
  const middle = median(rounds);
  return (NORMAL * median(rounds.map((round) => Math.abs(round - middle)))) / middle;
}

function roundsOf({ opsPerSecond, beside }: Result): number[][] {
  return byRound(opsPerSecond.samples, beside.round);
}
