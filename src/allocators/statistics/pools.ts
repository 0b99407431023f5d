import { Control, Geometry } from '../../memory/layout.js';
import { type PymallocStatistics, pymallocStatistics } from '../pymalloc/statistics.js';
import type { OwnerCollector } from './collector.js';
import type { ArenaTotals } from './types.js';

/**
 * The segments of arenas - one at least -, of all interpreters. What is not in pools with blocks in use is
 * unused, or lost to the alignment of pools.
 */
export function addArenas(
  heap: Int32Array,
  segments: readonly number[],
  collector: OwnerCollector,
): ArenaTotals {
  const bases = segments.map((segment) => heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)]);
  const interpreters = [...new Set(bases)].map((base) => pymallocStatistics(heap, base));
  collector.segments += segments.length;
  const lost = sumOf(interpreters, 'arenaAlignmentBytes');
  const pooled = interpreters.reduce((sum, figures) => sum + addClasses(figures, collector), 0);
  collector.addOutside({ waste: lost, unused: segments.length * Geometry.SegmentBytes - pooled - lost });
  return totalsOf(interpreters);
}

/** Returns the bytes of the pools. */
function addClasses({ classes, poolSize }: PymallocStatistics, collector: OwnerCollector): number {
  let bytes = 0;
  for (const { tag, size, pools, live, carved, capacity } of classes) {
    const counts = { size, pages: pools, waitingPages: 0, live, carved, capacity, bytes: pools * poolSize };
    collector.addPages(tag, counts);
    bytes += counts.bytes;
  }
  return bytes;
}

/** The geometry is the first one's: within a build all have the same. */
function totalsOf(interpreters: readonly PymallocStatistics[]): ArenaTotals {
  const { arenaSize, poolSize } = interpreters[0];
  return {
    arenaSize,
    poolSize,
    arenas: sumOf(interpreters, 'arenas'),
    arenasEver: sumOf(interpreters, 'arenasEver'),
    arenasHighWater: sumOf(interpreters, 'arenasHighWater'),
    freePools: sumOf(interpreters, 'freePools'),
    freePoolBytes: sumOf(interpreters, 'freePoolBytes'),
    poolHeaderBytes: sumOf(interpreters, 'poolHeaderBytes'),
    quantisationBytes: sumOf(interpreters, 'quantisationBytes'),
  };
}

function sumOf(
  interpreters: readonly PymallocStatistics[],
  figure: Exclude<keyof PymallocStatistics, 'classes'>,
): number {
  return interpreters.reduce((sum, figures) => sum + figures[figure], 0);
}
