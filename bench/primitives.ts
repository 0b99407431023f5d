import type { BenchIo, BenchSuite } from '../src/report/benchTypes.js';
import { reportTable } from './suite.js';
import { runWorker } from './workers.js';

interface Medians {
  readonly counts: Map<string, number>;
  readonly others: Map<string, number>;
}

const BUILDS = ['free-threaded', 'gil', 'gilectomy'];

async function run(io: BenchIo): Promise<void> {
  const counts = new Map<string, number>();
  const others = new Map<string, number>();
  for (const build of BUILDS) {
    io.progress(`build ${build}`);
    const medians = await runWorker<Medians>(new URL('./cases.js', import.meta.url), build, io.signal);
    if (medians === null) return;
    for (const [name, ns] of medians.counts) counts.set(name, ns);
    if (build !== 'gilectomy') for (const [name, ns] of medians.others) others.set(name, ns);
  }
  reportTable(io, 'reference counts, an incref and a decref', counts);
  reportTable(io, 'memory and locks', others);
  const of = (name: string): number => counts.get(name) ?? Number.NaN;
  const pair = of('biased incref + decref (free-threaded)');
  const table = 'an owned biased pair';
  io.figure({
    table,
    name: 'against two plain increments',
    value: pair / of('two plain increments'),
    unit: 'x',
    target: { bound: 'at most', value: 2.5 },
  });
  io.figure({
    table,
    name: 'cheaper than the atomic pair',
    value: of('Atomics.add + Atomics.sub') / pair,
    unit: 'x',
    target: { bound: 'at least', value: 6 },
  });
}

/** Single mechanisms, uncontended; ratios within one run. */
export const primitives: BenchSuite = {
  name: 'primitives',
  about: 'single mechanisms, uncontended: counts, allocation, locks, polls',
  run,
};
