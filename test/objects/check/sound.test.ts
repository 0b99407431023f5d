import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeap } from '#ungil/objects/check/checkHeap.js';
import { programs } from '../../allocators/steps.js';
import { MIB, runSteps, startMimalloc, startPymalloc } from '../../allocators/support.js';

test('a fresh memory is sound', () => {
  expect(checkHeap(SharedMemory.create(16 * MIB))).toEqual([]);
});

test('mimalloc is sound at each point of random programs of three threads, and when they have left', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(384 * MIB);
      const threads = [0, 1, 2].map((slot) => startMimalloc(memory, slot));
      const allocators = threads.map(({ allocator }) => allocator);
      const sound = () => expect(checkHeap(memory)).toEqual([]);
      const reference = runSteps(memory, allocators, steps, sound);
      allocators[0]!.exit();
      sound();
      for (let i = 0; i < 300; i++) reference.add(allocators[1]!.alloc(100, HeapTag.Gc), 100, HeapTag.Gc);
      sound();
      for (const address of [...reference.live.keys()]) {
        allocators[1 + (address & 1)]!.free(address, reference.take(address).tag);
      }
      sound();
      allocators[1]!.exit();
      sound();
      allocators[2]!.exit();
      sound();
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('pymalloc is sound at each point of random programs', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(256 * MIB);
      const { allocator } = startPymalloc(memory);
      const sound = () => expect(checkHeap(memory)).toEqual([]);
      const reference = runSteps(memory, [allocator], steps, sound);
      for (const address of [...reference.live.keys()]) allocator.free(address, reference.take(address).tag);
      sound();
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('delayed frees, waiting pages and pages full of foreign frees are sound at each round', () => {
  const memory = SharedMemory.create(64 * MIB);
  const [first, second] = [0, 1].map((slot) => startMimalloc(memory, slot));
  let seed = 99;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) % n;
  };
  const blocks: [number, HeapTag][] = [];
  for (let round = 0; round < 4_000; round++) {
    const who = (random(2) ? first : second)!;
    if (random(5) < 3 && blocks.length < 150) {
      const tag = random(4) as HeapTag;
      blocks.push([who.allocator.alloc(1_000 + random(3_000), tag), tag]);
    } else if (blocks.length > 0) {
      const [[address, tag]] = blocks.splice(random(blocks.length), 1) as [[number, HeapTag]];
      if (tag === HeapTag.Mem && random(2)) who.allocator.freeDelayed(address);
      else who.allocator.free(address, tag);
    }
    if (random(10) === 0) who.thread.qsbr.quiescentState();
    if (random(50) === 0) who.allocator.processDelayed();
    if (round % 20 === 0) expect(checkHeap(memory)).toEqual([]);
  }
});
