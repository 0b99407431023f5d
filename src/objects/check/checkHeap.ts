import { checkAllocators } from '../../allocators/check/checkAllocators.js';
import { CheckContext, type Placings } from '../../allocators/check/context.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { checkFreeLists } from './freeLists.js';
import { checkGenerations } from './generations.js';
import { checkMergeQueues } from './mergeQueues.js';

/**
 * Verifies everything that allocators, segment table, QSBR and its queues, free lists of objects, generations and
 * merge queues promise. Returns the problems as text, empty if the heap is sound; changes nothing. No other thread may run: the
 * world is stopped, or all threads wait at a barrier, or have exited. `placings`: if the build's domains were given other allocators.
 */
export function checkHeap(memory: SharedMemory, placings?: Placings): string[] {
  const context = new CheckContext(memory, placings);
  checkAllocators(context);
  checkFreeLists(context);
  checkGenerations(context);
  checkMergeQueues(context);
  return context.result();
}
