import type { Workload } from '../workload.js';

/** What a case of `Tools/ftscalingbench` says of itself; the rest is alike for all. */
export type ScalingCase = Omit<Workload, 'group' | 'unsafe'>;

/**
 * A case of CPython's `Tools/ftscalingbench`: each thread does the same with objects of its own, and what they share is
 * meant to cost nothing: the names, functions, classes and constants that the code itself refers to. The figures that the
 * cases quote are the speed-ups of CPython 3.13t and of early 3.14 (October 2024), whose constants, classes and functions
 * were no longer immortal and not yet counted apart; no primary figures are known for 3.14 itself.
 */
export function scalingCase(spec: ScalingCase): Workload {
  return { ...spec, group: 'scaling', unsafe: false };
}
