/** Garbage that waited for a collector, in objects: unreachable, not yet found. */
export interface TrashUse {
  /** How often a thread looked. */
  readonly looks: number;
  readonly peak: number;
  readonly mean: number;
  /** In the order of time, evenly thinned out; milliseconds since the run began. */
  readonly series: readonly { readonly ms: number; readonly objects: number }[];
}

/** Of several runs: their highest peak, the mean of all looks, the series of the first. */
export function mergeTrash(one: TrashUse | null, other: TrashUse | null): TrashUse | null {
  if (one === null || other === null) return one ?? other;
  const looks = one.looks + other.looks;
  const mean = (one.mean * one.looks + other.mean * other.looks) / looks;
  return { looks, peak: Math.max(one.peak, other.peak), mean, series: one.series };
}
