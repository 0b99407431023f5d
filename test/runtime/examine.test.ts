import { describe, expect, it } from 'vitest';
import { parseAllocators } from '#ungil/allocators/domains/spec.js';
import { totalOf } from '#ungil/allocators/statistics/space.js';
import type { HeapStatistics } from '#ungil/allocators/statistics/types.js';
import { heapRun } from '#ungil/workloads/heapRun.js';
import { program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const KEEPS = program('keeps');
const DICTS = { threads: 2, memoryBytes: 256 << 20, timeMs: 20, args: [], check: true, debug: false };

describe.each(SAFE_BUILDS)('the heap of a run on %s', (build) => {
  it('is seen while its objects are alive, and when all threads have left', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const { heap, results } = await runtime.run(KEEPS, {
        args: { items: 2_000 },
        examine: { check: true },
      });
      expect(results).toEqual([2_000, 2_000]);
      expect(heap?.problems).toEqual([]);
      // Each thread keeps 2,000 floats of 32 bytes in a handle.
      expect(live(heap!.statistics, 32)).toBeGreaterThanOrEqual(4_000);
      expect(totalOf(heap!.statistics.space)).toBe(heap!.statistics.segments.used * (4 << 20));

      const after = await runtime.examine(true);
      expect(after.problems).toEqual([]);
      // The GIL build's free lists are the interpreter's.
      expect(live(after.statistics, 32)).toBeLessThanOrEqual(build === 'gil' ? 500 : 0);
      expect(runtime.leaks()).toEqual([]);
    }));

  it('is no part of a report that did not ask', () =>
    withRuntime({ build, threads: 1 }, async (runtime) => {
      expect(await runtime.run(KEEPS, { args: { items: 1 } })).not.toHaveProperty('heap');
    }));

  it('is there for a program to look at, with the world stopped', () =>
    withRuntime({ build, threads: 2 }, async (runtime) => {
      const { results } = await runtime.run(KEEPS, { args: { items: 500, look: true } });
      const [seen] = results as HeapStatistics[];
      expect(live(seen!, 32)).toBeGreaterThanOrEqual(500);
      expect(totalOf(seen!.space)).toBe(seen!.segments.used * seen!.segmentSize);
    }));

  it('of a workload is sound, in the debug build too', async () => {
    const request = {
      program: { workload: 'shared-dict-mixed' },
      build,
      threads: 2,
      memoryBytes: 256 << 20,
      timeMs: 20,
      args: [],
      check: true,
      debug: true,
    };
    const run = await heapRun(request, new AbortController().signal);
    expect(run.during.problems).toEqual([]);
    expect(run.after.problems).toEqual([]);
    expect(run.leaks).toEqual([]);
  });
});

describe('the heap of other compositions', () => {
  it.each([
    // Delayed frees in chunks that outlive their thread; the last fifth of the memory no segments.
    'free-threaded:biased=off',
    'gil:refcount=side-table',
    'gilectomy:refcount=side-table',
  ])('is sound on %s, in the debug build', async (build) => {
    const run = await heapRun(
      { ...DICTS, build, debug: true, program: { workload: 'shared-dict-mixed' } },
      new AbortController().signal,
    );
    expect(run.during.problems).toEqual([]);
    expect(run.after.problems).toEqual([]);
  });

  it('is sound where tables of int keys fill their blocks to the last word', async () => {
    const run = await heapRun(
      {
        ...DICTS,
        build: 'gil',
        program: { workload: 'shared-dict-mixed' },
        allocators: parseAllocators(['debug']),
      },
      new AbortController().signal,
    );
    expect(run.during.problems).toEqual([]);
  });
});

describe('the heap under other allocators', () => {
  it.each([
    ['free-threaded', 'debug'],
    ['gil', 'debug'],
    ['gilectomy', 'object=debug+mimalloc'],
    ['gil', 'mem=malloc'],
  ])('is sound on %s with %s', async (build, allocator) => {
    const request = {
      program: { workload: 'shared-dict-set' },
      build,
      threads: 2,
      memoryBytes: 256 << 20,
      timeMs: 20,
      args: [],
      check: true,
      debug: false,
      allocators: parseAllocators([allocator]),
    };
    const run = await heapRun(request, new AbortController().signal);
    expect(run.during.problems).toEqual([]);
    expect(run.after.problems).toEqual([]);
    const { space, segments, segmentSize } = run.during.statistics;
    expect(totalOf(space)).toBe(segments.used * segmentSize);
  });
});

function live(statistics: HeapStatistics, size: number): number {
  const classes = statistics.owners.flatMap(({ tags }) => tags.flatMap((tag) => tag.classes));
  return classes.filter((row) => row.size === size).reduce((sum, row) => sum + row.live, 0);
}
