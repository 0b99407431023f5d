import { describe, expect, test } from 'vitest';
import { PYMALLOC, PYMALLOC_GEOMETRIES, PYMALLOC_OLD } from '#ungil/allocators/pymalloc/geometry.js';
import { pymallocStatistics } from '#ungil/allocators/pymalloc/statistics.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { FatalError, MemoryError } from '#ungil/memory/errors.js';
import { Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { liveBlocks, MIB, startPymalloc } from '../support.js';
import { checkPymalloc } from './invariants.js';

const poolOf = (address: number, words = PYMALLOC.poolWords) => address & ~(words - 1);

describe('pools', () => {
  test('hold 1021 blocks of 16 bytes, 31 of 512; the old ones 253 and 7', () => {
    for (const [geometry, words, count] of [
      [PYMALLOC, 4, 1021],
      [PYMALLOC, 128, 31],
      [PYMALLOC_OLD, 4, 253],
      [PYMALLOC_OLD, 128, 7],
    ] as const) {
      const memory = SharedMemory.create(16 * MIB);
      const { allocator } = startPymalloc(memory, 0, geometry);
      const blocks = Array.from({ length: count + 1 }, () => allocator.alloc(words, HeapTag.Object));
      const pools = blocks.map((block) => poolOf(block, geometry.poolWords));
      expect(new Set(pools.slice(0, count)).size).toBe(1);
      expect(pools[count]).not.toBe(pools[0]);
    }
  });

  test('the block freed last is handed out first, and keeps all words but the first', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = startPymalloc(memory);
    const [a, b] = [allocator.alloc(8, HeapTag.Gc), allocator.alloc(8, HeapTag.Gc)];
    memory.i32.set([1, 2, 3, 4, 5, 6, 7, 8], b);
    allocator.free(a!, HeapTag.Gc);
    allocator.free(b!, HeapTag.Gc);
    expect([...memory.i32.subarray(b! + 1, b! + 8)]).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(allocator.alloc(8, HeapTag.Gc)).toBe(b);
    expect(allocator.alloc(8, HeapTag.Gc)).toBe(a);
  });

  test('an empty pool serves another size', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = startPymalloc(memory);
    const block = allocator.alloc(8, HeapTag.Gc);
    const pool = poolOf(block);
    allocator.free(block, HeapTag.Gc);
    expect(poolOf(allocator.alloc(100, HeapTag.Mem))).toBe(pool);
  });
});

describe('realloc', () => {
  test('shrinks in place by up to a quarter, and grows by moving', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startPymalloc(memory);
    const block = allocator.alloc(100, HeapTag.Mem);
    for (let i = 0; i < 100; i++) memory.i32[block + i] = i;
    expect(allocator.realloc(block, 80, HeapTag.Mem)).toBe(block);
    const small = allocator.realloc(block, 60, HeapTag.Mem);
    expect(small).not.toBe(block);
    const large = allocator.realloc(small, 5_000, HeapTag.Mem);
    const back = allocator.realloc(large, 10, HeapTag.Mem);
    expect([...memory.i32.subarray(back, back + 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(liveBlocks(memory).size).toBe(1);
  });

  test('a block that fell through to the raw allocator stays there', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startPymalloc(memory);
    const small = allocator.alloc(8, HeapTag.Mem);
    const raw = allocator.alloc(200, HeapTag.Mem);
    const shrunk = allocator.realloc(raw, 8, HeapTag.Mem);
    expect(pymallocStatistics(memory.i32)).toMatchObject({ smallBlocks: 1, rawBlocks: 1 });
    expect(poolOf(shrunk)).not.toBe(poolOf(small));
    allocator.free(shrunk, HeapTag.Mem);
    expect(pymallocStatistics(memory.i32).rawBlocks).toBe(0);
  });
});

test('threads share one state; a walk sees small, large and huge blocks with their tags', () => {
  const memory = SharedMemory.create(64 * MIB);
  const [a, b] = [0, 1].map((slot) => startPymalloc(memory, slot).allocator);
  const made = new Map<number, HeapTag>();
  for (const words of [0, 1, 8, 128, 129, 5_000, 40_000, 300_000, Geometry.SegmentWords]) {
    for (let tag = 0; tag < 4; tag++) made.set(a!.alloc(words, tag), tag);
    b!.freeDelayed(a!.alloc(words, HeapTag.Mem));
  }
  const live = liveBlocks(memory);
  expect(new Set(live.keys())).toEqual(new Set(made.keys()));
  for (const [block, tag] of made) expect(live.get(block)?.tag).toBe(tag);
  // The raw ones: array of arena objects, two nodes of the radix tree.
  expect(new HeapVisitor(memory).totals().blocks).toEqual([9, 9, 9, 9, 3]);
  for (const [block, tag] of made) b!.free(block, tag);
  expect(liveBlocks(memory).size).toBe(0);
});

describe.each(PYMALLOC_GEOMETRIES)('$name', (geometry) => {
  test('out of memory leaves the heap whole', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = startPymalloc(memory, 0, geometry);
    for (const words of [100, 4_000, 100]) {
      const blocks: number[] = [];
      expect(() => {
        for (;;) blocks.push(allocator.alloc(words, HeapTag.Gc));
      }).toThrow(MemoryError);
      expect(blocks.length * words).toBeGreaterThan(1_900_000);
      expect(liveBlocks(memory).size).toBe(blocks.length);
      expect(pymallocStatistics(memory.i32).allocatedBlocks).toBe(blocks.length);
      checkPymalloc(memory);
      for (const block of blocks) allocator.free(block, HeapTag.Gc);
    }
    expect(allocator.finishInterpreter()).toBe(0);
  });

  test('statistics account for every byte of the arenas', () => {
    const memory = SharedMemory.create(64 * MIB);
    const { allocator } = startPymalloc(memory, 0, geometry);
    const tags = [HeapTag.Mem, HeapTag.Object, HeapTag.Gc];
    const expected = new Map<string, number>();
    const blocks: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const words = 1 + ((i * 37) % 128);
      const tag = tags[i % 3]!;
      const key = `${tag}:${Math.ceil(words / 4) * 16}`;
      if (i % 5 !== 0) expected.set(key, (expected.get(key) ?? 0) + 1);
      blocks.push(allocator.alloc(words, tag));
    }
    for (let i = 0; i < blocks.length; i += 5) allocator.free(blocks[i]!, HeapTag.Mem);
    const raw = [0, 129, 5_000].map((words) => allocator.alloc(words, HeapTag.Gc));
    const stats = pymallocStatistics(memory.i32);
    expect(new Map(stats.classes.map(({ tag, size, live }) => [`${tag}:${size}`, live]))).toEqual(expected);
    expect(stats.smallBlocks).toBe(16_000);
    expect(stats.allocatedBlocks).toBe(16_000 + raw.length);
    expect(
      stats.allocatedBytes +
        stats.availableBytes +
        stats.freePoolBytes +
        stats.poolHeaderBytes +
        stats.quantisationBytes +
        stats.arenaAlignmentBytes,
    ).toBe(stats.arenaBytes);
    expect(stats.arenaAlignmentBytes).toBe(0);
    expect(stats.arenas * geometry.arenaWords * 4).toBe(stats.arenaBytes);
    expect(
      stats.classes.every(
        ({ pools, live, carved, capacity }) => pools > 0 && live > 0 && carved >= live && capacity >= carved,
      ),
    ).toBe(true);
  });

  test.each([Number.NaN, -1, -0.5, 0.5, 4.5, 127.5, 128.5, 2 ** 32 + 1, 1 - 2 ** 32, 1e300, -Infinity])(
    'a size of %d is refused, and nothing changes',
    (words) => {
      const memory = SharedMemory.create(16 * MIB);
      const { allocator } = startPymalloc(memory, 0, geometry);
      const small = allocator.alloc(128, HeapTag.Mem);
      const raw = allocator.alloc(200, HeapTag.Mem);
      const before = pymallocStatistics(memory.i32);
      const refused = /accepted are whole numbers from 0 to 536870912/;
      expect(() => allocator.alloc(words, HeapTag.Mem)).toThrow(refused);
      expect(() => allocator.alloc(words, HeapTag.Mem)).toThrow(RangeError);
      expect(() => allocator.realloc(small, words, HeapTag.Mem)).toThrow(refused);
      expect(() => allocator.realloc(raw, words, HeapTag.Mem)).toThrow(refused);
      expect(pymallocStatistics(memory.i32)).toEqual(before);
    },
  );
});

test('a size of the whole memory is a MemoryError, one beyond any memory is refused', () => {
  const memory = SharedMemory.create(16 * MIB);
  const { allocator } = startPymalloc(memory);
  expect(() => allocator.alloc(4 * MIB, HeapTag.Mem)).toThrow(MemoryError);
  expect(() => allocator.alloc(2 ** 29, HeapTag.Mem)).toThrow(MemoryError);
  expect(() => allocator.alloc(2 ** 29 + 1, HeapTag.Mem)).toThrow(RangeError);
});

test('a thread with another geometry than the interpreter is refused', () => {
  const memory = SharedMemory.create(16 * MIB);
  startPymalloc(memory, 0, PYMALLOC_OLD);
  expect(() => startPymalloc(memory, 1)).toThrow(FatalError);
  expect(() => startPymalloc(memory, 1)).toThrow(/arenas of 262144 bytes .* came with 1048576/);
});
