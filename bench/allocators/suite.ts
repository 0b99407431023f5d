import type { BenchIo, BenchSuite, Target } from '../../src/report/benchTypes.js';
import { findResult, type Result } from '../../src/report/results.js';
import { formatMiB } from '../../src/report/text.js';
import { MEMORY_WORKLOADS } from '../../src/workloads/memory/index.js';
import { countForeignFrees } from './countFrees.js';
import { measureLoops } from './rounds.js';
import { measureCeiling, measureWorkloads, priceOfHeaps } from './scaling.js';

const TABLE = 'allocators';
const TIMES = 'allocators: an alloc and a free';
const MISSING = 'skipped: @thi.ng/malloc is not installed (npm install --no-save @thi.ng/malloc)';

const atMost = (value: number): Target => ({ bound: 'at most', value });
const atLeast = (value: number): Target => ({ bound: 'at least', value });

/** What the allocators must reach, in one run. */
export const allocators: BenchSuite = {
  name: 'allocators',
  about: 'pymalloc and the heaps per thread against a bare free list, @thi.ng/malloc, each other',
  async run(io: BenchIo): Promise<void> {
    for (const part of [loops, countedFrees, threads, price]) {
      if (io.signal.aborted) return;
      await part(io);
    }
  },
};

/** What is measured in a loop; the bare list is in the worker and the memory of the heaps per thread. */
const LOOPS: readonly [key: string, name: string][] = [
  ['free-threaded bare', 'a bare free list, pop + push'],
  ['free-threaded lifo', 'mimalloc heap, 48 bytes LIFO'],
  ['gil lifo', 'pymalloc, 48 bytes LIFO'],
  ['thi.ng lifo', '@thi.ng/malloc, 48 bytes LIFO'],
  ['free-threaded random', 'mimalloc heap, 1000 live of 16-112 bytes, random'],
  ['gil random', 'pymalloc, 1000 live, random'],
  ['thi.ng random', '@thi.ng/malloc, 1000 live, random'],
];

async function loops(io: BenchIo): Promise<void> {
  io.progress('single allocations');
  const medians = await measureLoops(['free-threaded', 'gil', 'thi.ng'], io.signal);
  if (medians === null) return;
  const bare = medians.get('free-threaded bare') ?? Number.NaN;
  for (const [key, name] of LOOPS) {
    const value = medians.get(key) ?? null;
    const note = value === null ? MISSING : `${(value / bare).toFixed(2)}x`;
    io.figure({ table: TIMES, name, value, unit: 'ns', note });
  }
  const ratio = (name: string, over: string, under: string, target: Target): void => {
    const [above, below] = [medians.get(over), medians.get(under)];
    const known = above !== undefined && below !== undefined;
    io.figure({
      table: TABLE,
      name,
      value: known ? above / below : null,
      unit: 'x',
      note: known ? `${above.toFixed(2)} ns over ${below.toFixed(2)} ns` : MISSING,
      target,
    });
  };
  ratio(
    'alloc + free of 48 bytes LIFO, over a bare pop + push',
    'free-threaded lifo',
    'free-threaded bare',
    atMost(4),
  );
  ratio('@thi.ng/malloc over our alloc + free, LIFO', 'thi.ng lifo', 'free-threaded lifo', atLeast(3));
  ratio('@thi.ng/malloc over ours, 1000 live, random', 'thi.ng random', 'free-threaded random', atLeast(100));
}

async function countedFrees(io: BenchIo): Promise<void> {
  const { median, mean, most } = countForeignFrees();
  io.figure({
    table: TABLE,
    name: 'atomic operations of a cross-thread free',
    value: median,
    unit: '',
    note: `counted; mean ${mean.toFixed(2)}, at most ${most} (the first to a full page)`,
    target: atMost(3),
  });
}

async function threads(io: BenchIo): Promise<void> {
  const before = await measureCeiling(io);
  const results = await measureWorkloads(
    io,
    ['larson-private', 'xmalloc-test', 'mstress'],
    ['free-threaded'],
    [1, 2],
  );
  if (io.signal.aborted) return;
  const ceiling = `ceiling of bare loops ${before.toFixed(2)} before, ${(await measureCeiling(io)).toFixed(2)} after`;
  reportSpeedup(io, results, 'larson-private', 1.85, ceiling);
  reportSpeedup(io, results, 'xmalloc-test', 1.3, ceiling);
  reportMemory(io, results);
}

function reportSpeedup(
  io: BenchIo,
  results: readonly Result[],
  workload: string,
  least: number,
  note: string,
): void {
  const result = findResult(results, workload, 'free-threaded', 2);
  const value = result?.speedup ?? null;
  io.figure({
    table: TABLE,
    name: `${workload}, from 1 to 2 threads`,
    value,
    unit: 'x',
    note,
    target: atLeast(least),
  });
}

function reportMemory(io: BenchIo, results: readonly Result[]): void {
  const memory = findResult(results, 'mstress', 'free-threaded', 2)?.memory ?? null;
  io.figure({
    table: TABLE,
    name: 'mstress, 2 threads: memory in use over live bytes, at their peaks',
    value: memory === null ? null : memory.overhead,
    unit: 'x',
    note:
      memory === null
        ? 'not measured'
        : `${formatMiB(memory.peakBytes)} MiB over ${formatMiB(memory.liveBytes)} MiB`,
    target: atMost(1.35),
  });
}

async function price(io: BenchIo): Promise<void> {
  const names = MEMORY_WORKLOADS.map((workload) => workload.name);
  const results = await measureWorkloads(io, names, ['gil', 'free-threaded'], [1]);
  if (io.signal.aborted) return;
  const { mean, worst } = priceOfHeaps(results);
  io.figure({
    table: TABLE,
    name: 'heaps of free-threaded over pymalloc at 1 thread',
    value: mean,
    unit: 'x',
    note: `time an operation, geometric mean of ${names.length} workloads; ${worst}`,
    target: atMost(1.15),
  });
}
