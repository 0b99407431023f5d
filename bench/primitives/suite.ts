import type { BenchIo, BenchSuite } from '../../src/report/benchTypes.js';
import { runWorker } from '../workers.js';
import { bareName, SHAPE_WORDS, SHAPES } from './bare.js';
import type { Measured } from './types.js';

const BUILDS = ['free-threaded', 'gil', 'gilectomy'];

async function run(io: BenchIo): Promise<void> {
  for (const build of BUILDS) {
    io.progress(`build ${build}`);
    const measured = await runWorker<Measured>(new URL('./cases.js', import.meta.url), build, io.signal);
    if (measured === null) return;
    if (build === BUILDS[0]) reportBare(io, measured);
    reportRows(io, build, measured);
    if (build === 'free-threaded') reportTargets(io, measured);
  }
}

/** What the notes of the other tables refer to. */
function reportBare(io: BenchIo, { medians }: Measured): void {
  for (const shape of SHAPES) {
    io.figure({
      table: 'bare loops over shared memory, without the runtime',
      name: `${shape}: ${SHAPE_WORDS[shape]}`,
      value: nsOf(medians, bareName(shape, 'plain')),
      unit: 'ns',
      note: `Atomics ${nsOf(medians, bareName(shape, 'atomic')).toFixed(1)} ns`,
    });
  }
}

function reportRows(io: BenchIo, build: string, { medians, rows }: Measured): void {
  for (const { table, name, shape } of rows) {
    const plain = nsOf(medians, bareName(shape, 'plain'));
    const atomic = nsOf(medians, bareName(shape, 'atomic'));
    io.figure({
      table: `${build}: ${table}`,
      name,
      value: nsOf(medians, name),
      unit: 'ns',
      note: `${shape}: bare ${plain.toFixed(1)} ns, Atomics ${atomic.toFixed(1)} ns`,
    });
  }
}

function reportTargets(io: BenchIo, { medians }: Measured): void {
  const table = 'an owned biased pair of counts';
  const pair = nsOf(medians, 'own object');
  io.figure({
    table,
    name: 'against two plain increments',
    value: pair / nsOf(medians, bareName('two counts', 'plain')),
    unit: 'x',
    target: { bound: 'at most', value: 2.5 },
  });
  io.figure({
    table,
    name: 'cheaper than the atomic pair',
    value: nsOf(medians, bareName('two counts', 'atomic')) / pair,
    unit: 'x',
    target: { bound: 'at least', value: 6 },
  });
}

/** Throws for a name that was not measured: the tables would be silent about it. */
function nsOf(medians: ReadonlyMap<string, number>, name: string): number {
  const ns = medians.get(name);
  if (ns === undefined) throw new Error(`'${name}' was not measured`);
  return ns;
}

/** Single primitives, uncontended; ratios within one worker. */
export const primitives: BenchSuite = {
  name: 'primitives',
  about: 'every primitive of the runtime, uncontended, beside bare typed arrays and bare Atomics',
  run,
};
