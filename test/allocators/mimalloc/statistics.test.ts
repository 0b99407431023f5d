import { expect, test } from 'vitest';
import { Delayed, Page, SharedHeaps, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { pageOf } from '#ungil/allocators/mimalloc/page.js';
import { type BinStatistics, mimallocStatistics } from '#ungil/allocators/mimalloc/statistics.js';
import { PageVisitor } from '#ungil/allocators/mimalloc/visit.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { Control, Geometry, HeapTag, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { KINDS } from '../malloc/kinds.js';
import { MIB, startMimalloc } from '../support.js';

const statistics = (memory: SharedMemory) =>
  mimallocStatistics(memory.i32, new PageVisitor(memory.i32).delayedBlocks());

/** What the rows say is alive is what a walk finds, by tag; capacities add up. */
function checkTotals(memory: SharedMemory, bins: readonly BinStatistics[]): void {
  const blocks = [0, 0, 0, 0, 0];
  for (const row of bins) {
    blocks[row.tag]! += row.used;
    expect(row.used + row.free + row.foreign).toBe(row.capacity);
    expect(row.capacity).toBeLessThanOrEqual(row.reserved);
    expect(row.reserved * row.blockBytes).toBeLessThanOrEqual(row.pageBytes);
  }
  expect(blocks).toEqual(new HeapVisitor(memory).totals().blocks);
}

test('rows by owner, tag and size; live, free and foreign blocks', () => {
  const memory = SharedMemory.create(128 * MIB);
  const [a, b, c] = [0, 1, 2].map((slot) => startMimalloc(memory, slot));
  const small = Array.from({ length: 300 }, () => a!.allocator.alloc(12, HeapTag.Gc));
  const full = Array.from({ length: 5 }, () => a!.allocator.alloc(Slice.SmallMaxWords, HeapTag.Mem));
  for (const block of small.slice(0, 40)) a!.allocator.free(block, HeapTag.Gc);
  for (const block of small.slice(40, 50)) b!.allocator.free(block, HeapTag.Gc);
  // The first of a full page goes to the heap's list, the second to the page's.
  for (const block of full.slice(0, 2)) b!.allocator.free(block, HeapTag.Mem);
  expect(memory.i32[pageOf(memory.i32, full[0]!) + Page.XThreadFree]! & Delayed.Mask).toBe(Delayed.No);
  b!.allocator.alloc(Geometry.SegmentWords, HeapTag.Object);
  b!.allocator.rawAlloc(100);
  c!.allocator.alloc(100, HeapTag.GcPre);
  c!.allocator.exit();

  const { bins, segments, spanBytes } = statistics(memory);
  checkTotals(memory, bins);
  const find = (owner: unknown, tag: number) => bins.filter((row) => row.owner === owner && row.tag === tag);
  expect(find(0, HeapTag.Gc)).toMatchObject([{ blockBytes: 48, used: 250, foreign: 10, pages: 1 }]);
  expect(find(0, HeapTag.Mem)).toMatchObject([{ used: 3, foreign: 2, pages: 2, pageBytes: 2 * 65536 }]);
  expect(find('abandoned', HeapTag.GcPre)).toMatchObject([{ used: 1, pages: 1 }]);
  expect(find('malloc', HeapTag.Raw)).toMatchObject([{ used: 1, blockBytes: 448 }]);
  expect(find('huge', HeapTag.Object)).toMatchObject([{ used: 1, pageBytes: 2 * Geometry.SegmentBytes }]);
  expect([...segments].sort()).toEqual(
    [
      [0, 1],
      ['abandoned', 1],
      ['huge', 2],
      ['malloc', 1],
    ].sort(),
  );
  expect(spanBytes.get(0)).toBe(60 * 65536);
});

test.each(KINDS)('agree with a walk ($name)', (kind) => {
  const memory = SharedMemory.create(128 * MIB);
  const [a, b] = [0, 1].map((slot) => kind.start(memory, slot).allocator);
  const blocks: [number, HeapTag][] = [];
  for (let i = 0; i < 4_000; i++) {
    const tag = i & 3;
    blocks.push([(i % 3 ? a! : b!).alloc(1 + ((i * 37) % 3_000), tag), tag]);
    if (i % 3 === 2) {
      const [[block, freed]] = blocks.splice((i * 31) % blocks.length, 1) as [[number, HeapTag]];
      (i & 1 ? a! : b!).free(block, freed);
    }
  }
  const { bins, segments } = statistics(memory);
  checkTotals(memory, bins);
  let sum = 0;
  for (const count of segments.values()) sum += count;
  expect(sum).toBe(memory.i32[Control.SegmentsUsed]);
});

test('the words of shared heaps lie between the threads’ blocks and the static arena', () => {
  expect(Control.SharedHeaps).toBe(Control.Threads + Geometry.ThreadSlots * ThreadBlock.Words);
  expect(SharedHeaps.Spans + 64).toBeLessThanOrEqual(Control.SharedHeaps + ThreadBlock.Words);
  expect(Control.SharedHeaps + ThreadBlock.Words).toBeLessThanOrEqual(Control.StaticArena);
});
