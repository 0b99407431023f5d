import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Control, HeapTag } from '#ungil/memory/layout.js';
import { smallPrograms } from '../steps.js';
import { runSteps } from '../support.js';
import { exitAll, startDomains } from './support.js';

/** Specifications, and whether the threads have lock-free readers among them. */
const COMPOSITIONS: readonly [string, boolean][] = [
  ['debug', false],
  ['malloc', false],
  ['malloc_debug', false],
  ['mimalloc_debug', false],
  ['mem=malloc,object=pymalloc', false],
  ['mem=debug+mimalloc,object=pymalloc', false],
  ['mem=own,object=debug+own', false],
  ['debug', true],
  ['mem=malloc', true],
  ['mem=debug+malloc', true],
  ['object=debug+own', true],
  ['raw=own,mem=own,object=own', true],
  ['mem=own,object=debug+mimalloc', true],
];

describe.each(COMPOSITIONS)('random programs under %s (lock-free readers: %s)', (spec, readers) => {
  it.each([1, 2])('%i threads: blocks are whole, found by the visit, and gone at the end', (count) => {
    fc.assert(
      fc.property(smallPrograms, (steps) => {
        const domains = startDomains(spec, readers, count);
        const { memory, threads, allocators } = domains;
        const check = () => {
          allocators[0]!.check();
          for (const thread of threads) if (readers) thread.qsbr.quiescentState();
        };
        const visit = allocators[0]!.visit.bind(allocators[0]!);
        const reference = runSteps(memory, allocators, steps, check, visit);
        // Each block by the next thread: tag Mem the delayed way.
        let turn = 0;
        for (const [address] of [...reference.live]) {
          const { tag } = reference.take(address);
          const allocator = allocators[turn++ % count]!;
          if (tag === HeapTag.Mem) allocator.freeDelayed(address);
          else allocator.free(address, tag);
        }
        exitAll(domains);
        allocators[0]!.check();
        const left: number[] = [];
        visit((address) => left.push(address));
        expect(left).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });
});

describe('delayed frees, whoever serves mem', () => {
  it.each(['mem=malloc', 'mem=debug+malloc', 'mem=own', 'debug', 'mem=debug+own,object=debug'])(
    '%s: the block keeps its contents until every thread has been quiescent, then goes back where it came from',
    (spec) => {
      const domains = startDomains(spec, true, 2);
      const { memory, threads, allocators } = domains;
      const heap = memory.i32;
      const [first, second] = allocators;
      const blocks = Array.from({ length: 300 }, (_, i) => {
        const block = first!.alloc(20, HeapTag.Mem);
        heap.fill(i, block, block + 20);
        return block;
      });
      for (const block of blocks) second!.freeDelayed(block);
      const live = () => {
        const found = new Set<number>();
        first!.visit((address) => found.add(address), 1 << HeapTag.Mem);
        return blocks.filter((block) => found.has(block)).length;
      };
      second!.processDelayed();
      expect(live()).toBe(300);
      expect(blocks.map((block) => heap[block + 19])).toEqual(blocks.map((_, i) => i));
      for (let round = 0; round < 3; round++) {
        for (const thread of threads) {
          thread.qsbr.advance();
          thread.qsbr.quiescentState();
        }
        for (const allocator of allocators) allocator.processDelayed();
      }
      expect(live()).toBe(0);
      exitAll(domains);
    },
  );

  it.each(['debug', 'mem=malloc', 'mem=malloc,object=debug'])(
    '%s: the segments of a huge object wait too, and come back',
    (spec) => {
      const domains = startDomains(spec, true, 2);
      const { memory, allocators } = domains;
      const before = memory.i32[Control.SegmentsUsed]!;
      const object = allocators[0]!.alloc(1_100_000, HeapTag.Gc);
      expect(memory.i32[Control.SegmentsUsed]).toBeGreaterThanOrEqual(before + 2);
      allocators[1]!.free(object, HeapTag.Gc);
      const between = memory.i32[Control.SegmentsUsed]!;
      expect(between).toBeGreaterThanOrEqual(before + 2);
      exitAll(domains);
      expect(memory.i32[Control.SegmentsUsed]).toBe(between - 2);
    },
  );
});

describe('a full memory', () => {
  it.each<[string, boolean]>([
    ['debug', false],
    ['debug', true],
    ['malloc_debug', false],
    ['mem=debug+malloc', true],
    ['object=own', true],
  ])('%s: gives MemoryError, and everything again after the frees', (spec, readers) => {
    const domains = startDomains(spec, readers, 1, 16);
    const { allocators } = domains;
    const allocator = allocators[0]!;
    const round = () => {
      const blocks: number[] = [];
      try {
        for (;;) blocks.push(allocator.alloc(10_000, HeapTag.Gc));
      } catch (error) {
        expect((error as { code: string }).code).toBe('UNGIL_MEMORY');
      }
      for (const block of blocks) allocator.free(block, HeapTag.Gc);
      return blocks.length;
    };
    const most = round();
    expect(most).toBeGreaterThan(100);
    if (readers) domains.threads[0]!.qsbr.quiescentState();
    expect(round()).toBeGreaterThan(most * 0.9);
  });
});
