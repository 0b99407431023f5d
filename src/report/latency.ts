import { createHistogram } from '../workloads/latency/hdr.js';
import type { LatencyCounts } from '../workloads/latency/latencyCounts.js';
import type { Latency } from './figures.js';

/** Steps of the curve to each factor of ten by which the share of longer requests falls: 0.9, 0.99, 0.999 ... */
const STEPS = 10;
/** Points at most, the last one included. */
const POINTS = 60;

/** Percentiles and curve of what was recorded; null if nothing was. */
export function toLatency(counts: LatencyCounts | null): Latency | null {
  if (counts === null || counts.length === 0) return null;
  const histogram = createHistogram();
  for (const [nanoseconds, count] of counts) histogram.recordValueWithCount(nanoseconds, count);
  const max = counts[counts.length - 1][0];
  const total = histogram.totalCount;
  // A bucket's upper end may lie above the longest time in it.
  const at = (share: number) => Math.min(histogram.getValueAtPercentile(share * 100), max);
  return {
    count: total,
    mean: histogram.mean,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max,
    curve: shares(total).map((share) => [share, at(share)]),
  };
}

/**
 * As HdrHistogram draws percentiles: points crowd towards 1, where the long waits are, as far as there are requests to
 * tell them apart. With 10,000 requests these are 41.
 */
function shares(total: number): number[] {
  const found: number[] = [0];
  for (let step = 1; found.length < POINTS - 1; step++) {
    const longer = 10 ** (-step / STEPS);
    if (longer * total < 1) break;
    found.push(1 - longer);
  }
  found.push(1);
  return found;
}
