/** Automatic collections in the shapes of the grid: time, memory, and garbage that has not been found yet. */
import type { BenchIo } from '../../src/report/benchTypes.js';
import type { Result } from '../../src/report/results.js';
import { formatMiB, formatThousands } from '../../src/report/text.js';
import { GC_WORKLOADS } from '../../src/workloads/gc/index.js';
import { measureWorkloads } from '../allocators/scaling.js';

const TABLE = 'collector: rings-live-extra, automatic collections, an object of garbage';
const NAMES = GC_WORKLOADS.map(({ name }) => name).filter((name) => /^gc-(grid|churn)/.test(name));

export async function reportGrid(io: BenchIo): Promise<void> {
  const results = await measureWorkloads(io, NAMES, ['gil', 'free-threaded'], [1]);
  for (const result of results) {
    const { workload, build, nsPerOp } = result;
    io.figure({
      table: TABLE,
      name: `${workload}, ${build}`,
      value: nsPerOp,
      unit: 'ns',
      note: noteOn(result),
    });
  }
}

function noteOn({ memory, trash }: Result): string {
  const used = `at most ${formatMiB(memory?.peakBytes)} MiB`;
  return `${used}; trash at most ${formatThousands(trash?.peak)}, on average ${formatThousands(trash?.mean)} thousand`;
}
