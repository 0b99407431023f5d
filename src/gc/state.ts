import { Control, GcHead, GcLimits, GcState } from '../memory/layout.js';
import { generationHead } from '../objects/gcHeap.js';
import { GcList } from './generational/layout.js';

/**
 * The collector's state as an interpreter begins. Once for each memory, before the first object that can hold references.
 * `generational`: tracked objects are in the lists of generations.
 */
export function initialiseGc(heap: Int32Array, generational: boolean): void {
  const gc = Control.Gc;
  heap.fill(0, gc, gc + GcState.Words);
  heap[gc + GcState.Enabled] = 1;
  heap[gc + GcState.Markers] = 1;
  heap[gc + GcState.Thresholds] = GcLimits.Young;
  heap[gc + GcState.Thresholds + 1] = GcLimits.Old;
  heap[gc + GcState.Thresholds + 2] = GcLimits.Old;
  heap[gc + GcState.Generational] = generational ? 1 : 0;
  for (let list = 0; list < GcList.Count; list++) {
    const head = generationHead(list);
    heap[head + GcHead.Next] = head;
    heap[head + GcHead.Previous] = head;
  }
}
