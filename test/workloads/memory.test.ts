import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { type RunReport, Runtime } from '#ungil/runtime/runtime.js';
import { Thread } from '#ungil/runtime/thread.js';
import { ALL_WORKLOADS, workloadNamed } from '#ungil/workloads/index.js';
import { Blocks } from '#ungil/workloads/memory/blocks.js';
import { HeapMeter } from '#ungil/workloads/memory/heapMeter.js';
import { MEMORY_WORKLOADS } from '#ungil/workloads/memory/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

const PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const MEMORY = 256 << 20;
/** Of one block at most: rptest's, and mstress's hundredfold ones. */
const LIVE_MOST = 128 << 20;
/** Bytes that an allocator may need for itself. */
const TABLES = 16 << 10;

async function measure(runtime: Runtime, workload: string, threads: number): Promise<RunReport> {
  const args = { workload, timeMs: 15, warmupMs: 5, repeats: 2 };
  return runtime.run(PROGRAM, { args, threads });
}

function wrongOf(report: RunReport): unknown[] {
  const results = report.results as ThreadReport[];
  return [...results.map((result) => result.wrong), report.teardown].filter((found) => found !== null);
}

describe.each(SAFE_BUILDS)('in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 3, memory: MEMORY });
  });
  afterAll(() => runtime.shutdown());

  it.each(MEMORY_WORKLOADS.map((workload) => workload.name))(
    '%s is right and leaves nothing',
    async (name) => {
      for (const threads of [1, 2, 3]) {
        const report = await measure(runtime, name, threads);
        expect(wrongOf(report)).toEqual([]);
        expect(runtime.leaks()).toEqual([]);
        const results = report.results as ThreadReport[];
        const operations = results.flatMap(({ samples }) => samples.map((sample) => sample.operations));
        expect(operations).toHaveLength(2 * threads);
        expect(operations.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
        const { memory } = results[0];
        expect(memory!.liveBytes).toBeGreaterThan(0);
        expect(memory!.usedBytes).toBeGreaterThanOrEqual(memory!.liveBytes);
        expect(memory!.usedBytes).toBeLessThan(LIVE_MOST);
      }
    },
  );
});

describe('frees', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build: 'free-threaded', threads: 2, memory: MEMORY });
  });
  afterAll(() => runtime.shutdown());

  it.each(['larson', 'rptest', 'xmalloc-test', 'sh8bench', 'mstress'])(
    '%s frees foreign blocks',
    async (name) => {
      let foreign = 0;
      // One may have done its part before the other has got the processor.
      for (let tries = 0; foreign === 0 && tries < 50; tries++) {
        foreign = (await measure(runtime, name, 2)).counters.foreignFrees;
      }
      expect(foreign).toBeGreaterThan(0);
    },
  );

  it.each(['larson-private', 'sh6bench', 'alloc-test', 'cache-thrash', 'glibc-simple'])(
    '%s frees its own alone',
    async (name) => {
      expect((await measure(runtime, name, 2)).counters.foreignFrees).toBe(0);
    },
  );

  it('cache-scratch frees one that thread 0 has made', async () => {
    expect((await measure(runtime, 'cache-scratch', 2)).counters.foreignFrees).toBe(1);
  });
});

describe('the group', () => {
  it('is in the list, and each tells what it asks', () => {
    expect(ALL_WORKLOADS.filter((workload) => workload.group === 'memory')).toEqual(MEMORY_WORKLOADS);
    expect(new Set(ALL_WORKLOADS.map((workload) => workload.name)).size).toBe(ALL_WORKLOADS.length);
    for (const workload of MEMORY_WORKLOADS) {
      expect(workloadNamed(workload.name)).toBe(workload);
      expect(workload.title).not.toBe('');
      expect(workload.cpython).toMatch(/ of mimalloc-bench/);
    }
  });
});

describe('blocks', () => {
  function attached(build = 'free-threaded'): Thread {
    const t = new Thread(SharedMemory.create(64 << 20), buildNamed(build), 0);
    t.start();
    return t;
  }

  it('are found damaged at either end, and in length', () => {
    for (const damage of [0, 7]) {
      const t = attached();
      const blocks = new Blocks(t);
      blocks.start();
      const block = blocks.make(8);
      blocks.drop(blocks.make(8));
      expect(blocks.verdict()).toBeNull();
      t.i32[block + damage]++;
      blocks.drop(block);
      expect(blocks.verdict()).toMatch(/^1 blocks did not hold/);
    }
  });

  it('have numbers that are the same in every run, below the limit, and reach it', () => {
    const t = attached();
    const blocks = new Blocks(t);
    const draw = () => {
      blocks.start();
      return Array.from({ length: 2000 }, () => blocks.below(7));
    };
    expect(draw()).toEqual(draw());
    expect([...new Set(draw())].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    t.index = 1;
    const other = draw();
    t.index = 0;
    expect(other).not.toEqual(draw());
  });

  it.each(['gil', 'free-threaded'])(
    'are measured in build %s: pages in use, and what lives in them',
    (build) => {
      const t = attached(build);
      const meter = new HeapMeter(t);
      // What pymalloc needs for itself it takes with the first block.
      if (build === 'gil') t.allocator.free(t.allocator.alloc(12, HeapTag.Mem), HeapTag.Mem);
      const empty = meter.total();
      const blocks = Array.from({ length: 10_000 }, () => t.allocator.alloc(12, HeapTag.Mem));
      const full = meter.total();
      // pymalloc keeps its table of arenas in blocks of its own.
      expect(full.liveBytes - empty.liveBytes).toBeGreaterThanOrEqual(10_000 * 48);
      expect(full.liveBytes - empty.liveBytes).toBeLessThan(10_000 * 48 + TABLES);
      expect(full.usedBytes - empty.usedBytes).toBeGreaterThanOrEqual(10_000 * 48);
      expect(full.usedBytes - empty.usedBytes).toBeLessThan(10_000 * 48 + (1 << 18));
      expect(meter.ownWords() * 4).toBe(full.usedBytes);
      for (const block of blocks) t.allocator.free(block, HeapTag.Mem);
      expect(meter.total().liveBytes - empty.liveBytes).toBeLessThan(TABLES);
    },
  );
});
