import { Arena, Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { Control, Geometry, SegmentOwner } from '#ungil/memory/layout.js';
import type { SharedMemory } from '#ungil/memory/sharedMemory.js';

export const BASE = Control.InterpreterAllocator;

/** Called for each pool and block: vitest's own `expect` would take most of the time. */
function same(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

/** Every arena that stands for memory. */
export function arenasOf(memory: SharedMemory, base: number = BASE) {
  const heap = memory.i32;
  const arenas = [];
  for (let index = 0; index < heap[base + State.ArenaObjects]!; index++) {
    const object = heap[base + State.Arenas]! + index * Arena.ObjectWords;
    const address = heap[object + Arena.Address]!;
    if (address !== 0) arenas.push({ index, object, address, free: heap[object + Arena.FreePoolCount]! });
  }
  return arenas;
}

/** Addresses and free-pool counts of `usable_arenas`, in its order. */
export function usableArenas(memory: SharedMemory, base: number = BASE) {
  const heap = memory.i32;
  const arenas = [];
  for (let arena = heap[base + State.UsableArenas]!; arena !== 0; arena = heap[arena + Arena.Next]!) {
    arenas.push({ address: heap[arena + Arena.Address]!, free: heap[arena + Arena.FreePoolCount]! });
  }
  return arenas;
}

/**
 * INV-3.1 with nfp2lasta, INV-3.2, the lists, and the counts of every pool and arena of an interpreter.
 * `aligned`: its arenas come from `ArenaSpace`.
 */
export function checkPymalloc(memory: SharedMemory, base: number = BASE, aligned = true): void {
  const heap = memory.i32;
  const usable = checkUsable(memory, base);
  const inTable = checkTable(memory, base);
  const arenas = arenasOf(memory, base);
  same(arenas.length, heap[base + State.ArenaCount], 'arenas');
  same(arenas.length + countUnused(memory, base), heap[base + State.ArenaObjects], 'arena objects');
  same(arenas.length <= heap[base + State.ArenasHighWater]!, true, 'highwater');
  for (const arena of arenas) {
    same(usable.has(arena.object), arena.free > 0, 'usable');
    checkPools(memory, base, arena, inTable);
  }
  same(inTable.size, 0, 'pools in usedpools that no arena has');
  if (aligned) checkPlaces(memory, base);
}

function checkUsable(memory: SharedMemory, base: number): Set<number> {
  const heap = memory.i32;
  const seen = new Set<number>();
  const last = new Map<number, number>();
  let previous = 0;
  let before = 1;
  for (let arena = heap[base + State.UsableArenas]!; arena !== 0; arena = heap[arena + Arena.Next]!) {
    const free = heap[arena + Arena.FreePoolCount]!;
    same(free >= before, true, `order of usable arenas at ${free} after ${before}`);
    same(heap[arena + Arena.Previous], previous, 'link back');
    // Only the last entry may be free as a whole.
    if (free === heap[arena + Arena.TotalPools]) same(heap[arena + Arena.Next], 0, 'behind an empty arena');
    seen.add(arena);
    last.set(free, arena);
    before = free;
    previous = arena;
  }
  for (let free = 0; free < State.LastWithFreeCount; free++) {
    same(heap[base + State.LastWithFree + free], last.get(free) ?? 0, `nfp2lasta[${free}]`);
  }
  return seen;
}

/** Pools in `usedpools`. */
function checkTable(memory: SharedMemory, base: number): Set<number> {
  const heap = memory.i32;
  const seen = new Set<number>();
  for (let index = 0; index < State.UsedPoolsCount; index++) {
    let previous = 0;
    for (let pool = heap[base + State.UsedPools + index]!; pool !== 0; pool = heap[pool + Pool.Next]!) {
      same(heap[pool + Pool.SizeIndex], index, 'class');
      same(heap[pool + Pool.Previous], previous, 'link back');
      same(seen.has(pool), false, 'pool in usedpools twice');
      seen.add(pool);
      previous = pool;
    }
  }
  return seen;
}

function countUnused(memory: SharedMemory, base: number): number {
  const heap = memory.i32;
  let count = 0;
  for (let arena = heap[base + State.UnusedArenas]!; arena !== 0; arena = heap[arena + Arena.Next]!) {
    same(heap[arena + Arena.Address], 0, 'address of an unused arena object');
    count++;
  }
  return count;
}

/** Used: in the table. Full: in no list. Empty: in the arena's list. Takes the used ones out of `inTable`. */
function checkPools(
  memory: SharedMemory,
  base: number,
  arena: { object: number; address: number; index: number },
  inTable: Set<number>,
): void {
  const heap = memory.i32;
  const poolWords = heap[base + State.PoolWords]!;
  const { object, address } = arena;
  const empty = new Set<number>();
  for (let pool = heap[object + Arena.FreePools]!; pool !== 0; pool = heap[pool + Pool.Next]!)
    empty.add(pool);
  const first = Math.ceil(address / poolWords) * poolWords;
  const total = Math.floor((address + heap[base + State.ArenaWords]! - first) / poolWords);
  const carved = (heap[object + Arena.PoolAddress]! - first) / poolWords;
  same(heap[object + Arena.TotalPools], total, 'pools of an arena');
  same(heap[object + Arena.FreePoolCount], empty.size + total - carved, 'free pools');
  for (let i = 0; i < carved; i++) {
    const pool = first + i * poolWords;
    same(heap[pool + Pool.ArenaIndex], arena.index, 'arena index');
    same(empty.delete(pool), heap[pool + Pool.Count] === 0, 'empty pool in freepools');
    same(inTable.delete(pool), checkBlocks(memory, pool, poolWords), 'partly used pool in usedpools');
  }
  same(empty.size, 0, 'pools in freepools that were never carved');
}

/** Used and free blocks are all that were carved. True: the pool has both, counting those still to carve. */
function checkBlocks(memory: SharedMemory, pool: number, poolWords: number): boolean {
  const heap = memory.i32;
  const count = heap[pool + Pool.Count]!;
  const words = ((heap[pool + Pool.SizeIndex]! % 32) + 1) * 4;
  const room = Math.floor((poolWords - Pool.HeaderWords) / words);
  let listed = 0;
  for (let block = heap[pool + Pool.FreeBlock]!; block !== 0; block = heap[block]!) {
    same((block - pool - Pool.HeaderWords) % words, 0, 'place of a free block');
    listed++;
  }
  same(count + listed, (heap[pool + Pool.NextOffset]! - Pool.HeaderWords) / words, 'carved blocks');
  same(count <= room, true, 'blocks in use');
  const partly = count > 0 && count < room;
  if (partly) same(listed > 0, true, 'a used pool has a free block');
  return partly;
}

/** The bits of `State.Places` are the arenas, and the segments are marked as this interpreter's. */
function checkPlaces(memory: SharedMemory, base: number): void {
  const heap = memory.i32;
  const arenaWords = heap[base + State.ArenaWords]!;
  const expected = new Map<number, number>();
  for (const { address } of arenasOf(memory, base)) {
    const number = address >>> Geometry.SegmentShift;
    const bit = 1 << ((address & Geometry.SegmentMask) / arenaWords);
    expected.set(number, (expected.get(number) ?? 0) | bit);
  }
  for (let number = 1; number < heap[Control.SegmentCount]!; number++) {
    const bits = expected.get(number) ?? 0;
    same(heap[base + State.Places + number], bits, 'places in use');
    same(heap[Control.SegmentArenas + number] === base, bits !== 0, 'segment of this interpreter');
    if (bits !== 0) same(heap[Control.SegmentTable + number], SegmentOwner.Arenas, 'owner of the segment');
  }
}
