import { Geometry, HeapTag } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import type { Allocator, AllocatorThread, BlockVisitor, DelayedCounter } from '../allocator.js';
import { moveWords } from '../resize.js';
import { HeapVisitor } from '../visitor.js';
import { Arenas } from './arenas.js';
import { ArenaSegment, Pool, Small, State } from './layout.js';
import { RawAllocator } from './rawAllocator.js';
import { blockWords } from './visit.js';

/**
 * The allocator of the GIL build (CPython `Objects/obmalloc.c`): pools of small blocks in arenas, shared by all
 * threads and protected by the GIL alone: no method makes an Atomics call unless it needs a segment. Blocks of
 * more than 512 bytes come from `RawAllocator`.
 *
 * Two points differ from CPython. Pools belong to a tag as well as to a size class, so that a walk of the heap can
 * tell what a block is. And whether an address is in an arena is read from its segment's header, since segments
 * are aligned, where CPython needs a radix tree.
 */
export class PymallocAllocator implements Allocator {
  private readonly i32: Int32Array;
  private readonly arenas: Arenas;
  private readonly raw: RawAllocator;
  /** Set once by the composition. */
  counter!: DelayedCounter;

  constructor(private readonly thread: AllocatorThread) {
    this.i32 = thread.i32;
    this.arenas = new Arenas(thread.i32);
    this.raw = new RawAllocator(thread);
  }

  alloc(words: number, tag: HeapTag): number {
    const heap = this.i32;
    if ((words - 1) >>> 0 < Small.MaxWords) {
      // Address 0 is the pool that is always empty: words 0 to 15 of the memory are never written.
      const pool = heap[State.UsedPools + tag * Small.Classes + ((words - 1) >> 2)];
      const block = heap[pool + Pool.FreeBlock];
      if (block !== 0) {
        const next = heap[block];
        heap[pool + Pool.Count]++;
        heap[pool + Pool.FreeBlock] = next;
        if (next === 0) this.extendPool(pool);
        return block;
      }
      return this.allocFromNewPool(tag * Small.Classes + ((words - 1) >> 2), words);
    }
    return this.raw.alloc(words, tag);
  }

  free(address: number, tag: HeapTag): void {
    const heap = this.i32;
    if (heap[(address & ~Geometry.SegmentMask) + ArenaSegment.Id] !== ArenaSegment.IdValue) {
      this.raw.free(address, tag);
      return;
    }
    const pool = address & ~Pool.Mask;
    const last = heap[pool + Pool.FreeBlock];
    const count = heap[pool + Pool.Count] - 1;
    heap[address] = last;
    heap[pool + Pool.FreeBlock] = address;
    heap[pool + Pool.Count] = count;
    if (last === 0) this.linkUsed(pool);
    else if (count === 0) this.poolEmptied(pool);
  }

  /** In place unless the block is too small, or would shrink by more than a quarter (`pymalloc_realloc`). */
  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    const heap = this.i32;
    if (heap[(address & ~Geometry.SegmentMask) + ArenaSegment.Id] !== ArenaSegment.IdValue) {
      return this.reallocRaw(address, words, tag);
    }
    const size = ((heap[(address & ~Pool.Mask) + Pool.SizeIndex] % Small.Classes) + 1) << 2;
    if (words <= size && 4 * words > 3 * size) return address;
    return this.move(address, size, words, tag);
  }

  rawAlloc(words: number): number {
    return this.raw.alloc(words, HeapTag.Raw);
  }

  rawFree(address: number): void {
    this.raw.free(address, HeapTag.Raw);
  }

  blockWords(address: number): number {
    const heap = this.i32;
    if (heap[(address & ~Geometry.SegmentMask) + ArenaSegment.Id] !== ArenaSegment.IdValue) {
      return this.raw.blockWords(address);
    }
    return blockWords(heap[(address & ~Pool.Mask) + Pool.SizeIndex]);
  }

  /** Empty arenas go by themselves. */
  collect(force: boolean): void {
    if (force) this.raw.relieve();
  }

  /** No reader without the GIL: at once. */
  freeDelayed(address: number): void {
    this.free(address, HeapTag.Mem);
  }

  decrefDelayed(object: number): void {
    this.counter.decref(object);
  }

  processDelayed(): void {}

  visit(visitor: BlockVisitor, tags?: number): void {
    new HeapVisitor(this.thread.memory).visit(visitor, tags);
  }

  start(): void {
    this.raw.start();
  }

  abandonDelayed(): void {}

  exit(): void {}

  // --- Steps ---

  /** The last free block of a used pool was taken: carves another, or the pool is full and leaves the list. */
  private extendPool(pool: number): void {
    const heap = this.i32;
    const offset = heap[pool + Pool.NextOffset];
    if (offset > heap[pool + Pool.MaxNextOffset]) {
      this.unlinkUsed(pool);
      return;
    }
    const block = pool + offset;
    heap[pool + Pool.NextOffset] = offset + blockWords(heap[pool + Pool.SizeIndex]);
    heap[pool + Pool.FreeBlock] = block;
    heap[block] = 0;
  }

  private allocFromNewPool(index: number, words: number): number {
    const heap = this.i32;
    const pool = this.takePool(index);
    if (pool === 0) throw segmentsExhausted(heap, words * 4);
    heap[pool + Pool.Count] = 1;
    const block = heap[pool + Pool.FreeBlock];
    const next = heap[block];
    heap[pool + Pool.FreeBlock] = next;
    this.linkUsed(pool);
    if (next === 0) this.extendPool(pool);
    return block;
  }

  /** An empty pool for this tag and class, with a free block; 0 if the memory is full. */
  private takePool(index: number): number {
    const heap = this.i32;
    let pool = this.arenas.takePool();
    if (pool === 0) {
      this.raw.relieve();
      pool = this.arenas.takePool();
    }
    // A pool that had the same size before keeps its list of blocks.
    if (pool === 0 || heap[pool + Pool.SizeIndex] === index) return pool;
    const words = blockWords(index);
    const first = pool + Pool.HeaderWords;
    heap[pool + Pool.SizeIndex] = index;
    heap[pool + Pool.FreeBlock] = first;
    heap[first] = 0;
    heap[pool + Pool.NextOffset] = Pool.HeaderWords + words;
    heap[pool + Pool.MaxNextOffset] = Pool.Words - words;
    return pool;
  }

  private poolEmptied(pool: number): void {
    this.unlinkUsed(pool);
    this.arenas.givePool(pool);
  }

  /** To the front: the next allocation uses it. */
  private linkUsed(pool: number): void {
    const heap = this.i32;
    const list = State.UsedPools + heap[pool + Pool.SizeIndex];
    const first = heap[list];
    heap[pool + Pool.Previous] = 0;
    heap[pool + Pool.Next] = first;
    if (first !== 0) heap[first + Pool.Previous] = pool;
    heap[list] = pool;
  }

  private unlinkUsed(pool: number): void {
    const heap = this.i32;
    const next = heap[pool + Pool.Next];
    const previous = heap[pool + Pool.Previous];
    if (next !== 0) heap[next + Pool.Previous] = previous;
    if (previous !== 0) heap[previous + Pool.Next] = next;
    else heap[State.UsedPools + heap[pool + Pool.SizeIndex]] = next;
  }

  private reallocRaw(address: number, words: number, tag: HeapTag): number {
    if (this.raw.fits(address, words)) return address;
    return this.move(address, this.raw.blockWords(address), words, tag);
  }

  private move(address: number, size: number, words: number, tag: HeapTag): number {
    const moved = this.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(size, words));
    this.free(address, tag);
    return moved;
  }
}
