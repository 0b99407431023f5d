import { Control, Geometry } from '../../memory/layout.js';
import { Arena, Pool, Small, State } from '../pymalloc/layout.js';
import { blockWords } from '../pymalloc/visit.js';
import { walkArenas, walkPools } from '../pymalloc/walk.js';
import type { OwnerCollector } from './collector.js';
import type { ArenaTotals } from './types.js';

/** Figures of pymalloc while they add up. */
export type ArenaFigures = { -readonly [key in keyof ArenaTotals]: ArenaTotals[key] };

/** Of the main interpreter; the others' pools are added to it. */
export function startArenaFigures(heap: Int32Array): ArenaFigures {
  const base = Control.InterpreterAllocator;
  return {
    arenaSize: heap[base + State.ArenaWords] * 4,
    poolSize: heap[base + State.PoolWords] * 4,
    arenas: heap[base + State.ArenaCount],
    arenasEver: heap[base + State.ArenasEver],
    arenasHighWater: heap[base + State.ArenasHighwater],
    freePools: 0,
    freePoolBytes: 0,
    poolHeaderBytes: 0,
    quantisationBytes: 0,
  };
}

/** A segment of arenas. What is not in pools with blocks in use is unused, or lost to the alignment of pools. */
export function addArenaSegment(
  heap: Int32Array,
  segment: number,
  collector: OwnerCollector,
  figures: ArenaFigures,
): void {
  const base = heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)];
  const poolBytes = heap[base + State.PoolWords] * 4;
  let pooled = 0;
  let lost = 0;
  collector.segments++;
  walkArenas(heap, base, (arena) => {
    if ((heap[arena + Arena.Address] & ~Geometry.SegmentMask) !== segment) return;
    lost += heap[base + State.ArenaWords] * 4 - heap[arena + Arena.TotalPools] * poolBytes;
    figures.freePools += heap[arena + Arena.FreePoolCount];
    figures.freePoolBytes += heap[arena + Arena.FreePoolCount] * poolBytes;
    walkPools(heap, base, arena, (pool, used) => {
      if (!used) return;
      pooled += poolBytes;
      addPool(heap, pool, poolBytes, collector, figures);
    });
  });
  collector.addOutside({ waste: lost, unused: Geometry.SegmentBytes - pooled - lost });
}

function addPool(
  heap: Int32Array,
  pool: number,
  poolBytes: number,
  collector: OwnerCollector,
  figures: ArenaFigures,
): void {
  const index = heap[pool + Pool.SizeIndex];
  const size = blockWords(index) * 4;
  const room = poolBytes - Pool.HeaderWords * 4;
  const capacity = Math.floor(room / size);
  const carved = Math.floor(((heap[pool + Pool.NextOffset] - Pool.HeaderWords) * 4) / size);
  const live = heap[pool + Pool.Count];
  figures.poolHeaderBytes += Pool.HeaderWords * 4;
  figures.quantisationBytes += room - capacity * size;
  collector.addPage(Math.floor(index / Small.Classes), {
    size,
    waitingPages: 0,
    live,
    free: carved - live,
    capacity,
    space: {
      live: live * size,
      free: (carved - live) * size,
      unused: (capacity - carved) * size,
      waste: poolBytes - capacity * size,
    },
  });
}
