import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Delayed, Page } from '#ungil/allocators/mimalloc/layout.js';
import { HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { programs } from '../steps.js';
import {
  expectSameLive,
  listLength,
  liveBlocks,
  MIB,
  pagesOf,
  Reference,
  runSteps,
  startMimalloc,
} from '../support.js';

/** INV-4.1 and INV-4.2 of every page of the thread, through the public walk of live blocks. */
function checkPages(memory: SharedMemory, slot: number): void {
  const heap = memory.i32;
  for (const { page, tag } of pagesOf(memory, slot)) {
    const free = listLength(heap, heap[page + Page.Free]!);
    const local = listLength(heap, heap[page + Page.LocalFree]!);
    const used = heap[page + (heap[page + Page.InFull] ? Page.FullUsed : Page.Used)]!;
    const foreign = listLength(heap, heap[page + Page.XThreadFree]! & ~Delayed.Mask);
    expect(used + free + local).toBe(heap[page + Page.Capacity]);
    expect(foreign).toBeLessThanOrEqual(used);
    expect(heap[page + Page.Capacity]).toBeLessThanOrEqual(heap[page + Page.Reserved]!);
    expect(heap[page + Page.Tag]).toBe(tag);
  }
}

test('random programs of one thread: no overlap, contents kept, exact walks', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(256 * MIB);
      const { allocator } = startMimalloc(memory, 0);
      const reference = runSteps(memory, [allocator], steps, () => checkPages(memory, 0));
      for (const address of [...reference.live.keys()]) allocator.free(address, reference.take(address).tag);
      allocator.exit();
      expect(liveBlocks(memory).size).toBe(0);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('random programs of three threads that free each other’s blocks', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(384 * MIB);
      const threads = [0, 1, 2].map((slot) => startMimalloc(memory, slot));
      const allocators = threads.map(({ allocator }) => allocator);
      const reference = runSteps(memory, allocators, steps, () => {
        for (const slot of [0, 1, 2]) checkPages(memory, slot);
      });
      // The first leaves with live blocks; the others free them and take its segments over.
      allocators[0]!.exit();
      expectSameLive(memory, reference);
      for (let i = 0; i < 500; i++) reference.add(allocators[1]!.alloc(100, HeapTag.Gc), 100, HeapTag.Gc);
      for (const address of [...reference.live.keys()]) {
        allocators[1 + (address & 1)]!.free(address, reference.take(address).tag);
      }
      allocators[1]!.exit();
      allocators[2]!.exit();
      expect(liveBlocks(memory).size).toBe(0);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('many small blocks, freed by others while their pages are full', () => {
  const memory = SharedMemory.create(64 * MIB);
  const [first, second] = [0, 1].map((slot) => startMimalloc(memory, slot));
  const reference = new Reference(memory);
  let seed = 12345;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % n;
  };
  const blocks: number[] = [];
  // Full pages need many blocks: 16 KiB ones, four a page. `add` checks against all others.
  for (let round = 0; round < 3_000; round++) {
    if (random(5) < 3 && blocks.length < 200) {
      const address = (random(2) ? first : second)!.allocator.alloc(3_900, HeapTag.Gc);
      reference.add(address, 3_900, HeapTag.Gc);
      blocks.push(address);
    } else if (blocks.length > 0) {
      const [address] = blocks.splice(random(blocks.length), 1);
      reference.take(address!);
      (random(2) ? first : second)!.allocator.free(address!, HeapTag.Gc);
    }
    if (round % 100 === 0) {
      checkPages(memory, 0);
      checkPages(memory, 1);
      expectSameLive(memory, reference);
    }
  }
});
