import { Arena, Pool, State } from './layout.js';

/** Called for a pool that has been carved out of its arena: its address, and whether blocks of it are in use. */
export type PoolCallback = (pool: number, used: boolean) => void;

/** First pool of an arena object's arena: pools are aligned to their size, arenas need not be. */
export function firstPool(heap: Int32Array, base: number, arena: number): number {
  const words = heap[base + State.PoolWords];
  return (heap[arena + Arena.Address] + words - 1) & ~(words - 1);
}

/** Calls back for the pools of an arena, in the order of their addresses. No thread of the interpreter may run. */
export function walkPools(heap: Int32Array, base: number, arena: number, callback: PoolCallback): void {
  const end = heap[arena + Arena.PoolAddress];
  for (let pool = firstPool(heap, base, arena); pool < end; pool += heap[base + State.PoolWords]) {
    callback(pool, heap[pool + Pool.Count] !== 0);
  }
}

/** Calls back with every arena object that stands for an arena. No thread of the interpreter may run. */
export function walkArenas(heap: Int32Array, base: number, callback: (arena: number) => void): void {
  for (let i = 0; i < heap[base + State.ArenaObjects]; i++) {
    const arena = heap[base + State.Arenas] + i * Arena.ObjectWords;
    if (heap[arena + Arena.Address] !== 0) callback(arena);
  }
}

/** Blocks in use in the pools of an interpreter. No thread of the interpreter may run. */
export function countSmallBlocks(heap: Int32Array, base: number): number {
  let blocks = 0;
  walkArenas(heap, base, (arena) => {
    walkPools(heap, base, arena, (pool) => {
      blocks += heap[pool + Pool.Count];
    });
  });
  return blocks;
}
