import { describe, expect, test } from 'vitest';
import { Delayed, Page, Retire, Segment, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { MimallocAllocator } from '#ungil/allocators/mimalloc/mimallocAllocator.js';
import { pageOf, segmentOf } from '#ungil/allocators/mimalloc/page.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Counter, Geometry, Header, HeapTag, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { runWorkers } from '../../support/workers.js';
import { BareAllocatorThread, liveBlocks, MIB, pagesOf, startMimalloc } from '../support.js';

const Full = 74;
const used = (memory: SharedMemory) => memory.i32[Control.SegmentsUsed];

describe('blocks', () => {
  test('a dead object keeps its counts and its type; the link in its first word is no owner', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const { allocator } = startMimalloc(memory, 0);
    const other = startMimalloc(memory, 1).allocator;
    for (const freer of [allocator, other]) {
      const object = allocator.alloc(6, HeapTag.Gc);
      allocator.alloc(6, HeapTag.Gc);
      heap.set([1, 7, 44, 555], object);
      freer.free(object, HeapTag.Gc);
      expect(heap[object + Header.Owner]! & 1).toBe(0);
      expect([...heap.subarray(object + 1, object + 4)]).toEqual([7, 44, 555]);
    }
  });

  test('tags and sizes have pages of their own', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const pages = new Set<number>();
    for (let tag = 0; tag < 4; tag++) {
      for (const words of [4, 8, 100]) pages.add(pageOf(memory.i32, allocator.alloc(words, tag)));
    }
    expect(pages.size).toBe(12);
  });

  test('realloc stays in place from half the block up, copies otherwise', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const block = allocator.alloc(64, HeapTag.Mem);
    for (let i = 0; i < 64; i++) memory.i32[block + i] = i;
    expect(allocator.realloc(block, 32, HeapTag.Mem)).toBe(block);
    const moved = allocator.realloc(block, 500, HeapTag.Mem);
    expect(moved).not.toBe(block);
    expect([...memory.i32.subarray(moved, moved + 64)]).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(liveBlocks(memory).size).toBe(1);
    expect(allocator.realloc(0, 8, HeapTag.Mem)).toBeGreaterThan(0);
  });

  test('huge blocks have runs of segments, and anybody may free them', () => {
    const memory = SharedMemory.create(64 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const other = startMimalloc(memory, 1).allocator;
    const block = allocator.alloc(3 * Geometry.SegmentWords, HeapTag.Mem);
    expect(used(memory)).toBe(4);
    memory.i32.fill(-1, block, block + 3 * Geometry.SegmentWords);
    other.free(block, HeapTag.Mem);
    expect(used(memory)).toBe(0);
  });
});

describe('foreign frees', () => {
  test('a full page is un-fulled by the first foreign free, through the heap’s list', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const owner = startMimalloc(memory, 0);
    const other = startMimalloc(memory, 1);
    const words = Slice.SmallMaxWords;
    const blocks = Array.from({ length: 5 }, () => owner.allocator.alloc(words, HeapTag.Gc));
    const page = pageOf(heap, blocks[0]!);
    expect(heap[page + Page.InFull]).toBe(1);
    expect(heap[page + Page.XThreadFree]! & Delayed.Mask).toBe(Delayed.Use);
    other.allocator.free(blocks[0]!, HeapTag.Gc);
    other.allocator.free(blocks[1]!, HeapTag.Gc);
    expect(heap[page + Page.XThreadFree]).toBe(blocks[1]! | Delayed.No);
    expect(heap[other.thread.block + ThreadBlock.Counters + Counter.ForeignFrees]).toBe(2);
    expect(liveBlocks(memory).size).toBe(3);
    // The second page has three blocks left; then allocation comes back to the first.
    const again = Array.from({ length: 5 }, () => owner.allocator.alloc(words, HeapTag.Gc));
    expect(again).toContain(blocks[0]);
    expect(again).toContain(blocks[1]);
    expect(liveBlocks(memory).size).toBe(8);
  });

  test('the owner’s free un-fulls too', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const blocks = Array.from({ length: 9 }, () => allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    expect(pagesOf(memory, 0).filter(({ bin }) => bin === Full).length).toBe(2);
    allocator.free(blocks[0]!, HeapTag.Gc);
    expect(pagesOf(memory, 0).filter(({ bin }) => bin === Full).length).toBe(1);
    expect(memory.i32[pageOf(memory.i32, blocks[0]!) + Page.Used]).toBe(3);
  });
});

describe('empty pages', () => {
  test('the last page of a bin is retired, and goes after its ticks', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const block = allocator.alloc(8, HeapTag.Mem);
    const page = pageOf(memory.i32, block);
    allocator.free(block, HeapTag.Mem);
    expect(memory.i32[page + Page.RetireExpire]).toBe(Retire.SmallCycles);
    // Each new page of the same heap is a tick.
    for (let i = 0; i < Retire.SmallCycles; i++) allocator.alloc(Slice.MediumMaxWords + 4, HeapTag.Mem);
    expect(pagesOf(memory, 0).some((entry) => entry.page === page && entry.bin < 73)).toBe(false);
  });

  test('a page of objects is not used for anything else before its goal', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const { thread, allocator } = startMimalloc(memory, 0);
    const reader = new BareAllocatorThread(memory, 1);
    reader.qsbr.attach();
    const words = Slice.SmallMaxWords;
    const blocks = Array.from({ length: 40 }, () => allocator.alloc(words, HeapTag.Gc));
    for (const block of blocks) allocator.free(block, HeapTag.Gc);
    const pages = new Set(blocks.map((block) => pageOf(heap, block)));
    for (const page of pages) {
      expect(heap[page + Page.Tag]).toBe(HeapTag.Gc);
      expect(heap[page + Page.BlockWords]).toBe(words);
    }
    const waiting = [...pages].filter((page) => heap[page + Page.QsbrGoal] !== 0);
    expect(waiting.length).toBeGreaterThanOrEqual(9);
    // Not reached: the reader has not been quiescent.
    thread.qsbr.advance();
    thread.qsbr.quiescentState();
    allocator.processDelayed();
    for (let i = 0; i < 20; i++) {
      const block = allocator.alloc(100, HeapTag.Mem);
      expect(pages.has(pageOf(heap, block))).toBe(false);
    }
    for (const page of waiting) expect(heap[page + Page.QsbrGoal]).not.toBe(0);
    // The same size and tag may use a block at once, and the goal is void then.
    const again = allocator.alloc(words, HeapTag.Gc);
    expect(pages.has(pageOf(heap, again))).toBe(true);
    reader.qsbr.quiescentState();
    allocator.processDelayed();
    const left = pagesOf(memory, 0).filter(({ page }) => pages.has(page));
    expect(left.length).toBeLessThan(waiting.length);
    expect(left.some(({ page }) => page === pageOf(heap, again))).toBe(true);
  });

  test('a huge object waits for readers as a whole', () => {
    const memory = SharedMemory.create(64 * MIB);
    const { thread, allocator } = startMimalloc(memory, 0);
    const reader = new BareAllocatorThread(memory, 1);
    reader.qsbr.attach();
    const object = allocator.alloc(Geometry.SegmentWords, HeapTag.Gc);
    allocator.free(object, HeapTag.Gc);
    thread.qsbr.quiescentState();
    allocator.processDelayed();
    expect(used(memory)).toBeGreaterThanOrEqual(2);
    expect(liveBlocks(memory).has(object)).toBe(false);
    reader.qsbr.quiescentState();
    allocator.processDelayed();
    expect(used(memory)).toBe(1);
  });
});

describe('delayed frees', () => {
  test('a block is freed when every reader has been quiescent, not before', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { thread, allocator } = startMimalloc(memory, 0);
    const reader = new BareAllocatorThread(memory, 1);
    reader.qsbr.attach();
    const block = allocator.alloc(20, HeapTag.Mem);
    allocator.freeDelayed(block);
    thread.qsbr.advance();
    thread.qsbr.quiescentState();
    allocator.processDelayed();
    expect(liveBlocks(memory).has(block)).toBe(true);
    reader.qsbr.quiescentState();
    allocator.processDelayed();
    expect(liveBlocks(memory).has(block)).toBe(false);
    expect(memory.i32[thread.block + ThreadBlock.Counters + Counter.DelayedFrees]).toBe(1);
  });

  test('many chunks drain in order; what a leaver left is freed by whoever processes next', () => {
    const memory = SharedMemory.create(32 * MIB);
    const first = startMimalloc(memory, 0);
    const second = startMimalloc(memory, 1);
    for (let i = 0; i < 1_000; i++) first.allocator.freeDelayed(first.allocator.alloc(20, HeapTag.Mem));
    first.allocator.exit();
    expect(liveBlocks(memory).size).toBeGreaterThan(900);
    second.thread.qsbr.quiescentState();
    second.allocator.processDelayed();
    expect(liveBlocks(memory).size).toBe(0);
    // The leaver's segment is empty but abandoned: the next request takes it over.
    expect(used(memory)).toBe(1);
    second.allocator.alloc(20, HeapTag.Mem);
    expect(used(memory)).toBe(1);
  });

  test('without readers a block is freed at once', () => {
    const memory = SharedMemory.create(32 * MIB);
    const thread = new BareAllocatorThread(memory, 0);
    const { i32, atomics, block } = thread;
    const allocator = new MimallocAllocator({ memory, i32, atomics, block, qsbr: null });
    allocator.start();
    allocator.freeDelayed(allocator.alloc(20, HeapTag.Mem));
    expect(liveBlocks(memory).size).toBe(0);
    allocator.exit();
    expect(used(memory)).toBe(0);
  });
});

describe('leaving', () => {
  test('a segment is taken over once, tags and blocks are kept', () => {
    const memory = SharedMemory.create(64 * MIB);
    const heap = memory.i32;
    const [a, b, c] = [0, 1, 2].map((slot) => startMimalloc(memory, slot).allocator);
    const blocks = [0, 1, 2, 3].map((tag) => a!.alloc(40, tag));
    a!.exit();
    const segment = segmentOf(blocks[0]!);
    expect(heap[segment + Segment.ThreadId]).toBe(0);
    expect(Atomics.load(heap, Control.AbandonedHead)).toBe(segment);
    const mine = b!.alloc(40, HeapTag.Gc);
    const theirs = c!.alloc(40, HeapTag.Gc);
    expect(segmentOf(mine)).toBe(segment);
    expect(segmentOf(theirs)).not.toBe(segment);
    expect(heap[segment + Segment.ThreadId]).toBe(3);
    expect(Atomics.load(heap, Control.AbandonedHead)).toBe(0);
    const live = liveBlocks(memory);
    blocks.forEach((block, tag) => {
      expect(live.get(block)?.tag).toBe(tag);
      expect(heap[pageOf(heap, block) + Page.Tag]).toBe(tag);
    });
  });

  test('blocks freed while their segment is abandoned are found again', () => {
    const memory = SharedMemory.create(64 * MIB);
    const [a, b] = [0, 1].map((slot) => startMimalloc(memory, slot).allocator);
    const blocks = Array.from({ length: 2_000 }, () => a!.alloc(40, HeapTag.Object));
    a!.exit();
    for (const block of blocks) b!.free(block, HeapTag.Object);
    expect(liveBlocks(memory).size).toBe(0);
    b!.alloc(40, HeapTag.Object);
    expect(used(memory)).toBe(1);
    expect(liveBlocks(memory).size).toBe(1);
  });

  test('a slot can be used again', () => {
    const memory = SharedMemory.create(32 * MIB);
    for (let round = 0; round < 20; round++) {
      const { allocator, thread } = startMimalloc(memory, 0);
      for (let i = 0; i < 100; i++) allocator.free(allocator.alloc(8 + i, i & 3), i & 3);
      allocator.exit();
      thread.qsbr.detach();
      expect(used(memory)).toBe(0);
    }
  });
});

describe('out of memory', () => {
  test('is a MemoryError; the heap stays whole and recovers', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { thread, allocator } = startMimalloc(memory, 0);
    const fill = (words: number, tag: HeapTag) => {
      const blocks: number[] = [];
      try {
        for (;;) blocks.push(allocator.alloc(words, tag));
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        expect(error).toMatchObject({ arena: 'segments', requested: words * 4 });
      }
      return blocks;
    };
    for (const [words, tag] of [
      [60, HeapTag.Gc],
      [4_000, HeapTag.Mem],
      [20_000, HeapTag.Object],
      [500_000, HeapTag.Mem],
      [600_000, HeapTag.Mem],
    ] as const) {
      const blocks = fill(words, tag);
      expect(blocks.length * words).toBeGreaterThan(1_500_000);
      expect(liveBlocks(memory).size).toBe(blocks.length);
      for (const block of blocks) allocator.free(block, tag);
      thread.qsbr.advance();
      thread.qsbr.quiescentState();
      allocator.processDelayed();
    }
    expect(() => allocator.alloc(1e9, HeapTag.Mem)).toThrow(MemoryError);
  });

  test('a delayed free needs no memory: it waits the grace period out', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const blocks: number[] = [];
    for (const words of [100_000, 500]) {
      try {
        for (;;) blocks.push(allocator.alloc(words, HeapTag.Mem));
      } catch {
        // Full.
      }
    }
    allocator.freeDelayed(blocks[0]!);
    expect(liveBlocks(memory).has(blocks[0]!)).toBe(false);
    expect(allocator.alloc(100_000, HeapTag.Mem)).toBe(blocks[0]);
  });
});

describe('with real threads', () => {
  test('blocks wander between threads; nothing is lost, nothing handed out twice', async () => {
    const memory = SharedMemory.create(256 * MIB);
    const results = await runWorkers<{ errors: number; frees: number }>('allocWander', memory.handle, 3);
    for (const { errors, frees } of results) {
      expect(errors).toBe(0);
      expect(frees).toBeGreaterThan(10_000);
    }
    expect(liveBlocks(memory).size).toBe(0);
    const { allocator } = startMimalloc(memory, 5);
    for (let i = 0; i < 20_000; i++) allocator.alloc(40, HeapTag.Gc);
    expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 20_000, 0]);
  });

  test('threads that come and go take each other’s segments over', async () => {
    const memory = SharedMemory.create(256 * MIB);
    const results = await runWorkers<{ errors: number; kept: number[] }>('allocLeave', memory.handle, 3);
    const kept = results.flatMap((result) => result.kept);
    expect(results.map(({ errors }) => errors)).toEqual([0, 0, 0]);
    expect(new Set(liveBlocks(memory).keys())).toEqual(new Set(kept));
    expect(used(memory)).toBeLessThan(20);
    const { allocator } = startMimalloc(memory, 5);
    for (const block of kept) allocator.free(block, HeapTag.Gc);
    expect(liveBlocks(memory).size).toBe(0);
  });
});
