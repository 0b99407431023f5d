import { Control, HeapTag } from '../../memory/layout.js';

/**
 * Layouts of pymalloc (CPython `pycore_obmalloc.h`). All words are protected by the GIL. Offsets in words.
 */
export const enum Small {
  /** 512 bytes. */
  MaxWords = 128,
  /** Classes of 16 bytes each. */
  Classes = 32,
}

/** A pool: 16 KiB of blocks of one class and tag. Its header is 48 bytes. */
export const enum Pool {
  /** Freed blocks, linked through word 0; a pool in `usedpools` has at least one. */
  FreeBlock = 0,
  /** Blocks in use. */
  Count = 1,
  /** In `usedpools` both, in the arena's `freepools` only Next. */
  Next = 2,
  Previous = 3,
  /** Address of the arena object. */
  Arena = 4,
  /** Tag * `Small.Classes` + class. */
  SizeIndex = 5,
  /** First block never carved, from the pool's start, and the last place for one. */
  NextOffset = 6,
  MaxNextOffset = 7,
  HeaderWords = 12,
  /** 16 KiB. */
  Words = 4096,
  Mask = Words - 1,
}

/** `Pool.SizeIndex` of a pool never used (CPython's DUMMY_SIZE_IDX). */
export const enum PoolIndex {
  Never = 0xffff,
}

/**
 * An arena object; four in the header of each segment of arenas. In `usable_arenas` while it has free pools, in
 * the list of unused ones while it stands for no arena.
 */
export const enum Arena {
  /** 0 while unassociated. */
  Address = 0,
  /** The next pool never carved. */
  PoolAddress = 1,
  FreePoolCount = 2,
  TotalPools = 3,
  /** Pools that became empty, linked through `Pool.Next`. */
  FreePools = 4,
  Next = 5,
  Previous = 6,
  ObjectWords = 8,
  /** 1 MiB. */
  Words = 262144,
  PerSegment = 4,
  MaxPools = 64,
}

/** Header of a segment of arenas; it costs the first arena one pool. */
export const enum ArenaSegment {
  /** Where mimalloc's segments have their thread's id: what `free` tells the two apart by. */
  Id = 0,
  /** Arenas in use. */
  Used = 1,
  Objects = 16,
  /** Value of `Id`: odd, no thread's, not that of the raw heaps. */
  IdValue = 0xfffb,
}

/** The interpreter's state, in `Control.InterpreterAllocator`. */
export const enum State {
  /** Heads of the doubly linked lists of pools that are partly used, by tag and class. */
  UsedPools = Control.InterpreterAllocator,
  UsedPoolsCount = HeapTag.Count * Small.Classes,
  /** nfp2lasta: the rightmost usable arena with so many free pools, 0 to 64. */
  LastWithFree = Control.InterpreterAllocator + 128,
  LastWithFreeCount = Arena.MaxPools + 1,
  UsableArenas = Control.InterpreterAllocator + 208,
  UnusedArenas = Control.InterpreterAllocator + 209,
  ArenaCount = Control.InterpreterAllocator + 210,
  /** 1 once the raw heaps have been set up. */
  Started = Control.InterpreterAllocator + 211,
}
