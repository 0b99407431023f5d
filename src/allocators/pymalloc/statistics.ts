import { Control, type HeapTag } from '../../memory/layout.js';
import { Arena, Pool, Small, State } from './layout.js';
import { blockWords, carvedBlocks } from './visit.js';
import { walkArenas, walkPools } from './walk.js';

/** The pools of one tag and size class. */
export interface PoolClass {
  readonly tag: HeapTag;
  /** Bytes of a block. */
  readonly size: number;
  /** Pools with blocks in use. */
  readonly pools: number;
  /** Blocks of these pools: in use, carved at all, and there could be. */
  readonly live: number;
  readonly carved: number;
  readonly capacity: number;
}

/** What `sys._debugmallocstats` prints. The bytes of all `*Bytes` below `arenaBytes` add up to it. */
export interface PymallocStatistics {
  readonly arenaSize: number;
  readonly poolSize: number;
  /** Arenas now, ever, and at most at a time. */
  readonly arenas: number;
  readonly arenasEver: number;
  readonly arenasHighWater: number;
  /** Bytes of all arenas. */
  readonly arenaBytes: number;
  /** Bytes of blocks in use, and of free blocks in the same pools. */
  readonly allocatedBytes: number;
  readonly availableBytes: number;
  /** Pools without a block in use, and their bytes. */
  readonly freePools: number;
  readonly freePoolBytes: number;
  readonly poolHeaderBytes: number;
  /** Tails of pools, too short for a block. */
  readonly quantisationBytes: number;
  /** Of arenas that are not aligned to a pool. */
  readonly arenaAlignmentBytes: number;
  /** Blocks in use in pools, and from the raw allocator; both together: `sys.getallocatedblocks()` (INV-3.3). */
  readonly smallBlocks: number;
  readonly rawBlocks: number;
  readonly allocatedBlocks: number;
  /** Length of the array of arena objects, and nodes of the radix tree. */
  readonly arenaObjects: number;
  readonly mapNodes: number;
  /** Those that have pools, by tag and size. */
  readonly classes: readonly PoolClass[];
}

const enum Row {
  Pools = 0,
  Live = 1,
  Carved = 2,
  Words = 3,
}

/** `base`: the interpreter's state. No thread of the interpreter may run. */
export function pymallocStatistics(
  heap: Int32Array,
  base: number = Control.InterpreterAllocator,
): PymallocStatistics {
  const poolSize = heap[base + State.PoolWords] * 4;
  const arenaSize = heap[base + State.ArenaWords] * 4;
  const arenas = heap[base + State.ArenaCount];
  const { rows, freePools, totalPools } = countPools(heap, base);
  const classes = poolClasses(rows, poolSize);
  const pools = sum(classes, (row) => row.pools);
  const smallBlocks = sum(classes, (row) => row.live);
  const rawBlocks = heap[base + State.RawBlocks];
  return {
    arenaSize,
    poolSize,
    arenas,
    arenasEver: heap[base + State.ArenasEver],
    arenasHighWater: heap[base + State.ArenasHighWater],
    arenaBytes: arenas * arenaSize,
    allocatedBytes: sum(classes, (row) => row.live * row.size),
    availableBytes: sum(classes, (row) => (row.capacity - row.live) * row.size),
    freePools,
    freePoolBytes: freePools * poolSize,
    poolHeaderBytes: pools * Pool.HeaderWords * 4,
    quantisationBytes: sum(classes, (row) => row.pools * ((poolSize - Pool.HeaderWords * 4) % row.size)),
    arenaAlignmentBytes: arenas * arenaSize - totalPools * poolSize,
    smallBlocks,
    rawBlocks,
    allocatedBlocks: smallBlocks + rawBlocks,
    arenaObjects: heap[base + State.ArenaObjects],
    mapNodes: heap[base + State.MiddleNodes] + heap[base + State.BottomNodes],
    classes,
  };
}

/** Walks all arenas. `rows`: pools with blocks in use and these blocks, by `Pool.SizeIndex`. */
function countPools(heap: Int32Array, base: number) {
  const rows = new Int32Array(State.UsedPoolsCount * Row.Words);
  let freePools = 0;
  let totalPools = 0;
  walkArenas(heap, base, (arena) => {
    totalPools += heap[arena + Arena.TotalPools];
    freePools += heap[arena + Arena.FreePoolCount];
    walkPools(heap, base, arena, (pool, used) => {
      if (!used) return;
      const row = heap[pool + Pool.SizeIndex] * Row.Words;
      rows[row + Row.Pools]++;
      rows[row + Row.Live] += heap[pool + Pool.Count];
      rows[row + Row.Carved] += carvedBlocks(heap, pool);
    });
  });
  return { rows, freePools, totalPools };
}

function poolClasses(rows: Int32Array, poolSize: number): PoolClass[] {
  const classes: PoolClass[] = [];
  for (let index = 0; index < State.UsedPoolsCount; index++) {
    const pools = rows[index * Row.Words + Row.Pools];
    if (pools === 0) continue;
    const size = blockWords(index) * 4;
    const tag: HeapTag = Math.floor(index / Small.Classes);
    const live = rows[index * Row.Words + Row.Live];
    const carved = rows[index * Row.Words + Row.Carved];
    const capacity = pools * Math.floor((poolSize - Pool.HeaderWords * 4) / size);
    classes.push({ tag, size, pools, live, carved, capacity });
  }
  return classes;
}

function sum(classes: readonly PoolClass[], value: (row: PoolClass) => number): number {
  return classes.reduce((total, row) => total + value(row), 0);
}
