/**
 * What the geometries of pymalloc cost. Each runs in a worker of its own, for code that has met one geometry is what
 * workers of the runtime run; they take turns, sample by sample, and medians are reported.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { PYMALLOC, PYMALLOC_GEOMETRIES, type PymallocGeometry } from '../src/allocators/pymalloc/geometry.js';
import type { BenchIo, BenchSuite } from '../src/report/benchTypes.js';
import { median } from '../src/report/statistics.js';
import type { Fragmentation, Sample } from './pymallocCases.js';

const SAMPLES = 21;

/** Beside the three of CPython: the address check that the runtime's own aligned segments make possible. */
const GEOMETRIES: readonly PymallocGeometry[] = [
  ...PYMALLOC_GEOMETRIES,
  { ...PYMALLOC, name: 'by segment', addressMap: 'segment' },
];

/** A table for each figure of a `Sample`. */
const TABLES: readonly (readonly [keyof Sample, string])[] = [
  ['lifo', 'an alloc and a free of 48 bytes, LIFO'],
  ['random', 'an alloc and a free of 16 to 128 bytes, random among 1,000 blocks'],
  ['checkOwn', 'the check of an address alone, of a pool'],
  ['checkForeign', 'the check of an address alone, of no pool'],
];

const HELD = 'arenas over live bytes, after 200,000 blocks, 90 % of them freed, and 20,000 of other sizes';

async function run(io: BenchIo): Promise<void> {
  const workers = GEOMETRIES.map(
    (geometry) => new Worker(new URL('./pymallocCases.js', import.meta.url), { workerData: geometry }),
  );
  try {
    await reportTimes(io, workers);
    // How an address is found changes nothing of what is held.
    await reportHeld(io, workers.slice(0, PYMALLOC_GEOMETRIES.length));
  } finally {
    for (const worker of workers) await worker.terminate();
  }
}

async function reportTimes(io: BenchIo, workers: readonly Worker[]): Promise<void> {
  io.progress('times');
  const samples = GEOMETRIES.map((): Sample[] => []);
  for (let i = 0; i < SAMPLES; i++) {
    for (const [index, worker] of workers.entries()) {
      if (io.signal.aborted) return;
      samples[index].push(await ask<Sample>(worker, 'sample'));
    }
  }
  for (const [key, table] of TABLES) {
    const medians = samples.map((own) => median(own.map((sample) => sample[key])));
    for (const [index, { name }] of GEOMETRIES.entries()) {
      const note = `${(medians[index] / medians[0]).toFixed(2)}x`;
      io.figure({ table, name, value: medians[index], unit: 'ns', note });
    }
  }
}

async function reportHeld(io: BenchIo, workers: readonly Worker[]): Promise<void> {
  io.progress('fragmentation');
  for (const [index, worker] of workers.entries()) {
    if (io.signal.aborted) return;
    const { arenas, pools, held, poolBytes, live } = await ask<Fragmentation>(worker, 'fragment');
    const [all, used, alive] = [held, poolBytes, live].map((bytes) => (bytes / 2 ** 20).toFixed(2));
    io.figure({
      table: HELD,
      name: GEOMETRIES[index].name,
      value: held / live,
      unit: 'x',
      note: `${arenas} arenas of ${all} MiB, ${pools} pools of ${used} MiB in use, ${alive} MiB live`,
    });
  }
}

async function ask<T>(worker: Worker, what: 'sample' | 'fragment'): Promise<T> {
  const answer = once(worker, 'message') as Promise<[T]>;
  worker.postMessage(what);
  return (await answer)[0];
}

/** The geometries of pymalloc side by side. */
export const pymalloc: BenchSuite = {
  name: 'pymalloc',
  about: 'arenas and pools of pymalloc: what each geometry and address map costs',
  run,
};
