import { HeapTag } from '../../memory/layout.js';

/**
 * Layouts of pymalloc (CPython `pycore_obmalloc.h`). All words are protected by the GIL of the interpreter whose
 * they are. Offsets in words. Sizes of pools and arenas are in geometry.ts.
 */
export const enum Small {
  /** 512 bytes. */
  MaxWords = 128,
  /** Classes of 16 bytes each. */
  Classes = 32,
}

/** A pool: blocks of one class and tag behind a header of 48 bytes. */
export const enum Pool {
  /** Freed blocks, linked through word 0; a pool in `usedpools` has at least one. */
  FreeBlock = 0,
  /** Blocks in use. */
  Count = 1,
  /** In `usedpools` both, in the arena's `freepools` only Next. */
  Next = 2,
  Previous = 3,
  /** Number of the arena object in `State.Arenas`. */
  ArenaIndex = 4,
  /** Tag * `Small.Classes` + class. */
  SizeIndex = 5,
  /** First block never carved, from the pool's start, and the last place for one. */
  NextOffset = 6,
  MaxNextOffset = 7,
  HeaderWords = 12,
}

/** `Pool.SizeIndex` of a pool never used (CPython's DUMMY_SIZE_IDX). */
export const enum PoolIndex {
  Never = 0xffff,
}

/**
 * An arena object: an entry of the array `State.Arenas`. In `usable_arenas` while it has free pools, in the list of
 * unused ones while it stands for no arena. Its address may change only while no object is in either list.
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
  /** Neighbours in `usable_arenas`; unused ones have only Next. */
  Next = 5,
  Previous = 6,
  ObjectWords = 8,
  /** Length of the array at first (INITIAL_ARENA_OBJECTS); it doubles. */
  InitialObjects = 16,
  /** The most that a geometry has: 2 MiB of 16 KiB. */
  MaxPools = 128,
}

/** A leaf of the radix tree: which part of a range of one arena's size and alignment is in use. */
export const enum Leaf {
  /** Where the arena begins that begins in this range: -1 at its start, 0 none does. */
  TailHigh = 0,
  /** Where the arena ends that began in the range before; 0 none. */
  TailLow = 1,
  Words = 2,
}

/** Nodes of the radix tree. */
export const enum Radix {
  /** Bits of an address: words of 2 GiB. */
  AddressBits = 29,
  /** Entries of the root and of a middle node: no more than the words from 0 that are always 0. */
  InteriorBits = 4,
  InteriorEntries = 1 << InteriorBits,
  InteriorMask = InteriorEntries - 1,
}

/** An interpreter's state, from its base address on. */
export const enum State {
  /** Heads of the doubly linked lists of pools that are partly used, by tag and class. */
  UsedPools = 0,
  UsedPoolsCount = HeapTag.Count * Small.Classes,
  /** nfp2lasta: the rightmost usable arena with so many free pools. */
  LastWithFree = 128,
  LastWithFreeCount = Arena.MaxPools + 1,
  UsableArenas = 272,
  UnusedArenas = 273,
  /** Array of arena objects, and its length. */
  Arenas = 274,
  ArenaObjects = 275,
  /** narenas_currently_allocated, ntimes_arena_allocated, narenas_highwater. */
  ArenaCount = 276,
  ArenasEver = 277,
  ArenasHighWater = 278,
  /** raw_allocated_blocks: blocks that fell through to the raw allocator. */
  RawBlocks = 279,
  /** 1 once set up; then the geometry, for those who walk. */
  Started = 280,
  ArenaWords = 281,
  PoolWords = 282,
  /** Nodes of the radix tree (arena_map_mid_count, arena_map_bot_count) and its root. */
  MiddleNodes = 283,
  BottomNodes = 284,
  MapRoot = 288,
  /** By number of the segment: which of its places are arenas of this interpreter, a bit each. See arenaSpace.ts. */
  Places = 512,
  Words = 1024,
}
