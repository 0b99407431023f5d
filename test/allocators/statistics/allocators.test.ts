import { expect, test } from 'vitest';
import { Delayed, Page, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { pageOf } from '#ungil/allocators/mimalloc/page.js';
import { PYMALLOC } from '#ungil/allocators/pymalloc/geometry.js';
import { State } from '#ungil/allocators/pymalloc/layout.js';
import { type AllocatorStatistics, allocatorStatistics } from '#ungil/allocators/statistics/allocators.js';
import { totalOf } from '#ungil/allocators/statistics/space.js';
import type { ClassStatistics } from '#ungil/allocators/statistics/types.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { Control, Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { allocStatic } from '#ungil/memory/staticArena.js';
import { KINDS } from '../malloc/kinds.js';
import { MIB, startMimalloc, startPymalloc } from '../support.js';

const TAGS = ['mem', 'object', 'gc', 'gc-pre', 'raw'];

/** What the rows say is alive is what a walk finds, by tag. */
function checkTotals(memory: SharedMemory, { owners, segments }: AllocatorStatistics): void {
  const blocks = [0, 0, 0, 0, 0];
  for (const { tag, classes } of owners.flatMap((owner) => owner.tags)) {
    for (const row of classes) {
      blocks[TAGS.indexOf(tag)]! += row.live;
      expect(row.live + row.free).toBeLessThanOrEqual(row.capacity);
    }
  }
  expect(blocks).toEqual(new HeapVisitor(memory).totals().blocks);
  const sum = owners.reduce((all, owner) => all + owner.segments, 0);
  expect(sum).toBe(memory.i32[Control.SegmentsUsed]);
  expect(segments.used).toBe(sum);
}

test('rows by owner, tag and size; live blocks and free ones', () => {
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

  const found = allocatorStatistics(memory.i32);
  checkTotals(memory, found);
  const find = (owner: string, tag: string): readonly ClassStatistics[] =>
    found.owners.find((row) => row.owner === owner)!.tags.find((row) => row.tag === tag)!.classes;
  expect(find('thread 0', 'gc')).toMatchObject([{ size: 48, live: 250, pages: 1 }]);
  const [mem] = find('thread 0', 'mem');
  expect(mem).toMatchObject({ live: 3, pages: 2 });
  expect(totalOf(mem!.space)).toBe(2 * 65536);
  expect(find('left', 'gc-pre')).toMatchObject([{ live: 1, pages: 1 }]);
  expect(find('malloc', 'raw')).toMatchObject([{ live: 1, size: 448 }]);
  const [huge] = find('huge', 'object');
  expect(huge).toMatchObject({ live: 1 });
  expect(totalOf(huge!.space)).toBe(2 * Geometry.SegmentBytes);
  expect(found.owners.map(({ owner, segments }) => [owner, segments])).toEqual([
    ['thread 0', 1],
    ['left', 1],
    ['malloc', 1],
    ['huge', 2],
  ]);
  // 64 slices: the header's, three of pages.
  expect(found.owners[0]!.outside).toEqual({ live: 0, free: 0, unused: 60 * 65536, waste: 65536 });
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
  checkTotals(memory, allocatorStatistics(memory.i32));
});

test('arenas of several interpreters are added up', () => {
  const memory = SharedMemory.create(128 * MIB);
  const bases = [Control.InterpreterAllocator, allocStatic(memory.i32, State.Words)];
  for (const [slot, base] of bases.entries()) {
    const { allocator } = startPymalloc(memory, slot, PYMALLOC, base);
    // Of 512 bytes 31 fit into a pool; the second one is carved as far as it is used, and one block more.
    for (let i = 0; i < 40; i++) allocator.alloc(128, HeapTag.Object);
  }
  const found = allocatorStatistics(memory.i32);
  checkTotals(memory, found);
  expect(found.pymalloc).toMatchObject({ arenas: 2, arenasEver: 2, poolHeaderBytes: 4 * 48 });
  const pymalloc = found.owners.find(({ owner }) => owner === 'pymalloc')!;
  expect(pymalloc.tags[0]!.classes).toMatchObject([{ pages: 4, live: 80, free: 2, capacity: 4 * 31 }]);
});
