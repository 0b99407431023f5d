/** The few statistics that a comparison needs. Every function gives NaN for an empty input. */

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  // Halved before adding, so that two huge values do not overflow.
  return sorted[middle - 1] / 2 + sorted[middle] / 2;
}

export function minimum(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => Math.min(a, b));
}

export function maximum(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => Math.max(a, b));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean for ratios: halving and doubling cancel out. All values must be positive; NaN otherwise. */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0 || !values.every((value) => value > 0)) return Number.NaN;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * Jain's index of fairness (Jain, Chiu and Hawe 1984) over the threads' throughputs, none negative: 1 is perfectly fair,
 * 1 / threads says that one thread did everything. NaN when no thread did anything.
 */
export function jainIndex(perThread: readonly number[]): number {
  const sum = perThread.reduce((total, value) => total + value, 0);
  const squares = perThread.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (perThread.length * squares);
}

/** How far the values lie apart: (max - min) / median. */
export function spread(values: readonly number[]): number {
  return (maximum(values) - minimum(values)) / median(values);
}

/** The smallest value that at least `share` of the values (0 to 1) do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
}

/** Half of the values lie within this much of each other, over the median: what noise does, outliers apart. */
export function noise(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}
