/** Plain data of `heapStatistics`; sizes in bytes. */

/** How bytes of segments are used; the four add up to all of them. */
export interface Space {
  /** Blocks that are handed out, whole. */
  readonly live: number;
  /** Blocks on a free list. */
  readonly free: number;
  /** Never cut into blocks: pages' ends that are not carved, free slices, free pools. */
  readonly unused: number;
  /** Headers, and what is too short for a block. */
  readonly waste: number;
}

/** Pages (or pools) of one size of block. */
export interface ClassStatistics {
  /** Bytes of a block. */
  readonly size: number;
  readonly pages: number;
  /** Pages that are empty and wait until every thread has been quiescent. */
  readonly waitingPages: number;
  /** Blocks: handed out, on a free list, and there could be. */
  readonly live: number;
  readonly free: number;
  readonly capacity: number;
  readonly space: Space;
}

/** One heap: blocks of one tag. */
export interface TagStatistics {
  readonly tag: 'mem' | 'object' | 'gc' | 'gc-pre' | 'raw';
  readonly domain: 'raw' | 'mem' | 'object';
  readonly space: Space;
  /** By size of block. */
  readonly classes: readonly ClassStatistics[];
}

/** What one owner of segments has. */
export interface OwnerStatistics {
  /**
   * `thread N` (its slot), `left` (by threads that have exited), `malloc` (shared by all), `shared heaps`, `huge`
   * (blocks of more than half a segment), `pymalloc`; not looked into: `own allocator`, all live, and `debug hooks`
   * (their places of allocation), all waste.
   */
  readonly owner: string;
  readonly segments: number;
  /** Everything in its segments. */
  readonly space: Space;
  /** Of that, outside pages: segment headers (waste), and free slices, pools or arenas (unused). */
  readonly outside: Space;
  readonly tags: readonly TagStatistics[];
}

/** Arenas of pymalloc, as `sys._debugmallocstats` prints them. */
export interface ArenaTotals {
  readonly arenaSize: number;
  readonly poolSize: number;
  readonly arenas: number;
  /** Ever allocated, and most at a time. */
  readonly arenasEver: number;
  readonly arenasHighWater: number;
  readonly freePools: number;
  readonly freePoolBytes: number;
  readonly poolHeaderBytes: number;
  /** Ends of pools, too short for a block. */
  readonly quantisationBytes: number;
}

/** Live blocks that some queue holds until it is safe to free them. */
export interface WaitingStatistics {
  /** In queues of delayed frees. */
  readonly delayedBlocks: number;
  readonly delayedBytes: number;
  /** Empty pages with a goal, and their bytes. */
  readonly pages: number;
  readonly pageBytes: number;
  /** Objects in merge queues. */
  readonly queuedObjects: number;
}

/** Dead objects that a free list keeps. */
export interface CacheStatistics {
  /** `thread N`, or `interpreter`. */
  readonly owner: string;
  /** `ints`, `tuples of 3`, ... */
  readonly list: string;
  readonly blocks: number;
  readonly bytes: number;
}

export interface HeapStatistics {
  readonly segmentSize: number;
  readonly segments: {
    readonly all: number;
    readonly used: number;
    readonly peak: number;
    /** In use, by what they are for. */
    readonly heap: number;
    readonly huge: number;
    readonly arenas: number;
    /** Of a user's own allocator, and of debug hooks. */
    readonly other: number;
  };
  /** Everything in use: adds up to `segments.used * segmentSize`. */
  readonly space: Space;
  readonly owners: readonly OwnerStatistics[];
  /** null where pymalloc has no arena. */
  readonly pymalloc: ArenaTotals | null;
  readonly waiting: WaitingStatistics;
  readonly caches: readonly CacheStatistics[];
}
