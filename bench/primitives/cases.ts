/**
 * The primitives of one build, as closures over its thread that are made once: so V8 sees what workers see. Runs in a
 * worker of its own for each build, for a loop that has met two kinds of counters is not the loop that users run.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMemory } from '../../src/memory/sharedMemory.js';
import { buildNamed } from '../../src/runtime/builds.js';
import { Thread } from '../../src/runtime/thread.js';
import { runSuite } from '../suite.js';
import { makePrimitives } from './all.js';
import { bareCases } from './bare.js';
import type { Measured } from './types.js';

const build = buildNamed(workerData as string);
const memory = SharedMemory.create(256 << 20);
const thread = new Thread(memory, build, 0);
thread.start();
thread.initialiseInterpreter();
// Under a GIL two threads are never attached at once.
const other = build.lock === 'gil' ? null : new Thread(memory, build, 1);
other?.start();

const cases = makePrimitives(thread, other);
const medians = await runSuite([...bareCases(thread.i32), ...cases]);
for (const { name, check } of cases) {
  const wrong = check?.() ?? null;
  if (wrong !== null) throw new Error(`${build.name}, ${name}: ${wrong}`);
}
const rows = cases.map(({ table, name, shape }) => ({ table, name, shape }));
parentPort?.postMessage({ medians, rows } satisfies Measured);
