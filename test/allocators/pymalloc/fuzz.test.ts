import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PYMALLOC, PYMALLOC_GEOMETRIES } from '#ungil/allocators/pymalloc/geometry.js';
import { State } from '#ungil/allocators/pymalloc/layout.js';
import { pymallocStatistics } from '#ungil/allocators/pymalloc/statistics.js';
import { Control, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { programs } from '../steps.js';
import { liveBlocks, MIB, Reference, runSteps, startPymalloc } from '../support.js';
import { arenasOf, BASE, checkPymalloc, usableArenas } from './invariants.js';

const GEOMETRIES = [...PYMALLOC_GEOMETRIES, { ...PYMALLOC, name: 'segment', addressMap: 'segment' } as const];

/** Grows and shrinks the heap by many blocks of one size, freed in an order of their own. */
const phases = fc.array(
  fc.record({
    words: fc.integer({ min: 100, max: 128 }),
    tag: fc.constantFrom(HeapTag.Mem, HeapTag.Gc),
    blocks: fc.nat(6_000),
    /** Per cent of all live blocks that are freed then, and every how manieth first. */
    freed: fc.integer({ min: 0, max: 100 }),
    stride: fc.constantFrom(1, 7, 31, 997),
  }),
  { minLength: 1, maxLength: 8, size: 'max' },
);

/** 6 MiB of blocks of 512 bytes, all freed: what chance brings may need fewer arenas than a test of their order. */
const GROWTH = [1, 31].map((stride) => ({ words: 128, tag: HeapTag.Mem, blocks: 6_000, freed: 0, stride }));

describe.each(GEOMETRIES)('$name', (geometry) => {
  test('random programs: no overlap, contents kept, exact walks and counts, all given back', () => {
    fc.assert(
      fc.property(programs, (steps) => {
        const memory = SharedMemory.create(256 * MIB);
        const allocators = [0, 1].map((slot) => startPymalloc(memory, slot, geometry).allocator);
        const reference = runSteps(memory, allocators, steps, () => checkPymalloc(memory));
        expect(pymallocStatistics(memory.i32).allocatedBlocks).toBe(reference.live.size);
        if (reference.live.size > 0) expect(allocators[1]!.finishInterpreter()).toBe(reference.live.size);
        for (const address of [...reference.live.keys()])
          allocators[0]!.free(address, reference.take(address).tag);
        expect(liveBlocks(memory).size).toBe(0);
        checkPymalloc(memory);
        expect(allocators[0]!.finishInterpreter()).toBe(0);
        expect(memory.i32[Control.SegmentsUsed]).toBe(0);
        expect(memory.i32.subarray(BASE, BASE + State.Words).every((word) => word === 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('arenas stay in order while they fill and drain; the last empty one is kept', () => {
    const memory = SharedMemory.create(256 * MIB);
    const { allocator } = startPymalloc(memory, 0, geometry);
    const free = (blocks: number[]) => {
      for (const block of blocks) allocator.free(block, HeapTag.Mem);
      checkPymalloc(memory);
    };
    fc.assert(
      fc.property(phases, (program) => {
        let live: number[] = [];
        for (const { words, tag, blocks, freed, stride } of program) {
          for (let i = 0; i < blocks; i++) live.push(allocator.alloc(words, tag));
          checkPymalloc(memory);
          const order = Array.from(live, (_, i) => live[(i * stride) % live.length]!);
          live = [...new Set([...order, ...live])];
          free(live.splice(0, Math.floor((live.length * freed) / 100)));
          expect(pymallocStatistics(memory.i32).smallBlocks).toBe(live.length);
        }
        free(live);
        expect(usableArenas(memory).length).toBe(1);
        expect(arenasOf(memory).length).toBe(1);
      }),
      { numRuns: 15, examples: [[GROWTH], [GROWTH]] },
    );
    const { arenasHighWater, arenasEver, arenaSize } = pymallocStatistics(memory.i32);
    expect(arenasHighWater * arenaSize).toBeGreaterThan(5 * MIB);
    expect(arenasEver).toBeGreaterThan(arenasHighWater);
    expect(allocator.finishInterpreter()).toBe(0);
    expect(memory.i32[Control.SegmentsUsed]).toBe(0);
  }, 60_000);
});

test('contents of small blocks survive heavy mixing', () => {
  const memory = SharedMemory.create(32 * MIB);
  const { allocator } = startPymalloc(memory);
  const reference = new Reference(memory);
  for (let i = 0; i < 3_000; i++) {
    const words = 1 + ((i * 37) % 128);
    reference.add(allocator.alloc(words, i & 3), words, i & 3);
    if (i % 3 === 2) {
      const address = [...reference.live.keys()][(i * 7) % reference.live.size]!;
      allocator.free(address, reference.take(address).tag);
    }
  }
  expect(liveBlocks(memory).size).toBe(reference.live.size);
});
