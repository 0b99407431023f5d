/** Micro-benchmarks, uncontended, ratios within one run: `npm run bench`. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { tuneV8 } from '../src/runtime/tuneV8.js';
import { printTable } from './suite.js';

interface Medians {
  readonly counts: Map<string, number>;
  readonly others: Map<string, number>;
}

async function measure(build: string): Promise<Medians> {
  const worker = new Worker(new URL('./cases.js', import.meta.url), { workerData: build });
  const [medians] = (await once(worker, 'message')) as [Medians];
  await worker.terminate();
  return medians;
}

tuneV8();
const counts = new Map<string, number>();
const others = new Map<string, number>();
for (const build of ['free-threaded', 'gil', 'gilectomy']) {
  const medians = await measure(build);
  for (const [name, ns] of medians.counts) counts.set(name, ns);
  if (build !== 'gilectomy') for (const [name, ns] of medians.others) others.set(name, ns);
}
printTable('reference counts, an incref and a decref', counts);
printTable('memory and locks', others);

const pair = counts.get('biased incref + decref (free-threaded)') ?? Number.NaN;
const plain = counts.get('two plain increments') ?? Number.NaN;
const atomic = counts.get('Atomics.add + Atomics.sub') ?? Number.NaN;
process.stdout.write(
  `\nowned biased pair: ${(pair / plain).toFixed(2)} times two plain increments (target: at most 2.5), ` +
    `${(atomic / pair).toFixed(1)} times cheaper than the atomic pair (target: at least 6)\n`,
);
