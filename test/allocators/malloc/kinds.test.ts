import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeapVisitor, TagMask } from '#ungil/allocators/visitor.js';
import { FatalError, MemoryError } from '#ungil/memory/errors.js';
import { Control, Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { runWorkers } from '../../support/workers.js';
import { programs } from '../steps.js';
import { expectSameLive, liveBlocks, MIB, Reference, runSteps } from '../support.js';
import { KINDS, type Started } from './kinds.js';

const used = (memory: SharedMemory) => memory.i32[Control.SegmentsUsed];

/** All that is empty goes, by the only thread: pages of objects that became empty just now wait for its goal. */
function releaseAll({ thread, allocator }: Started): void {
  allocator.collect(true);
  thread.qsbr.advance();
  thread.qsbr.quiescentState();
  allocator.processDelayed();
  allocator.collect(true);
}

describe.each(KINDS)('$name', (kind) => {
  test('random programs of three threads that free each other’s blocks and leave one by one', () => {
    fc.assert(
      fc.property(programs, programs, (steps, later) => {
        const memory = SharedMemory.create(384 * MIB);
        const started = [0, 1, 2].map((slot) => kind.start(memory, slot));
        const allocators = started.map(({ allocator }) => allocator);
        const reference = runSteps(memory, allocators, steps, () => kind.check(memory, [0, 1, 2]));
        allocators[0]!.exit();
        expectSameLive(memory, reference);
        // The others work on, and take over what is there.
        for (const step of later) {
          if (step.op === 'alloc') {
            const { words, tag } = step;
            reference.add(allocators[1 + (words & 1)]!.alloc(words, tag), words, tag);
          } else if (step.op === 'free' && reference.live.size > 0) {
            const address = [...reference.live.keys()][step.pick % reference.live.size]!;
            allocators[1 + (step.by & 1)]!.free(address, reference.take(address).tag);
          } else if (step.op === 'check') {
            allocators[1 + (later.length & 1)]!.collect(later.length % 3 === 0);
            kind.check(memory, [1, 2]);
            expectSameLive(memory, reference);
          }
        }
        for (const address of [...reference.live.keys()]) {
          allocators[1 + ((address >> 4) & 1)]!.free(address, reference.take(address).tag);
        }
        allocators[1]!.exit();
        expect(liveBlocks(memory).size).toBe(0);
        // The last one takes over everything, and gives it back.
        const { thread, allocator } = started[2]!;
        thread.qsbr.advance();
        thread.qsbr.quiescentState();
        allocator.processDelayed();
        allocator.collect(true);
        allocator.exit();
        const { allocator: last } = kind.start(memory, 3);
        last.collect(true);
        last.exit();
        expect(liveBlocks(memory).size).toBe(0);
        expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 0, 0, 0]);
        const after = kind.start(memory, 4);
        releaseAll(after);
        expect(used(memory)).toBe(0);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('out of memory is a MemoryError; everything comes back', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { thread, allocator } = kind.start(memory, 0);
    for (const words of [60, 4_000, 20_000, 500_000, 600_000]) {
      const blocks: number[] = [];
      expect(() => {
        for (;;) blocks.push(allocator.alloc(words, HeapTag.Mem));
      }).toThrow(MemoryError);
      expect(blocks.length * words).toBeGreaterThan(1_500_000);
      kind.check(memory, [0]);
      for (const block of blocks) allocator.free(block, HeapTag.Mem);
      thread.qsbr.advance();
      thread.qsbr.quiescentState();
      allocator.processDelayed();
    }
    allocator.collect(true);
    expect(used(memory)).toBe(0);
  });

  test('what is no size is a RangeError that says what is one; the heap is whole', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = kind.start(memory, 0);
    const sizes = [-1, -4, -256, -(2 ** 31), -(2 ** 32), 0.5, 4.5, 255.5, 1e6 + 0.5, Number.NaN];
    for (const words of [
      ...sizes,
      Number.POSITIVE_INFINITY,
      -Number.POSITIVE_INFINITY,
      2 ** 29 + 1,
      2 ** 53,
    ]) {
      const message = `cannot allocate ${words} words: accepted are whole numbers from 0 to 536870912 (2 GiB)`;
      for (let tag = 0; tag < 4; tag++) {
        expect(() => allocator.alloc(words, tag)).toThrow(new RangeError(message));
      }
      expect(() => allocator.rawAlloc(words)).toThrow(new RangeError(message));
    }
    expect(() => allocator.alloc(2 ** 29, HeapTag.Mem)).toThrow(MemoryError);
    expect(liveBlocks(memory).size).toBe(0);
    kind.check(memory, [0]);
    expect(allocator.blockWords(allocator.alloc(0, HeapTag.Gc))).toBeGreaterThanOrEqual(4);
  });

  test('free of an address in no heap is an error, and changes nothing', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = kind.start(memory, 0);
    const block = allocator.alloc(8, HeapTag.Mem);
    const control = memory.i32.slice(0, Geometry.SegmentWords);
    for (const address of [
      0,
      4,
      1024,
      Geometry.SegmentWords - 4,
      3 << 20,
      memory.i32.length,
      1 << 30,
      -4,
      Number.NaN,
    ]) {
      expect(() => allocator.free(address, HeapTag.Mem)).toThrow(FatalError);
      expect(() => allocator.free(address, HeapTag.Mem)).toThrow(`${address} is no block of a heap`);
      expect(() => allocator.rawFree(address)).toThrow(FatalError);
    }
    expect(control.every((word, i) => memory.i32[i] === word)).toBe(true);
    expect([...liveBlocks(memory).keys()]).toEqual([block]);
  });

  test('raw blocks: any thread frees them, they are walked when asked for', () => {
    const memory = SharedMemory.create(64 * MIB);
    const [a, b] = [0, 1].map((slot) => kind.start(memory, slot).allocator);
    const reference = new Reference(memory);
    const sizes = [0, 1, 4, 100, 256, 257, 5_000, 40_000, 600_000, Geometry.SegmentWords];
    for (const words of sizes) {
      const block = a!.rawAlloc(words);
      reference.add(block, words, HeapTag.Raw);
      expect(b!.blockWords(block)).toBeGreaterThanOrEqual(words);
    }
    expect(liveBlocks(memory).size).toBe(0);
    const seen: number[] = [];
    new HeapVisitor(memory).visit((block, _words, tag) => {
      expect(tag).toBe(HeapTag.Raw);
      seen.push(block);
    }, TagMask.Raw);
    expect(seen.sort()).toEqual([...reference.live.keys()].sort());
    expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 0, 0, sizes.length]);
    a!.exit();
    for (const block of seen) {
      reference.take(block);
      b!.rawFree(block);
    }
    expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 0, 0, 0]);
    b!.collect(true);
    expect(used(memory)).toBe(0);
  });

  test('real threads pass blocks around and come and go; nothing is lost or handed out twice', async () => {
    const memory = SharedMemory.create(256 * MIB);
    const args = { kind: kind.name };
    const results = await runWorkers<{ errors: number; frees: number }>('allocKinds', memory.handle, 3, args);
    for (const { errors, frees } of results) {
      expect(errors).toBe(0);
      expect(frees).toBeGreaterThan(5_000);
    }
    expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 0, 0, 0]);
    const last = kind.start(memory, 5);
    kind.check(memory, [5]);
    last.allocator.collect(true);
    kind.check(memory, [5]);
    releaseAll(last);
    expect(used(memory)).toBe(0);
  });
});

test('a thread told to abort leaves the lock of malloc as it was', () => {
  const memory = SharedMemory.create(16 * MIB);
  const { allocator } = KINDS[2]!.start(memory, 0);
  memory.i32[Control.MallocLock] = 1;
  memory.i32[Control.Abort] = 1;
  expect(() => allocator.alloc(8, HeapTag.Mem)).toThrow('another thread failed');
  memory.i32[Control.Abort] = 0;
  memory.i32[Control.MallocLock] = 0;
  const block = allocator.alloc(8, HeapTag.Mem);
  expect(memory.i32[Control.MallocLock]).toBe(0);
  expect([...liveBlocks(memory).keys()]).toEqual([block]);
});
