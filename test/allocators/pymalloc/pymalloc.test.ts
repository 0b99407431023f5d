import { describe, expect, test } from 'vitest';
import { Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { liveBlocks, MIB, startPymalloc } from '../support.js';

const poolOf = (address: number) => address & ~Pool.Mask;

describe('pools', () => {
  test('hold 1021 blocks of 16 bytes, 31 of 512', () => {
    for (const [words, count] of [
      [4, 1021],
      [128, 31],
    ] as const) {
      const memory = SharedMemory.create(16 * MIB);
      const { allocator } = startPymalloc(memory);
      const blocks = Array.from({ length: count + 1 }, () => allocator.alloc(words, HeapTag.Object));
      expect(new Set(blocks.slice(0, count).map(poolOf)).size).toBe(1);
      expect(poolOf(blocks[count]!)).not.toBe(poolOf(blocks[0]!));
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

test('the first arena of a segment has a pool less; freed arenas give the segment back', () => {
  const memory = SharedMemory.create(32 * MIB);
  const { allocator } = startPymalloc(memory);
  const perSegment = (63 + 3 * 64) * 31;
  const blocks = Array.from({ length: perSegment }, () => allocator.alloc(128, HeapTag.Mem));
  expect(memory.i32[Control.SegmentsUsed]).toBe(1);
  expect(memory.i32[State.ArenaCount]).toBe(4);
  blocks.push(allocator.alloc(128, HeapTag.Mem));
  expect(memory.i32[Control.SegmentsUsed]).toBe(2);
  for (const block of blocks) allocator.free(block, HeapTag.Mem);
  expect(memory.i32[State.ArenaCount]).toBe(1);
  expect(memory.i32[Control.SegmentsUsed]).toBe(1);
});

test('realloc shrinks in place by up to a quarter, and grows by moving', () => {
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
  expect(new HeapVisitor(memory).totals().blocks).toEqual([9, 9, 9, 9, 0]);
  for (const [block, tag] of made) b!.free(block, tag);
  expect(liveBlocks(memory).size).toBe(0);
});

test('out of memory leaves the heap whole', () => {
  const memory = SharedMemory.create(16 * MIB);
  const { allocator } = startPymalloc(memory);
  for (const words of [100, 4_000, 100]) {
    const blocks: number[] = [];
    expect(() => {
      for (;;) blocks.push(allocator.alloc(words, HeapTag.Gc));
    }).toThrow(MemoryError);
    expect(blocks.length * words).toBeGreaterThan(2_000_000);
    expect(liveBlocks(memory).size).toBe(blocks.length);
    for (const block of blocks) allocator.free(block, HeapTag.Gc);
  }
});
