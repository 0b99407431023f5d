import { describe, expect, test, vi } from 'vitest';
import { segmentOfTop } from '#ungil/allocators/mimalloc/abandonedPool.js';
import { Delayed, Page, Retire, Segment, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { MimallocAllocator } from '#ungil/allocators/mimalloc/mimallocAllocator.js';
import { pageOf, segmentOf } from '#ungil/allocators/mimalloc/page.js';
import { Reclaiming } from '#ungil/allocators/mimalloc/reclaim.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Counter, Geometry, Header, HeapTag, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { runWorkers } from '../../support/workers.js';
import { BareAllocatorThread, liveBlocks, MIB, pagesOf, startMimalloc } from '../support.js';

const Full = 74;

class CountingAtomicOps extends PlainAtomicOps {
  count = 0;
  override load(word: number): number {
    this.count++;
    return super.load(word);
  }
  override compareExchange(word: number, expected: number, value: number): number {
    this.count++;
    return super.compareExchange(word, expected, value);
  }
  override store(word: number, value: number): void {
    this.count++;
    super.store(word, value);
  }
}

/** Counts calls of Atomics that `CountingAtomicOps` does not see: those of shared-memory code itself. */
function countNatives() {
  const names = ['add', 'and', 'exchange', 'notify', 'or', 'sub', 'wait'] as const;
  const state = { count: 0, restore: () => {} };
  const spies = names.map((name) =>
    vi.spyOn(Atomics, name).mockImplementation(() => {
      state.count++;
      throw new Error(`Atomics.${name} in a foreign free`);
    }),
  );
  state.restore = () => {
    for (const spy of spies) spy.mockRestore();
  };
  return state;
}

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

  test('a foreign free is at most three atomic operations', () => {
    const memory = SharedMemory.create(32 * MIB);
    const owner = startMimalloc(memory, 0);
    const thread = new BareAllocatorThread(memory, 1);
    const counted = new CountingAtomicOps(memory);
    const { i32, block, qsbr } = thread;
    const other = new MimallocAllocator({ memory, i32, atomics: counted, block, qsbr });
    qsbr.attach();
    other.start();
    const blocks = Array.from({ length: 200 }, () => owner.allocator.alloc(12, HeapTag.Gc));
    const natives = countNatives();
    counted.count = 0;
    for (const address of blocks) {
      const before = counted.count + natives.count;
      other.free(address, HeapTag.Gc);
      expect(counted.count + natives.count - before).toBeLessThanOrEqual(3);
    }
    natives.restore();
    expect(counted.count).toBeGreaterThanOrEqual(2 * blocks.length);
    expect(liveBlocks(memory).size).toBe(0);
  });

  test('a freer that has not let go of the page holds nobody up: its block waits for the next time', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const owner = startMimalloc(memory, 0);
    const other = startMimalloc(memory, 1);
    const blocks = Array.from({ length: 5 }, () => owner.allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    const page = pageOf(heap, blocks[0]!);
    expect(heap[page + Page.InFull]).toBe(1);
    other.allocator.free(blocks[0]!, HeapTag.Gc);
    const flag = heap[page + Page.XThreadFree]!;
    heap[page + Page.XThreadFree] = (flag & ~Delayed.Mask) | Delayed.Freeing;
    const fresh = [1, 2, 3, 4].map(() => owner.allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    expect(fresh).not.toContain(blocks[0]);
    expect(heap[page + Page.InFull]).toBe(1);
    heap[page + Page.XThreadFree] = flag;
    const more = [1, 2, 3, 4].map(() => owner.allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    expect(more).toContain(blocks[0]);
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

  test('emptied, used and emptied again: a new goal, and the page is on the list once (litmus D28)', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const { thread, allocator } = startMimalloc(memory, 0);
    const reader = new BareAllocatorThread(memory, 1);
    reader.qsbr.attach();
    // Two pages of the bin, so that none is retired.
    const blocks = Array.from({ length: 8 }, () => allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    const [page, other] = [pageOf(heap, blocks[0]!), pageOf(heap, blocks[7]!)];
    expect(page).not.toBe(other);
    const waiting = () => {
      const pages: number[] = [];
      let next = heap[thread.block + ThreadBlock.QsbrPagesHead]!;
      for (; next !== 0 && pages.length < 9; next = heap[next + Page.QsbrNext]!) pages.push(next);
      return pages;
    };
    for (const block of blocks.slice(0, 4)) allocator.free(block, HeapTag.Gc);
    expect(waiting()).toEqual([page]);
    const first = heap[page + Page.QsbrGoal]!;
    expect(first).not.toBe(0);
    // The grace period of the first goal begins and ends; the page is used and emptied meanwhile.
    const again = Array.from({ length: 4 }, () => allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    expect(again.map((block) => pageOf(heap, block))).toEqual([page, page, page, page]);
    thread.qsbr.advance();
    reader.qsbr.quiescentState();
    thread.qsbr.quiescentState();
    expect(thread.qsbr.poll(first)).toBe(true);
    // The other page comes back to the bin: else this one would be retired, as the last.
    allocator.free(blocks[7]!, HeapTag.Gc);
    for (const block of again) allocator.free(block, HeapTag.Gc);
    expect(waiting()).toEqual([page]);
    expect(heap[page + Page.QsbrGoal]! - first).toBeGreaterThan(0);
    allocator.processDelayed();
    // The old goal is reached, the page waits for the new one.
    expect(waiting()).toEqual([page]);
    expect(heap[page + Page.BlockWords]).toBe(Slice.SmallMaxWords);
    thread.qsbr.advance();
    reader.qsbr.quiescentState();
    thread.qsbr.quiescentState();
    allocator.processDelayed();
    expect(waiting()).toEqual([]);
    expect(heap[page + Page.BlockWords]).toBe(0);
  });

  test('a page on the list that is in use again leaves it when the list is walked', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const { thread, allocator } = startMimalloc(memory, 0);
    const blocks = Array.from({ length: 8 }, () => allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    for (const block of blocks.slice(0, 4)) allocator.free(block, HeapTag.Gc);
    const block = allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc);
    const page = pageOf(heap, block);
    expect(heap[page + Page.QsbrLinked]).toBe(1);
    thread.qsbr.advance();
    thread.qsbr.quiescentState();
    allocator.processDelayed();
    expect(heap[page + Page.QsbrLinked]).toBe(0);
    expect(heap[page + Page.QsbrGoal]).toBe(0);
    expect(liveBlocks(memory).has(block)).toBe(true);
  });

  test('a goal is dropped when foreign frees have emptied the page again (gh-145615)', () => {
    const memory = SharedMemory.create(32 * MIB);
    const heap = memory.i32;
    const { allocator } = startMimalloc(memory, 0);
    const other = startMimalloc(memory, 1);
    const blocks = Array.from({ length: 8 }, () => allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc));
    const page = pageOf(heap, blocks[0]!);
    for (const block of blocks.slice(0, 4)) allocator.free(block, HeapTag.Gc);
    const first = heap[page + Page.QsbrGoal]!;
    const block = allocator.alloc(Slice.SmallMaxWords, HeapTag.Gc);
    expect(pageOf(heap, block)).toBe(page);
    other.thread.qsbr.advance();
    other.allocator.free(block, HeapTag.Gc);
    allocator.collect(false);
    expect(heap[page + Page.QsbrGoal]! - first).toBeGreaterThan(0);
  });

  test('collect frees retired pages by force only', () => {
    const memory = SharedMemory.create(32 * MIB);
    const { allocator } = startMimalloc(memory, 0);
    const page = pageOf(memory.i32, allocator.alloc(8, HeapTag.Mem));
    allocator.free(allocator.alloc(8, HeapTag.Mem), HeapTag.Mem);
    allocator.collect(true);
    expect(memory.i32[page + Page.BlockWords]).toBe(8);
    const alone = allocator.alloc(100, HeapTag.Mem);
    allocator.free(alone, HeapTag.Mem);
    expect(memory.i32[pageOf(memory.i32, alone) + Page.RetireExpire]).toBe(Retire.SmallCycles);
    allocator.collect(true);
    expect(memory.i32[pageOf(memory.i32, alone) + Page.BlockWords]).toBe(0);
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
    // One is malloc's, which had the chunks. The leaver's is empty but abandoned: the next request takes it over.
    expect(used(memory)).toBe(2);
    second.allocator.alloc(20, HeapTag.Mem);
    expect(used(memory)).toBe(2);
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
    expect(segmentOfTop(Atomics.load(heap, Control.AbandonedHead))).toBe(segment);
    const mine = b!.alloc(40, HeapTag.Gc);
    const theirs = c!.alloc(40, HeapTag.Gc);
    expect(segmentOf(mine)).toBe(segment);
    expect(segmentOf(theirs)).not.toBe(segment);
    expect(heap[segment + Segment.ThreadId]).toBe(3);
    expect(segmentOfTop(Atomics.load(heap, Control.AbandonedHead))).toBe(0);
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
    expect(() => allocator.alloc(2 ** 29, HeapTag.Mem)).toThrow(MemoryError);
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
    expect(new HeapVisitor(memory).totals().blocks).toEqual([0, 0, 20_000, 0, 0]);
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

test('room in a segment that was taken over unasked is used before a new one is claimed', () => {
  const memory = SharedMemory.create(64 * MIB);
  const [first, second] = [0, 1].map((slot) => startMimalloc(memory, slot).allocator);
  const perPage = 4;
  const blocks: number[] = [];
  for (let i = 0; i < (Slice.PerSegment - 1) * perPage; i++) {
    blocks.push(first!.alloc(Slice.SmallMaxWords, HeapTag.Mem));
  }
  expect(memory.i32[Control.SegmentsUsed]).toBe(1);
  first!.exit();
  const last = blocks.pop()!;
  for (const block of blocks) second!.free(block, HeapTag.Mem);
  // As if all that had been freed behind each look: then the segment is taken for having been passed over too often.
  const look = vi.spyOn(Reclaiming.prototype as unknown as { isSuitable(): boolean }, 'isSuitable');
  look.mockReturnValue(false);
  const large = second!.alloc(6 * Slice.Words, HeapTag.Mem);
  expect(look.mock.calls.length).toBeGreaterThan(3);
  look.mockRestore();
  expect(memory.i32[Control.SegmentsUsed]).toBe(1);
  second!.free(last, HeapTag.Mem);
  second!.free(large, HeapTag.Mem);
  second!.collect(true);
  expect(memory.i32[Control.SegmentsUsed]).toBe(0);
});
