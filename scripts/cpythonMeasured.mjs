// Writes src/report/cpythonMeasured.ts from the file of measurements of CPython:
//   node scripts/cpythonMeasured.mjs cpython-measured.json && npx biome format --write src/report/cpythonMeasured.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: cpythonMeasured.mjs FILE, the JSON of the measurements');
const { source, unit, workloads } = JSON.parse(readFileSync(file, 'utf8'));

const row = (figures) => `[${Object.values(figures).join(', ')}]`;
const entries = Object.entries(workloads).map(
  ([name, { cpython, gil, ft }]) =>
    `'${name}': { did: ${JSON.stringify(cpython)}, gil: ${row(gil)}, 'free-threaded': ${row(ft)} },`,
);
const text = `/** Made by scripts/cpythonMeasured.mjs from the file of measurements; not to be edited. */

/** Figures at 1, 2 and 4 threads. */
export type AtThreads = readonly [one: number, two: number, four: number];

/** One workload: what the Python code did, and its throughput by build. */
export interface MeasuredWorkload {
  readonly did: string;
  readonly gil: AtThreads;
  readonly 'free-threaded': AtThreads;
}

/** Interpreter, machine and method. */
export const MEASURED_SOURCE = ${JSON.stringify(source)};

/** What the figures are. */
export const MEASURED_UNIT = ${JSON.stringify(unit)};

export const MEASURED: Readonly<Record<string, MeasuredWorkload>> = {
${entries.join('\n')}
};
`;
writeFileSync(fileURLToPath(new URL('../src/report/cpythonMeasured.ts', import.meta.url)), text);
