import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { sumSpace, totalOf } from '#ungil/allocators/statistics/space.js';
import type { HeapStatistics } from '#ungil/allocators/statistics/types.js';
import { HeapVisitor, TagMask } from '#ungil/allocators/visitor.js';
import { HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { heapStatistics } from '#ungil/objects/statistics/heapStatistics.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { programs } from '../../allocators/steps.js';
import { MIB, runSteps, startMimalloc, startPymalloc } from '../../allocators/support.js';

/** Every byte of every segment in use is in exactly one figure, on each level. */
function expectToAddUp(statistics: HeapStatistics, memory: SharedMemory): void {
  const { segments, segmentSize, space, owners } = statistics;
  expect(totalOf(space)).toBe(segments.used * segmentSize);
  expect(segments.heap + segments.huge + segments.arenas + segments.other).toBe(segments.used);
  expect(sumSpace(owners)).toEqual(space);
  for (const owner of owners) {
    expect(totalOf(owner.space)).toBe(owner.segments * segmentSize);
    expect(sumSpace([...owner.tags, { space: owner.outside }])).toEqual(owner.space);
    for (const tag of owner.tags) {
      expect(sumSpace(tag.classes)).toEqual(tag.space);
      for (const row of tag.classes) {
        expect(row.space.live).toBe(row.live * row.size);
        expect(row.space.free).toBe(row.free * row.size);
        expect(row.space.unused).toBe((row.capacity - row.live - row.free) * row.size);
        for (const part of Object.values(row.space)) expect(part).toBeGreaterThanOrEqual(0);
      }
    }
  }
  // The walk of the live blocks, which knows nothing of these figures.
  let live = 0;
  new HeapVisitor(memory).visit((_address, words) => {
    live += words * 4;
  }, TagMask.All);
  expect(space.live).toBe(live);
}

test('adds up at each point of random programs on mimalloc, and when threads have left', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(384 * MIB);
      const threads = [0, 1, 2].map((slot) => startMimalloc(memory, slot));
      const addsUp = () => expectToAddUp(heapStatistics(memory), memory);
      runSteps(
        memory,
        threads.map(({ allocator }) => allocator),
        steps,
        addsUp,
      );
      threads[0]!.allocator.exit();
      addsUp();
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('adds up at each point of random programs on pymalloc', () => {
  fc.assert(
    fc.property(programs, (steps) => {
      const memory = SharedMemory.create(256 * MIB);
      const { allocator } = startPymalloc(memory);
      runSteps(memory, [allocator], steps, () => expectToAddUp(heapStatistics(memory), memory));
    }),
    { numRuns: 20 },
  );
}, 60_000);

describe('the statistics', () => {
  it('tell threads, those that have left, tags and sizes apart', () => {
    const memory = SharedMemory.create(64 * MIB);
    const [first, second] = [0, 1].map((slot) => startMimalloc(memory, slot));
    for (let i = 0; i < 10; i++) first!.allocator.alloc(12, HeapTag.Gc);
    first!.allocator.free(first!.allocator.alloc(12, HeapTag.Gc), HeapTag.Gc);
    first!.allocator.alloc(100, HeapTag.Mem);
    second!.allocator.alloc(12, HeapTag.Object);
    second!.allocator.exit();
    const { owners } = heapStatistics(memory);
    expect(owners.map(({ owner, segments }) => [owner, segments])).toEqual([
      ['thread 0', 1],
      ['left', 1],
    ]);
    const rows = owners.flatMap(({ owner, tags }) =>
      tags.flatMap(({ tag, domain, classes }) =>
        classes.map((row) => [owner, tag, domain, row.size, row.pages, row.live]),
      ),
    );
    expect(rows).toEqual([
      ['thread 0', 'mem', 'mem', 448, 1, 1],
      ['thread 0', 'gc', 'object', 48, 1, 10],
      ['left', 'object', 'object', 48, 1, 1],
    ]);
  });

  it('count what waits: delayed frees, empty pages, queued objects; and what free lists keep', () => {
    const memory = SharedMemory.create(64 * MIB);
    const build = buildNamed('free-threaded');
    const [t, u] = [0, 1].map((slot) => new Thread(memory, build, slot)) as [Thread, Thread];
    t.start();
    t.initialiseInterpreter();
    u.start(1);
    for (let i = 0; i < 3; i++) t.allocator.freeDelayed(t.allocator.alloc(12, HeapTag.Mem));
    const objects = Array.from({ length: 9 }, () => t.allocator.alloc(4096, HeapTag.Object));
    for (const object of objects.slice(0, 4)) t.allocator.free(object, HeapTag.Object);
    u.refs.decref(t.numbers.int(100_000));
    for (const int of [1_000, 2_000, 3_000].map((value) => t.numbers.int(value))) t.refs.decref(int);
    const { waiting, caches } = heapStatistics(memory);
    expect(waiting).toEqual({
      delayedBlocks: 3,
      delayedBytes: 3 * 48,
      pages: 1,
      pageBytes: 65_536,
      queuedObjects: 1,
    });
    expect(caches).toEqual([{ owner: 'thread 0', list: 'ints', blocks: 3, bytes: 96 }]);
  });

  it('show arenas as sys._debugmallocstats does', () => {
    const memory = SharedMemory.create(64 * MIB);
    const { allocator } = startPymalloc(memory);
    const blocks = Array.from({ length: 40 }, () => allocator.alloc(128, HeapTag.Object));
    for (const block of blocks.slice(0, 31)) allocator.free(block, HeapTag.Object);
    const { pymalloc, owners } = heapStatistics(memory);
    expect(pymalloc).toMatchObject({ arenaSize: MIB, poolSize: 16_384, arenas: 1, poolHeaderBytes: 48 });
    // 16384 - 48 = 31 * 512 + 464.
    expect(pymalloc?.quantisationBytes).toBe(464);
    const [row] = owners.find(({ owner }) => owner === 'pymalloc')!.tags[0]!.classes;
    expect(row).toMatchObject({ size: 512, pages: 1, live: 9, capacity: 31 });
  });

  it('are plain data', () => {
    const memory = SharedMemory.create(64 * MIB);
    startMimalloc(memory, 0).allocator.alloc(1_500_000, HeapTag.Gc);
    const statistics = heapStatistics(memory);
    expect(JSON.parse(JSON.stringify(statistics))).toEqual(statistics);
    expect(statistics.owners[0]).toMatchObject({ owner: 'huge', segments: 2 });
    expect(statistics.segments).toMatchObject({ all: 15, used: 2, peak: 2, huge: 2 });
  });
});
