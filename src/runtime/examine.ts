import { Placing, type Placings } from '../allocators/check/context.js';
import { isModule, parseChoice } from '../allocators/domains/spec.js';
import type { HeapStatistics } from '../allocators/statistics/types.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { checkObjects } from '../objects/check/checkObjects.js';
import { heapStatistics } from '../objects/statistics/heapStatistics.js';
import type { Build } from './builds.js';

/** What can be said of a heap at one moment. Plain data. */
export interface HeapExamination {
  readonly statistics: HeapStatistics;
  /** What `checkObjects` found wrong; null if it was not asked. */
  readonly problems: readonly string[] | null;
}

/** Looks at the whole heap. No other thread may run. Loaded only where somebody asks: it has the checks in it. */
export function examineHeap(memory: SharedMemory, build: Build, check: boolean): HeapExamination {
  return {
    statistics: heapStatistics(memory),
    problems: check ? checkObjects(memory, { refcount: build.refcount, placings: placingsOf(build) }) : null,
  };
}

export type ExamineHeap = typeof examineHeap;

/** Where the blocks of a build's domains lie. */
function placingsOf({ domains }: Build): Placings {
  const placing = (name: string): Placing => {
    const { debug, base } = parseChoice(name);
    if (isModule(base)) return Placing.Unknown;
    return debug ? Placing.Hooked : Placing.Plain;
  };
  return { raw: placing(domains.raw), mem: placing(domains.mem), object: placing(domains.object) };
}
