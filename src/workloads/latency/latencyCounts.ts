/**
 * How many requests took how many nanoseconds, rising; a bucket of a histogram has the most that falls into it, the last
 * entry the longest time that there was. Can be cloned, and written as JSON.
 */
export type LatencyCounts = readonly (readonly [nanoseconds: number, count: number])[];

/** Both together; null where neither has any. */
export function mergeLatencies(one: LatencyCounts | null, other: LatencyCounts | null): LatencyCounts | null {
  if (one === null || other === null) return one ?? other;
  const counts = new Map<number, number>(one);
  for (const [nanoseconds, count] of other) counts.set(nanoseconds, (counts.get(nanoseconds) ?? 0) + count);
  return [...counts].sort(([a], [b]) => a - b);
}
