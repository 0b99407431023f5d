import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena, Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { programs } from '../steps.js';
import { liveBlocks, MIB, Reference, runSteps, startPymalloc } from '../support.js';

/** INV-3.1 and nfp2lasta; INV-3.2: every pool in `usedpools` has used and free blocks. */
function checkArenas(memory: SharedMemory): void {
  const heap = memory.i32;
  const last = new Map<number, number>();
  let previous = 0;
  let before = 0;
  for (let arena = heap[State.UsableArenas]!; arena !== 0; arena = heap[arena + Arena.Next]!) {
    const free = heap[arena + Arena.FreePoolCount]!;
    expect(free).toBeGreaterThanOrEqual(Math.max(before, 1));
    expect(heap[arena + Arena.Previous]).toBe(previous);
    let counted = 0;
    for (let pool = heap[arena + Arena.FreePools]!; pool !== 0; pool = heap[pool + Pool.Next]!) {
      expect(heap[pool + Pool.Count]).toBe(0);
      counted++;
    }
    const end = heap[arena + Arena.Address]! + Arena.Words;
    expect(counted + (end - heap[arena + Arena.PoolAddress]!) / Pool.Words).toBe(free);
    last.set(free, arena);
    before = free;
    previous = arena;
  }
  for (let free = 0; free < State.LastWithFreeCount; free++) {
    expect(heap[State.LastWithFree + free]).toBe(last.get(free) ?? 0);
  }
  for (let index = 0; index < State.UsedPoolsCount; index++) {
    for (let pool = heap[State.UsedPools + index]!; pool !== 0; pool = heap[pool + Pool.Next]!) {
      expect(heap[pool + Pool.SizeIndex]).toBe(index);
      expect(heap[pool + Pool.Count]).toBeGreaterThan(0);
      expect(heap[pool + Pool.FreeBlock]).not.toBe(0);
    }
  }
}

test('random programs: no overlap, contents kept, exact walks', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(256 * MIB);
      const allocators = [0, 1].map((slot) => startPymalloc(memory, slot).allocator);
      const reference = runSteps(memory, allocators, steps, () => checkArenas(memory));
      for (const address of [...reference.live.keys()])
        allocators[0]!.free(address, reference.take(address).tag);
      expect(liveBlocks(memory).size).toBe(0);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('arenas stay in order while they fill and drain; the last empty one is kept', () => {
  const memory = SharedMemory.create(64 * MIB);
  const { allocator } = startPymalloc(memory);
  const live: number[] = [];
  let seed = 99;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % n;
  };
  let peak = 0;
  for (const target of [30_000, 4_000, 20_000, 0]) {
    while (live.length !== target) {
      const grow = random(10) < (live.length < target ? 8 : 2);
      if (grow) live.push(allocator.alloc(112 + random(17), HeapTag.Object));
      else if (live.length > 0) {
        const i = random(live.length);
        allocator.free(live[i]!, HeapTag.Object);
        live[i] = live.at(-1)!;
        live.pop();
      }
      if (random(4_000) === 0) checkArenas(memory);
    }
    checkArenas(memory);
    peak = Math.max(peak, memory.i32[State.ArenaCount]!);
  }
  expect(peak).toBeGreaterThan(8);
  expect(memory.i32[State.ArenaCount]).toBe(1);
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
