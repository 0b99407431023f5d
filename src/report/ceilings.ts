import type { Ceiling } from './figures.js';
import type { Beside, Result } from './results.js';
import { maximum, mean, median, minimum } from './statistics.js';

/**
 * What the machine could have given a row: bare loops beside its samples, all threads at once, over the bare loop beside the
 * samples of one thread, as the row's speed-up is its throughput over theirs. Means: a loop's rate is its share of the
 * machine, which is all or nothing from one moment to the next when others run; a median of few such moments jumps.
 * `single`: of one thread; undefined: this row's own loops of one thread serve. Null at one thread, or where nothing
 * was measured.
 */
export function ceilingOfRow(beside: Beside, single: Beside | undefined): number | null {
  const together = known(beside.together);
  const alone = known((single ?? beside).bareRate);
  const ceiling = mean(together) / mean(alone.length > 0 ? alone : known(beside.bareRate));
  return Number.isFinite(ceiling) && ceiling > 0 ? ceiling : null;
}

/** The machine's ceiling by number of threads, rising, a sample for each row; empty where none was measured. */
export function ceilingsOf(results: readonly Result[]): Ceiling[] {
  const threads = [...new Set(results.map((result) => result.threads))].sort((a, b) => a - b);
  return threads.flatMap((count) => {
    const samples = known(results.map((result) => (result.threads === count ? result.ceiling : null)));
    if (samples.length === 0) return [];
    return [
      { threads: count, median: median(samples), min: minimum(samples), max: maximum(samples), samples },
    ];
  });
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}
