import { Control, Geometry } from '../../memory/layout.js';
import type { BlockVisitor } from '../allocator.js';
import { Arena, Pool, Small } from './layout.js';
import { walkArenas, walkPools } from './walk.js';

const enum Marks {
  /** The most blocks that a pool has: 16 KiB of 16 bytes. */
  Most = 1024,
}

/** Finds the live blocks of a segment of arenas, of whatever geometry. No other thread may run; nothing is changed. */
export class PoolVisitor {
  /** One byte a block: 1 = free. */
  private readonly free = new Uint8Array(Marks.Most);

  constructor(private readonly i32: Int32Array) {}

  /**
   * Calls `visitor` for every live block of the tags in the mask, by ascending address; returns the number of pools
   * in use.
   */
  visitSegment(segment: number, tags: number, visitor: BlockVisitor): number {
    const heap = this.i32;
    const base = heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)];
    let pools = 0;
    for (const arena of this.arenasOf(segment, base)) {
      walkPools(heap, base, arena, (pool, used) => {
        const tag = (heap[pool + Pool.SizeIndex] / Small.Classes) | 0;
        if (!used || ((tags >> tag) & 1) === 0) return;
        pools++;
        this.visitPool(pool, tag, visitor);
      });
    }
    return pools;
  }

  /** Arena objects whose arenas begin in this segment, by address. */
  private arenasOf(segment: number, base: number): number[] {
    const heap = this.i32;
    const arenas: number[] = [];
    if (base === 0) return arenas;
    walkArenas(heap, base, (arena) => {
      if ((heap[arena + Arena.Address] & ~Geometry.SegmentMask) === segment) arenas.push(arena);
    });
    return arenas.sort((a, b) => heap[a + Arena.Address] - heap[b + Arena.Address]);
  }

  private visitPool(pool: number, tag: number, visitor: BlockVisitor): void {
    const heap = this.i32;
    const words = blockWords(heap[pool + Pool.SizeIndex]);
    const first = pool + Pool.HeaderWords;
    const carved = carvedBlocks(heap, pool);
    this.free.fill(0, 0, carved);
    for (let block = heap[pool + Pool.FreeBlock]; block !== 0; block = heap[block]) {
      this.free[(block - first) / words] = 1;
    }
    for (let i = 0, block = first; i < carved; i++, block += words) {
      if (this.free[i] === 0) visitor(block, words, tag);
    }
  }
}

/** Words of a block of this `Pool.SizeIndex`. */
export function blockWords(index: number): number {
  return ((index % Small.Classes) + 1) << 2;
}

/** Blocks that were cut out of a pool since it serves its size. */
export function carvedBlocks(heap: Int32Array, pool: number): number {
  const words = blockWords(heap[pool + Pool.SizeIndex]);
  return ((heap[pool + Pool.NextOffset] - Pool.HeaderWords) / words) | 0;
}
