import {
  COPY_ON_WRITE_CASES,
  type CopyOnWriteResult,
  measureCopyOnWrite,
} from '../src/explore/copyOnWrite.js';
import type { BenchIo, BenchSuite } from '../src/report/benchTypes.js';

const PAGES = 'pages of 4 KiB of a large structure that reading it once dirties';
const LINES = 'cache lines of 64 bytes that the same reading writes';

async function run(io: BenchIo): Promise<void> {
  let sum: number | null = null;
  for (const one of COPY_ON_WRITE_CASES) {
    if (io.signal.aborted) return;
    io.progress(one.name);
    const result = await measureCopyOnWrite(one);
    sum ??= result.sum;
    if (result.sum !== sum) throw new Error(`${one.name}: read a sum of ${result.sum}, not ${sum}`);
    report(io, result, one.build === 'gil:refcount=side-table');
  }
}

function report(io: BenchIo, result: CopyOnWriteResult, spotless: boolean): void {
  const { name, dirtiedPages, structurePages, tablePages, otherPages, lines, objectsPerLine } = result;
  const share = `${Math.round((100 * dirtiedPages) / structurePages)} % of ${structurePages}`;
  const table = tablePages > 0 ? `, and ${tablePages} of the table` : '';
  const others = otherPages > 0 ? `, and ${otherPages} of the reader's own` : '';
  io.figure({
    table: PAGES,
    name,
    value: dirtiedPages,
    unit: 'pages',
    note: share + table + others,
    ...(spotless ? { target: { bound: 'at most', value: 0 } } : {}),
  });
  io.figure({
    table: LINES,
    name,
    value: lines,
    unit: 'lines',
    note: lines > 0 ? `${objectsPerLine.toFixed(1)} objects with counts in such a line` : '',
  });
}

/** What a forked worker would un-share by reading: exact, alike on every machine. */
export const copyOnWrite: BenchSuite = {
  name: 'copy-on-write',
  about: 'pages that a forked worker would un-share by reading, by scheme of reference counts',
  run,
};
