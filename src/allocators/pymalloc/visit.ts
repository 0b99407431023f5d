import type { BlockVisitor } from '../allocator.js';
import { arenaObject } from './arenas.js';
import { Arena, Pool, PoolIndex, Small } from './layout.js';

/** Finds the live blocks of a segment of arenas. No other thread may run; nothing is changed. */
export class PoolVisitor {
  /** One byte a block: 1 = free. As many as a pool can have. */
  private readonly free = new Uint8Array(Pool.Words >> 2);

  constructor(private readonly i32: Int32Array) {}

  /** Calls `visitor` for every live block of the tags in the mask; returns the number of pools in use. */
  visitSegment(segment: number, tags: number, visitor: BlockVisitor): number {
    let pools = 0;
    for (let i = 0; i < Arena.PerSegment; i++) {
      pools += this.visitArena(segment, i, tags, visitor);
    }
    return pools;
  }

  private visitArena(segment: number, index: number, tags: number, visitor: BlockVisitor): number {
    const heap = this.i32;
    const arena = arenaObject(segment, index);
    if (heap[arena + Arena.Address] === 0) return 0;
    const end = heap[arena + Arena.PoolAddress];
    const count = Arena.MaxPools - heap[arena + Arena.TotalPools];
    let pools = 0;
    for (let pool = heap[arena + Arena.Address] + count * Pool.Words; pool < end; pool += Pool.Words) {
      const tag = (heap[pool + Pool.SizeIndex] / Small.Classes) | 0;
      const used = heap[pool + Pool.SizeIndex] !== PoolIndex.Never && heap[pool + Pool.Count] !== 0;
      if (!used || ((tags >> tag) & 1) === 0) continue;
      pools++;
      this.visitPool(pool, tag, visitor);
    }
    return pools;
  }

  private visitPool(pool: number, tag: number, visitor: BlockVisitor): void {
    const heap = this.i32;
    const words = blockWords(heap[pool + Pool.SizeIndex]);
    const first = pool + Pool.HeaderWords;
    const carved = ((heap[pool + Pool.NextOffset] - Pool.HeaderWords) / words) | 0;
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
