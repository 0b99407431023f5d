import { createRequire } from 'node:module';
import type { Histogram } from 'hdr-histogram-js';

/** An hour, in nanoseconds: longer times count as that. */
export const LONGEST = 3_600_000_000_000;
/** Three decimal digits: an error of 0.1 %. */
const DIGITS = 3;

const load = createRequire(import.meta.url);

/**
 * An empty histogram of nanoseconds, of hdr-histogram-js in its JavaScript form. Loaded when the first one is made, and
 * that class alone: the package's index also unpacks a WebAssembly module, which takes ten times as long.
 */
export function createHistogram(): Histogram {
  const { default: Int32Histogram } = load('hdr-histogram-js/dist/Int32Histogram.js') as {
    default: new (lowest: number, highest: number, digits: number) => Histogram;
  };
  return new Int32Histogram(1, LONGEST, DIGITS);
}
