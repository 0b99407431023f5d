import { Control, HeapTag } from '../../memory/layout.js';
import type { Allocator, AllocatorThread, BlockVisitor, DelayedCounter } from '../allocator.js';
import { checkSize } from '../checks.js';
import { moveWords } from '../resize.js';
import { HeapVisitor } from '../visitor.js';
import { type AddressMap, PoolHeaderMap, SegmentMap } from './addressMap.js';
import { type ArenaSource, ArenaSpace } from './arenaSpace.js';
import { PYMALLOC, type PymallocGeometry } from './geometry.js';
import { Pool, Small, State } from './layout.js';
import { Pools } from './pools.js';
import { RadixTree } from './radixTree.js';
import { RawAllocator } from './rawAllocator.js';
import { startState } from './state.js';

/**
 * The allocator of the GIL build (CPython `Objects/obmalloc.c`): pools of small blocks in arenas, shared by the
 * threads of an interpreter and protected by its GIL alone: no method makes an Atomics call unless it needs a
 * segment. Blocks of more than 512 bytes, and of none, come from `RawAllocator`. This file has the fast paths.
 *
 * One point differs from CPython: pools belong to a tag as well as to a size class, so that a walk of the heap can
 * tell what a block is.
 */
export class PymallocAllocator implements Allocator {
  protected readonly i32: Int32Array;
  protected readonly base: number;
  private readonly geometry: PymallocGeometry;
  private readonly usedPools: number;
  protected readonly poolMask: number;
  private readonly raw: RawAllocator;
  private readonly map: AddressMap;
  private readonly pools: Pools;
  /** Set once by the composition. */
  counter!: DelayedCounter;

  /**
   * `base`: the state of the thread's interpreter, `State.Words` words that were zero before its first thread
   * started. All of its threads have the same `geometry`. `source`: where arenas come from, if not from segments.
   */
  constructor(
    private readonly thread: AllocatorThread,
    geometry: PymallocGeometry = PYMALLOC,
    base: number = Control.InterpreterAllocator,
    source?: ArenaSource,
  ) {
    const { i32 } = thread;
    this.i32 = i32;
    this.base = base;
    this.geometry = geometry;
    this.usedPools = base + State.UsedPools;
    this.poolMask = geometry.poolWords - 1;
    this.raw = new RawAllocator(thread);
    this.map = makeMap(i32, base, geometry, this.raw);
    const arenas = source ?? new ArenaSpace(i32, base, geometry.arenaWords);
    this.pools = new Pools(i32, base, geometry, this.raw, this.map, arenas);
  }

  /** Throws also RangeError, for what is no size. */
  alloc(words: number, tag: HeapTag): number {
    const heap = this.i32;
    // The first test keeps NaN, fractions and what `>>>` wraps out; for a small integer it costs nothing.
    if ((words | 0) === words && (words - 1) >>> 0 < Small.MaxWords) {
      // Address 0 is the pool that is always empty: words 0 to 15 of the memory are never written.
      const pool = heap[this.usedPools + tag * Small.Classes + ((words - 1) >> 2)];
      const block = heap[pool + Pool.FreeBlock];
      if (block !== 0) {
        const next = heap[block];
        heap[pool + Pool.Count]++;
        heap[pool + Pool.FreeBlock] = next;
        if (next === 0) this.pools.extend(pool);
        return block;
      }
      return this.allocFromNewPool(words, tag);
    }
    return this.allocRaw(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    if (!this.map.contains(address)) {
      this.freeRaw(address);
      return;
    }
    const heap = this.i32;
    const pool = address & ~this.poolMask;
    const last = heap[pool + Pool.FreeBlock];
    const count = heap[pool + Pool.Count] - 1;
    heap[address] = last;
    heap[pool + Pool.FreeBlock] = address;
    heap[pool + Pool.Count] = count;
    if (last === 0) this.pools.noLongerFull(pool);
    else if (count === 0) this.pools.emptied(pool);
  }

  /** In place unless the block is too small, or would shrink by more than a quarter (`pymalloc_realloc`). */
  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    if (!this.map.contains(address)) return this.reallocRaw(address, words, tag);
    const size = this.smallWords(address);
    if ((words | 0) === words && words <= size && 4 * words > 3 * size) return address;
    const moved = this.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(size, words));
    this.free(address, tag);
    return moved;
  }

  /** No reader without the GIL: at once. */
  freeDelayed(address: number): void {
    this.free(address, HeapTag.Mem);
  }

  decrefDelayed(object: number): void {
    this.counter.decref(object);
  }

  /** Nothing waits. */
  releaseDelayed(_drop: (object: number) => void): void {}

  processDelayed(): void {}

  rawAlloc(words: number): number {
    return this.raw.alloc(words, HeapTag.Raw);
  }

  rawFree(address: number): void {
    this.raw.free(address);
  }

  /** Words that the block has room for. */
  blockWords(address: number): number {
    return this.map.contains(address) ? this.smallWords(address) : this.raw.blockWords(address);
  }

  /** Empty arenas go by themselves. */
  collect(force: boolean): void {
    if (force) this.raw.relieve();
  }

  visit(visitor: BlockVisitor, tags?: number): void {
    new HeapVisitor(this.thread.memory).visit(visitor, tags);
  }

  /** Throws FatalError if another thread of the interpreter has another geometry. */
  start(): void {
    this.raw.start();
    startState(this.i32, this.base, this.geometry);
  }

  abandonDelayed(): void {}

  exit(): void {}

  /**
   * The interpreter ends (CPython 3.13 `_PyMem_FiniInterpreter`-time `free_obmalloc_arenas`): gives its arenas back,
   * and what pymalloc had for itself. If blocks are alive nothing happens: they would dangle. Returns how many are.
   * Its last thread; afterwards the state is as new.
   */
  finishInterpreter(): number {
    const alive = this.pools.countBlocks();
    if (alive === 0) {
      this.pools.finish();
      this.raw.relieve();
      this.i32.fill(0, this.base, this.base + State.Words);
    }
    return alive;
  }

  // --- Slow paths ---

  /** Without memory for an arena the raw allocator may still have room (`_PyObject_Malloc`). */
  private allocFromNewPool(words: number, tag: HeapTag): number {
    const index = tag * Small.Classes + ((words - 1) >> 2);
    let block = this.pools.allocFromNew(index);
    if (block !== 0) return block;
    this.raw.relieve();
    block = this.pools.allocFromNew(index);
    return block !== 0 ? block : this.allocRaw(words, tag);
  }

  private allocRaw(words: number, tag: HeapTag): number {
    const block = this.raw.alloc(words, tag);
    this.i32[this.base + State.RawBlocks]++;
    return block;
  }

  private freeRaw(address: number): void {
    this.raw.free(address);
    this.i32[this.base + State.RawBlocks]--;
  }

  /** A raw block stays raw, however small it becomes. */
  private reallocRaw(address: number, words: number, tag: HeapTag): number {
    checkSize(words);
    if (this.raw.fits(address, words)) return address;
    const moved = this.raw.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(this.raw.blockWords(address), words));
    this.raw.free(address);
    return moved;
  }

  private smallWords(address: number): number {
    const index = this.i32[(address & ~this.poolMask) + Pool.SizeIndex];
    return ((index % Small.Classes) + 1) << 2;
  }
}

function makeMap(i32: Int32Array, base: number, geometry: PymallocGeometry, raw: RawAllocator): AddressMap {
  const { addressMap, poolWords, arenaWords } = geometry;
  switch (addressMap) {
    case 'radix':
      return new RadixTree(i32, base, arenaWords, raw);
    case 'pool-header':
      return new PoolHeaderMap(i32, base, poolWords - 1, arenaWords);
    case 'segment':
      return new SegmentMap(i32, base);
  }
}
