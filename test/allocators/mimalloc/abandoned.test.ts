import { describe, expect, test } from 'vitest';
import { AbandonedPool, segmentOfTop } from '#ungil/allocators/mimalloc/abandonedPool.js';
import { Delayed, Page, Segment, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { pageOf, segmentOf } from '#ungil/allocators/mimalloc/page.js';
import { Control, Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareAllocatorThread, liveBlocks, MIB, startMimalloc } from '../support.js';

const WORDS = Slice.SmallMaxWords;

/** A thread that leaves one segment behind, full but for `freePages` pages of a slice; returns its blocks. */
function leaveSegment(memory: SharedMemory, slot: number, freePages: number, tag = HeapTag.Gc): number[] {
  const { thread, allocator } = startMimalloc(memory, slot);
  const blocks: number[] = [];
  const first = allocator.alloc(WORDS, tag);
  blocks.push(first);
  const full = (Slice.PerSegment - 1 - freePages) * 4;
  while (blocks.length < full) blocks.push(allocator.alloc(WORDS, tag));
  allocator.exit();
  thread.qsbr.detach();
  expect(new Set(blocks.map(segmentOf)).size).toBe(1);
  return blocks;
}

/** A thread that leaves so many full segments behind. */
function leaveSegments(memory: SharedMemory, count: number): number[] {
  const { thread, allocator } = startMimalloc(memory, 0);
  const segments = new Set<number>();
  for (let i = 0; i < count * (Slice.PerSegment - 1) * 4; i++) {
    segments.add(segmentOf(allocator.alloc(WORDS, HeapTag.Gc)));
  }
  allocator.exit();
  thread.qsbr.detach();
  expect(segments.size).toBe(count);
  return [...segments];
}

describe('the pool', () => {
  test('is a stack; each change of its top has another tag', () => {
    const memory = SharedMemory.create(32 * MIB);
    const pool = new AbandonedPool(memory.i32);
    const segments = [1, 2, 3].map((index) => index << Geometry.SegmentShift);
    const tags = new Set<number>();
    const note = () => tags.add(memory.i32[Control.AbandonedHead]! & Geometry.SegmentMask);
    for (const segment of segments) {
      pool.push(segment);
      note();
    }
    for (const segment of segments.toReversed()) {
      expect(pool.pop()).toBe(segment);
      note();
    }
    expect(pool.pop()).toBe(0);
    expect(tags.size).toBe(6);
    expect(memory.i32[Control.AbandonedReaders]).toBe(0);
  });

  test('the tag wraps without touching the address', () => {
    const memory = SharedMemory.create(32 * MIB);
    const pool = new AbandonedPool(memory.i32);
    memory.i32[Control.AbandonedHead] = Geometry.SegmentMask;
    pool.push(5 << Geometry.SegmentShift);
    expect(memory.i32[Control.AbandonedHead]).toBe(5 << Geometry.SegmentShift);
    expect(pool.pop()).toBe(5 << Geometry.SegmentShift);
  });

  test('what was put aside comes when nothing else is left', () => {
    const memory = SharedMemory.create(32 * MIB);
    const pool = new AbandonedPool(memory.i32);
    const [a, b, c] = [1, 2, 3].map((index) => index << Geometry.SegmentShift);
    for (const segment of [a!, b!, c!]) pool.push(segment);
    pool.pushVisited(pool.pop());
    pool.pushVisited(pool.pop());
    expect(pool.popUnvisited()).toBe(a);
    expect(pool.popUnvisited()).toBe(0);
    expect([pool.pop(), pool.pop(), pool.pop()]).toEqual([b, c, 0]);
  });

  test('a segment is not given back while somebody looks at one', () => {
    const memory = SharedMemory.create(32 * MIB);
    const pool = new AbandonedPool(memory.i32);
    pool.awaitReaders();
    memory.i32[Control.AbandonedReaders] = 1;
    memory.i32[Control.Abort] = 1;
    expect(() => pool.awaitReaders()).toThrow('another thread failed');
  });
});

describe('taking over', () => {
  test('a search looks at eight segments; one that was passed over three times is taken all the same', () => {
    const memory = SharedMemory.create(128 * MIB);
    const heap = memory.i32;
    const segments = leaveSegments(memory, 9);
    const { allocator } = startMimalloc(memory, 1);
    const visits = () => segments.map((segment) => heap[segment + Segment.Visits]!);
    const taken = () => segments.filter((segment) => heap[segment + Segment.ThreadId] === 3).length;
    const sum = () => visits().reduce((a, b) => a + b, 0);
    // Each needs more than a segment has left behind the one before.
    for (let search = 1; search <= 3; search++) {
      allocator.alloc(Slice.LargeMaxWords, HeapTag.Mem);
      expect(taken()).toBe(0);
      expect(sum()).toBe(8 * search);
      expect(Math.max(...visits())).toBe(search);
    }
    for (let search = 4; search <= 9; search++) {
      allocator.alloc(Slice.LargeMaxWords, HeapTag.Mem);
      expect(Math.max(...visits())).toBeLessThanOrEqual(3);
    }
    expect(taken()).toBe(9);
    expect(sum()).toBe(0);
  });

  test('the only segment there is comes again within one search', () => {
    const memory = SharedMemory.create(64 * MIB);
    const [segment] = leaveSegments(memory, 1);
    const { allocator } = startMimalloc(memory, 1);
    const block = allocator.alloc(Slice.LargeMaxWords, HeapTag.Mem);
    expect(memory.i32[segment! + Segment.ThreadId]).toBe(3);
    expect(segmentOf(block)).not.toBe(segment);
  });

  test('a fitting page of the same size and tag is enough; another tag’s is not', () => {
    for (const [tag, fits] of [
      [HeapTag.Gc, true],
      [HeapTag.Object, false],
    ] as const) {
      const memory = SharedMemory.create(64 * MIB);
      const blocks = leaveSegment(memory, 0, 0);
      const other = startMimalloc(memory, 1);
      other.allocator.free(blocks[9]!, HeapTag.Gc);
      expect(memory.i32[pageOf(memory.i32, blocks[9]!) + Page.XThreadFree]).toBe(blocks[9]! | Delayed.Never);
      const block = other.allocator.alloc(WORDS, tag);
      expect(block === blocks[9]).toBe(fits);
      expect(segmentOf(block) === segmentOf(blocks[0]!)).toBe(fits);
    }
  });

  test('pages that others have emptied count as room when they are arrays', () => {
    const memory = SharedMemory.create(64 * MIB);
    const blocks = leaveSegment(memory, 0, 0, HeapTag.Mem);
    const { allocator } = startMimalloc(memory, 1);
    const page = pageOf(memory.i32, blocks[0]!);
    for (const block of blocks) {
      if (pageOf(memory.i32, block) === page) allocator.free(block, HeapTag.Mem);
    }
    expect(segmentOf(allocator.alloc(100, HeapTag.Gc))).toBe(segmentOf(blocks[0]!));
  });

  test('an empty page of objects keeps its goal; who takes it over waits for it', () => {
    const memory = SharedMemory.create(64 * MIB);
    const heap = memory.i32;
    const reader = new BareAllocatorThread(memory, 2);
    reader.qsbr.attach();
    const { thread, allocator } = startMimalloc(memory, 0);
    const kept = allocator.alloc(8, HeapTag.Mem);
    const object = allocator.alloc(WORDS, HeapTag.Gc);
    const page = pageOf(heap, object);
    allocator.free(object, HeapTag.Gc);
    allocator.exit();
    thread.qsbr.detach();
    const goal = heap[page + Page.QsbrGoal];
    expect(goal).not.toBe(0);
    const next = startMimalloc(memory, 1);
    next.allocator.collect(true);
    expect(heap[segmentOf(kept) + Segment.ThreadId]).toBe(3);
    expect(heap[page + Page.QsbrGoal]).toBe(goal);
    expect(heap[page + Page.QsbrLinked]).toBe(1);
    next.thread.qsbr.quiescentState();
    next.allocator.processDelayed();
    expect(heap[page + Page.BlockWords]).toBe(WORDS);
    reader.qsbr.quiescentState();
    next.allocator.processDelayed();
    expect(heap[page + Page.BlockWords]).toBe(0);
    expect([...liveBlocks(memory).keys()]).toEqual([kept]);
  });

  test('collect gives back abandoned segments that are empty, without taking the others over', () => {
    const memory = SharedMemory.create(64 * MIB);
    const heap = memory.i32;
    const empty = leaveSegment(memory, 0, 0, HeapTag.Mem);
    const other = leaveSegment(memory, 0, 0, HeapTag.Mem);
    const { allocator } = startMimalloc(memory, 1);
    for (const block of empty) allocator.free(block, HeapTag.Mem);
    expect(heap[Control.SegmentsUsed]).toBe(2);
    allocator.collect(false);
    expect(heap[Control.SegmentsUsed]).toBe(1);
    expect(heap[segmentOf(other[0]!) + Segment.ThreadId]).toBe(0);
    for (let i = 0; i < 3; i++) allocator.collect(false);
    expect(segmentOfTop(Atomics.load(heap, Control.AbandonedHead))).toBe(0);
    expect(Atomics.load(heap, Control.AbandonedVisited)).toBe(segmentOf(other[0]!));
    allocator.collect(true);
    expect(heap[segmentOf(other[0]!) + Segment.ThreadId]).toBe(3);
  });
});
