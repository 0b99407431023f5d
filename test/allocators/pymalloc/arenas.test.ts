import { describe, expect, test } from 'vitest';
import type { ArenaSource } from '#ungil/allocators/pymalloc/arenaSpace.js';
import {
  PYMALLOC,
  PYMALLOC_GEOMETRIES,
  PYMALLOC_OLD,
  type PymallocGeometry,
} from '#ungil/allocators/pymalloc/geometry.js';
import { Arena, Pool, Small, State } from '#ungil/allocators/pymalloc/layout.js';
import { PymallocAllocator } from '#ungil/allocators/pymalloc/pymallocAllocator.js';
import { pymallocStatistics } from '#ungil/allocators/pymalloc/statistics.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Geometry, HeapTag, SegmentOwner } from '#ungil/memory/layout.js';
import { claimSegments, releaseSegments } from '#ungil/memory/segments.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { allocStatic } from '#ungil/memory/staticArena.js';
import { BareAllocatorThread, liveBlocks, MIB, startPymalloc } from '../support.js';
import { arenasOf, BASE, checkPymalloc, usableArenas } from './invariants.js';

/** Pools of blocks of 512 bytes, that can be filled and emptied one by one. */
class PoolFiller {
  readonly memory: SharedMemory;
  readonly allocator: PymallocAllocator;
  private readonly perPool: number;
  private readonly blocks = new Map<number, number[]>();

  constructor(private readonly geometry: PymallocGeometry = PYMALLOC) {
    this.memory = SharedMemory.create(128 * MIB);
    this.allocator = startPymalloc(this.memory, 0, geometry).allocator;
    this.perPool = Math.floor((geometry.poolWords - Pool.HeaderWords) / Small.MaxWords);
  }

  /** Fills `arenas` arenas; returns their pools. */
  fillArenas(arenas: number): number[][] {
    const pools = this.geometry.arenaWords / this.geometry.poolWords;
    return Array.from({ length: arenas }, () => Array.from({ length: pools }, () => this.fillPool()));
  }

  fillPool(): number {
    const blocks = Array.from({ length: this.perPool }, () =>
      this.allocator.alloc(Small.MaxWords, HeapTag.Mem),
    );
    const pool = blocks[0]! & ~(this.geometry.poolWords - 1);
    this.blocks.set(pool, blocks);
    return pool;
  }

  emptyPools(pools: readonly number[]): void {
    for (const pool of pools) {
      for (const block of this.blocks.get(pool)!) this.allocator.free(block, HeapTag.Mem);
      this.blocks.delete(pool);
    }
    checkPymalloc(this.memory);
  }

  /** What `usable_arenas` is: numbers of arenas (in the order of their making), with their free pools. */
  order(arenas: readonly number[][]): [number, number][] {
    return usableArenas(this.memory).map(({ address, free }) => [
      arenas.findIndex((pools) => pools.includes(address)),
      free,
    ]);
  }
}

describe.each(PYMALLOC_GEOMETRIES)('insert_to_freepool of $name', (geometry) => {
  test('case 1: an arena that is free as a whole goes, if another one is behind it', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(3);
    expect(filler.order(arenas)).toEqual([]);
    filler.emptyPools([...arenas[0]!, ...arenas[1]!.slice(1)]);
    // Free as a whole, but the last of the list: it stays.
    expect(filler.order(arenas)).toEqual([
      [1, arenas[1]!.length - 1],
      [0, arenas[0]!.length],
    ]);
    filler.emptyPools(arenas[1]!.slice(0, 1));
    expect(filler.order(arenas)).toEqual([[0, arenas[0]!.length]]);
    expect(arenasOf(filler.memory).length).toBe(2);
  });

  test('the last entry stays though it is empty, and is not made anew (bpo-37257)', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(2);
    filler.emptyPools(arenas[1]!);
    for (let i = 0; i < 10; i++) filler.emptyPools([filler.fillPool()]);
    expect(pymallocStatistics(filler.memory.i32)).toMatchObject({ arenas: 2, arenasEver: 2 });
    filler.emptyPools(arenas[0]!);
    expect(pymallocStatistics(filler.memory.i32)).toMatchObject({
      arenas: 1,
      arenasEver: 2,
      arenasHighWater: 2,
    });
  });

  test('case 2: a full arena that has a free pool becomes the first', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(3);
    filler.emptyPools(arenas[2]!.slice(0, 1));
    filler.emptyPools(arenas[0]!.slice(0, 1));
    expect(filler.order(arenas)).toEqual([
      [0, 1],
      [2, 1],
    ]);
    filler.emptyPools(arenas[1]!.slice(0, 1));
    expect(filler.order(arenas)).toEqual([
      [1, 1],
      [0, 1],
      [2, 1],
    ]);
  });

  test('case 3: an arena with more free pools than the next moves behind the last that has as many', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(4);
    for (const arena of [3, 2, 1, 0]) filler.emptyPools(arenas[arena]!.slice(0, 2));
    expect(filler.order(arenas)).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
    filler.emptyPools(arenas[1]!.slice(2, 3));
    expect(filler.order(arenas)).toEqual([
      [0, 2],
      [2, 2],
      [3, 2],
      [1, 3],
    ]);
    filler.emptyPools(arenas[0]!.slice(2, 3));
    expect(filler.order(arenas)).toEqual([
      [2, 2],
      [3, 2],
      [0, 3],
      [1, 3],
    ]);
  });

  test('case 4: the last of its count stays where it is', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(3);
    filler.emptyPools(arenas[0]!.slice(0, 5));
    filler.emptyPools(arenas[1]!.slice(0, 2));
    filler.emptyPools(arenas[1]!.slice(2, 3));
    expect(filler.order(arenas)).toEqual([
      [1, 3],
      [0, 5],
    ]);
    filler.emptyPools(arenas[1]!.slice(3, 5));
    expect(filler.order(arenas)).toEqual([
      [1, 5],
      [0, 5],
    ]);
  });

  test('allocation takes from the fullest arena, so that the others drain', () => {
    const filler = new PoolFiller(geometry);
    const arenas = filler.fillArenas(3);
    filler.emptyPools(arenas[0]!.slice(0, 20));
    filler.emptyPools(arenas[1]!.slice(0, 3));
    filler.emptyPools(arenas[2]!.slice(0, 9));
    const taken = Array.from({ length: 13 }, () => filler.fillPool());
    const from = taken.map((pool) => arenas.findIndex((pools) => pools.includes(pool)));
    expect(from).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0]);
    checkPymalloc(filler.memory);
  });
});

test('the array of arena objects doubles from 16, and those that were in use move with it', () => {
  const filler = new PoolFiller(PYMALLOC_OLD);
  const heap = filler.memory.i32;
  const lengths = new Set<number>();
  const arenas: number[][] = [];
  for (let i = 0; i < 70; i++) {
    arenas.push(...filler.fillArenas(1));
    lengths.add(heap[BASE + State.ArenaObjects]!);
    checkPymalloc(filler.memory);
  }
  expect([...lengths]).toEqual([16, 32, 64, 128]);
  for (const pools of arenas) filler.emptyPools(pools);
  expect(arenasOf(filler.memory).length).toBe(1);
  // Objects are used again before the array grows.
  filler.fillArenas(100);
  expect(heap[BASE + State.ArenaObjects]).toBe(128);
});

test('a segment is cut into whole arenas, lowest first, and goes back with the last of them', () => {
  for (const geometry of PYMALLOC_GEOMETRIES) {
    const filler = new PoolFiller(geometry);
    const heap = filler.memory.i32;
    const perSegment = Geometry.SegmentWords / geometry.arenaWords;
    const arenas = filler.fillArenas(perSegment);
    const addresses = arenas.map((pools) => pools[0]!);
    expect(addresses[0]! & Geometry.SegmentMask).toBe(0);
    expect(addresses).toEqual(addresses.map((_, i) => addresses[0]! + i * geometry.arenaWords));
    // One of arenas, one of the raw heaps.
    expect(heap[Control.SegmentsUsed]).toBe(2);
    const more = filler.fillArenas(1);
    expect(heap[Control.SegmentsUsed]).toBe(3);
    // A place that is free again is taken before a new segment.
    filler.emptyPools([...arenas[1]!, ...more[0]!.slice(0, 1)]);
    filler.emptyPools(arenas[0]!);
    const again = filler.fillArenas(2);
    checkPymalloc(filler.memory);
    expect(heap[Control.SegmentsUsed]).toBe(3);
    for (const pools of [...arenas.slice(2), ...more.map((pools) => pools.slice(1))])
      filler.emptyPools(pools);
    for (const pools of again) filler.emptyPools(pools);
    expect(heap[Control.SegmentsUsed]).toBe(2);
    expect(arenasOf(filler.memory).length).toBe(1);
    expect(filler.allocator.finishInterpreter()).toBe(0);
    expect(heap[Control.SegmentsUsed]).toBe(0);
  }
});

describe('memory that ends', () => {
  /** Takes all segments but `left`; returns what gives one back. */
  function takeSegments(memory: SharedMemory, left: number): () => void {
    const heap = memory.i32;
    const taken: number[] = [];
    while (heap[Control.SegmentsUsed]! < heap[Control.SegmentCount]! - 1 - left) {
      // Of no kind that a walk looks into.
      taken.push(claimSegments(heap, 1, SegmentOwner.HugeTail));
    }
    return () => releaseSegments(heap, taken.pop()!, 1);
  }

  test('while the array, the tree or the arena is asked for: MemoryError, nothing changed, and it goes on', () => {
    for (const geometry of PYMALLOC_GEOMETRIES) {
      const memory = SharedMemory.create(32 * MIB);
      const { allocator } = startPymalloc(memory, 0, geometry);
      const giveBack = takeSegments(memory, 0);
      // No array.
      expect(() => allocator.alloc(8, HeapTag.Mem)).toThrow(MemoryError);
      expect(memory.i32[BASE + State.ArenaObjects]).toBe(0);
      checkPymalloc(memory);
      // An array and no arena: the raw allocator helps out.
      giveBack();
      const first = allocator.alloc(8, HeapTag.Mem);
      expect(pymallocStatistics(memory.i32)).toMatchObject({ arenas: 0, rawBlocks: 1, arenaObjects: 16 });
      expect(allocator.blockWords(first)).toBe(8);
      checkPymalloc(memory);
      giveBack();
      const second = allocator.alloc(8, HeapTag.Gc);
      expect(pymallocStatistics(memory.i32)).toMatchObject({ arenas: 1, rawBlocks: 1, smallBlocks: 1 });
      checkPymalloc(memory);
      expect(liveBlocks(memory)).toEqual(
        new Map([
          [first, { words: 8, tag: HeapTag.Mem }],
          [second, { words: 8, tag: HeapTag.Gc }],
        ]),
      );
      allocator.free(first, HeapTag.Mem);
      allocator.free(second, HeapTag.Gc);
      expect(allocator.finishInterpreter()).toBe(0);
    }
  });

  test('each piece of memory that pymalloc asks for itself may be missing', () => {
    for (const geometry of PYMALLOC_GEOMETRIES) {
      for (let missing = 0; missing < 5; missing++) {
        const memory = SharedMemory.create(64 * MIB);
        const { allocator } = startPymalloc(memory, 0, geometry);
        const failures = failOwnRequest(allocator, missing);
        const blocks: number[] = [];
        // Enough for the array to grow from 16 to 32.
        const count = (18 * geometry.arenaWords) / 128;
        for (let i = 0; i < count; i++) {
          blocks.push(allocator.alloc(128, HeapTag.Mem));
          if (i % 1_000 === 0) checkPymalloc(memory);
        }
        checkPymalloc(memory);
        expect(liveBlocks(memory).size).toBe(count);
        expect(pymallocStatistics(memory.i32).allocatedBlocks).toBe(count);
        if (missing < 2) expect(failures()).toBe(1);
        for (const block of blocks) allocator.free(block, HeapTag.Mem);
        checkPymalloc(memory);
        expect(allocator.finishInterpreter()).toBe(0);
        expect(memory.i32[Control.SegmentsUsed]).toBe(0);
      }
    }
  });
});

/** Makes the `n`th request of pymalloc for itself fail, once. Returns what tells how many failed. */
function failOwnRequest(allocator: PymallocAllocator, n: number): () => number {
  const { raw } = allocator as unknown as { raw: { tryAllocOwn(words: number): number } };
  const original = raw.tryAllocOwn.bind(raw);
  let requests = 0;
  raw.tryAllocOwn = (words) => (requests++ === n ? 0 : original(words));
  return () => (requests > n ? 1 : 0);
}

test('two interpreters in one memory share no segment of arenas, and end apart', () => {
  const memory = SharedMemory.create(64 * MIB);
  const heap = memory.i32;
  const bases = [BASE, allocStatic(heap, State.Words)];
  const geometries = [PYMALLOC, PYMALLOC_OLD];
  const allocators = bases.map((base, i) => startPymalloc(memory, i, geometries[i], base).allocator);
  const blocks = bases.map((): number[] => []);
  for (let i = 0; i < 20_000; i++) {
    blocks[i & 1]!.push(allocators[i & 1]!.alloc(1 + ((i * 7) % 200), i & 3));
  }
  bases.forEach((base, i) => {
    checkPymalloc(memory, base);
    expect(pymallocStatistics(heap, base).allocatedBlocks).toBe(blocks[i]!.length);
    expect(arenasOf(memory, base).length).toBeGreaterThan(0);
  });
  expect(new Set(liveBlocks(memory).keys())).toEqual(new Set(blocks.flat()));
  const segments = bases.map(
    (base) => new Set(arenasOf(memory, base).map(({ address }) => address >>> Geometry.SegmentShift)),
  );
  expect([...segments[0]!].filter((segment) => segments[1]!.has(segment))).toEqual([]);

  for (const block of blocks[0]!) allocators[0]!.free(block, HeapTag.Mem);
  expect(allocators[0]!.finishInterpreter()).toBe(0);
  expect(new Set(liveBlocks(memory).keys())).toEqual(new Set(blocks[1]!));
  checkPymalloc(memory, bases[1]);
  // Blocks that are alive keep an interpreter's arenas.
  expect(allocators[1]!.finishInterpreter()).toBe(blocks[1]!.length);
  expect(liveBlocks(memory).size).toBe(blocks[1]!.length);
  for (const block of blocks[1]!) allocators[1]!.free(block, HeapTag.Mem);
  expect(allocators[1]!.finishInterpreter()).toBe(0);
  expect(heap[Control.SegmentsUsed]).toBe(0);
});

/** One arena a segment, as far from the segment's start as asked for: what `mmap` may well give. */
class UnalignedSource implements ArenaSource {
  constructor(
    private readonly heap: Int32Array,
    private readonly offset: number,
  ) {}

  alloc(): number {
    const segment = claimSegments(this.heap, 1, SegmentOwner.Arenas);
    this.heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)] = BASE;
    return segment + this.offset;
  }

  free(address: number): void {
    this.heap[Control.SegmentArenas + (address >>> Geometry.SegmentShift)] = 0;
    releaseSegments(this.heap, address & ~Geometry.SegmentMask, 1);
  }
}

test.each(PYMALLOC_GEOMETRIES)(
  '$name: arenas that are not aligned lose a pool and nothing else',
  (geometry) => {
    for (const offset of [4, 1_000, geometry.poolWords - 4, geometry.poolWords, 5 * geometry.poolWords + 8]) {
      const memory = SharedMemory.create(64 * MIB);
      const thread = new BareAllocatorThread(memory, 0);
      const source = new UnalignedSource(memory.i32, offset);
      const allocator = new PymallocAllocator(thread, geometry, BASE, source);
      allocator.start();
      const count = (3 * geometry.arenaWords) / 128;
      const blocks = Array.from({ length: count }, () => allocator.alloc(128, HeapTag.Gc));
      checkPymalloc(memory, BASE, false);
      const lost = offset % geometry.poolWords === 0 ? 0 : 1;
      const stats = pymallocStatistics(memory.i32);
      expect(stats.arenas).toBeGreaterThan(2);
      expect(stats.arenaAlignmentBytes).toBe(lost * stats.arenas * geometry.poolWords * 4);
      for (const { object } of arenasOf(memory)) {
        const pools = geometry.arenaWords / geometry.poolWords - lost;
        expect(memory.i32[object + Arena.TotalPools]).toBe(pools);
      }
      expect(new Set(liveBlocks(memory).keys())).toEqual(new Set(blocks));
      for (const block of blocks) expect(allocator.blockWords(block)).toBe(128);
      for (const block of blocks) allocator.free(block, HeapTag.Gc);
      checkPymalloc(memory, BASE, false);
      expect(allocator.finishInterpreter()).toBe(0);
      expect(memory.i32[Control.SegmentsUsed]).toBe(0);
    }
  },
);
