import type { AddressMap } from './addressMap.js';
import type { ArenaSource } from './arenaSpace.js';
import { Arenas } from './arenas.js';
import type { PymallocGeometry } from './geometry.js';
import { Pool, State } from './layout.js';
import type { RawAllocator } from './rawAllocator.js';
import { blockWords } from './visit.js';
import { countSmallBlocks } from './walk.js';

/**
 * Pools and the table `usedpools` (INV-3.2): a pool is in a list of the table while it has used and free blocks, in
 * its arena's list while it has no used ones, in none while it is full. Under the GIL.
 */
export class Pools {
  private readonly usedPools: number;
  private readonly poolWords: number;
  private readonly arenas: Arenas;

  /** `base`: the interpreter's state. */
  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
    geometry: PymallocGeometry,
    raw: RawAllocator,
    map: AddressMap,
    source: ArenaSource,
  ) {
    this.usedPools = base + State.UsedPools;
    this.poolWords = geometry.poolWords;
    this.arenas = new Arenas(i32, base, geometry, raw, map, source);
  }

  /** The last free block of a used pool was taken: carves another, or the pool is full and leaves the table. */
  extend(pool: number): void {
    const heap = this.i32;
    const offset = heap[pool + Pool.NextOffset];
    if (offset > heap[pool + Pool.MaxNextOffset]) {
      this.unlink(pool);
      return;
    }
    const block = pool + offset;
    heap[pool + Pool.NextOffset] = offset + blockWords(heap[pool + Pool.SizeIndex]);
    heap[pool + Pool.FreeBlock] = block;
    heap[block] = 0;
  }

  /** A block of a pool that was empty; 0 if the memory is full. `index`: as `Pool.SizeIndex`. */
  allocFromNew(index: number): number {
    const heap = this.i32;
    const pool = this.takePool(index);
    if (pool === 0) return 0;
    heap[pool + Pool.Count] = 1;
    const block = heap[pool + Pool.FreeBlock];
    const next = heap[block];
    heap[pool + Pool.FreeBlock] = next;
    this.link(pool);
    if (next === 0) this.extend(pool);
    return block;
  }

  /** A block of a full pool was freed. To the front: the next allocation uses it. */
  noLongerFull(pool: number): void {
    this.link(pool);
  }

  /** The last used block of a pool was freed. */
  emptied(pool: number): void {
    this.unlink(pool);
    this.arenas.givePool(pool);
  }

  /** Blocks in use, here and in the raw allocator (INV-3.3). */
  countBlocks(): number {
    return countSmallBlocks(this.i32, this.base) + this.i32[this.base + State.RawBlocks];
  }

  /** Gives everything back. No block is alive. */
  finish(): void {
    this.arenas.finish();
  }

  /** An empty pool for this tag and class, with a free block; 0 if the memory is full. */
  private takePool(index: number): number {
    const heap = this.i32;
    const pool = this.arenas.takePool();
    // A pool that had the same size before keeps its list of blocks.
    if (pool === 0 || heap[pool + Pool.SizeIndex] === index) return pool;
    const words = blockWords(index);
    const first = pool + Pool.HeaderWords;
    heap[pool + Pool.SizeIndex] = index;
    heap[pool + Pool.FreeBlock] = first;
    heap[first] = 0;
    heap[pool + Pool.NextOffset] = Pool.HeaderWords + words;
    heap[pool + Pool.MaxNextOffset] = this.poolWords - words;
    return pool;
  }

  private link(pool: number): void {
    const heap = this.i32;
    const list = this.usedPools + heap[pool + Pool.SizeIndex];
    const first = heap[list];
    heap[pool + Pool.Previous] = 0;
    heap[pool + Pool.Next] = first;
    if (first !== 0) heap[first + Pool.Previous] = pool;
    heap[list] = pool;
  }

  private unlink(pool: number): void {
    const heap = this.i32;
    const next = heap[pool + Pool.Next];
    const previous = heap[pool + Pool.Previous];
    if (next !== 0) heap[next + Pool.Previous] = previous;
    if (previous !== 0) heap[previous + Pool.Next] = next;
    else heap[this.usedPools + heap[pool + Pool.SizeIndex]] = next;
  }
}
