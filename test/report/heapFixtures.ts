import type { HeapStatistics, Space } from '#ungil/allocators/statistics/types.js';
import type { HeapRun } from '#ungil/workloads/heapRun.js';

const SPACE: Space = { live: 4_800, free: 1_200, unused: 4_100_000, waste: 88_304 };

export function statistics(more: Partial<HeapStatistics> = {}): HeapStatistics {
  return {
    segmentSize: 4_194_304,
    segments: { all: 255, used: 1, peak: 3, heap: 1, huge: 0, arenas: 0, other: 0 },
    space: SPACE,
    owners: [
      {
        owner: 'thread 0',
        segments: 1,
        space: SPACE,
        outside: { live: 0, free: 0, unused: 4_063_232, waste: 65_536 },
        tags: [
          {
            tag: 'gc',
            domain: 'object',
            space: { live: 4_800, free: 1_200, unused: 36_768, waste: 22_768 },
            classes: [
              {
                size: 48,
                pages: 1,
                waitingPages: 0,
                live: 100,
                free: 25,
                capacity: 891,
                space: { live: 4_800, free: 1_200, unused: 36_768, waste: 22_768 },
              },
            ],
          },
        ],
      },
    ],
    pymalloc: null,
    waiting: { delayedBlocks: 2, delayedBytes: 960, pages: 1, pageBytes: 65_536, queuedObjects: 0 },
    caches: [
      { owner: 'thread 0', list: 'ints', blocks: 12, bytes: 384 },
      { owner: 'thread 0', list: 'lists', blocks: 3, bytes: 96 },
    ],
    ...more,
  };
}

export function heapOf(more: Partial<HeapRun> = {}): HeapRun {
  return {
    build: 'free-threaded',
    threads: 2,
    during: { statistics: statistics(), problems: null },
    after: { statistics: statistics({ caches: [] }), problems: null },
    leaks: [],
    ...more,
  };
}
