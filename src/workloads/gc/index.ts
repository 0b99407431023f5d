import type { Workload } from '../workload.js';
import { binaryTrees } from './binaryTrees.js';
import { gcChurn } from './churn.js';
import { gcCycles } from './cycles.js';
import { gcBench } from './gcBench.js';
import { gcOld } from './gcOld.js';
import { gcGrid } from './grid.js';
import type { CycleKind, LiveKind } from './kinds.js';
import { gcLive } from './live.js';

const LIVE_KINDS: readonly LiveKind[] = ['lists', 'dicts', 'instances', 'pairs'];
const LIVE_SIZES: readonly (readonly [string, number])[] = [
  ['10k', 10_000],
  ['100k', 100_000],
  ['1m', 1_000_000],
];
const CYCLE_KINDS: readonly CycleKind[] = ['lists', 'pairs', 'dicts'];
const CYCLE_OBJECTS = 100_000;

const GRID = [2, 100].flatMap((cycle) =>
  [0, 100_000].flatMap((live) => [0, 10].map((extra) => gcGrid({ cycle, live, extra }))),
);

/** What the collector of cycles costs. */
export const GC_WORKLOADS: readonly Workload[] = [
  ...LIVE_KINDS.flatMap((kind) => LIVE_SIZES.map(([size, objects]) => gcLive(kind, size, objects))),
  ...CYCLE_KINDS.map((kind) => gcCycles(kind, CYCLE_OBJECTS)),
  gcBench,
  gcOld,
  binaryTrees,
  gcChurn,
  ...GRID,
];
