import { Slice } from '../mimalloc/layout.js';
import { checkAbandoned } from './abandoned.js';
import { checkArenas } from './arenas.js';
import type { CheckContext } from './context.js';
import { collectDelayedFrees } from './delayedLists.js';
import { checkDelayedQueues } from './delayedQueues.js';
import { heapSets } from './heapSets.js';
import { checkHuge } from './huge.js';
import { checkPage } from './pages.js';
import { checkQsbr } from './qsbr.js';
import { checkHeapSet, checkNothingLost } from './queues.js';
import { checkSegmentTable } from './segments.js';
import { checkTiling } from './tiling.js';

/**
 * Everything that the allocators promise, from the table of segments down to each block. No other thread may run.
 * Afterwards the context knows which blocks are live, and which of these a queue of delayed frees holds.
 */
export function checkAllocators(context: CheckContext): void {
  const segments = checkSegmentTable(context);
  const sets = heapSets();
  const owners = new Set(sets.map((set) => set.id));
  for (const segment of segments.heap) checkTiling(context, segment, owners);
  for (const set of sets) {
    checkHeapSet(context, set);
    collectDelayedFrees(context, set);
  }
  checkNothingLost(context);
  for (const record of context.pages.values()) checkPage(context, record);
  checkAbandoned(context, segments.heap);
  checkArenas(context, segments.arenas);
  const dead = segments.huge.filter((segment) => checkHuge(context, segment));
  checkQsbr(context);
  checkDelayedQueues(context);
  for (const segment of dead) {
    context.expect(
      context.blocks.isClaimed(segment + Slice.Words),
      () => `the huge block of segment ${segment} is dead, and no queue of delayed frees has it`,
    );
  }
}
