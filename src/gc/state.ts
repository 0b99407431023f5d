import { Control, GcHead, GcLimits, GcState } from '../memory/layout.js';
import { generationHead } from '../objects/gcHeap.js';

/** The collector's state as an interpreter begins. Once for each memory, before the first object that can hold references. */
export function initialiseGc(heap: Int32Array): void {
  const gc = Control.Gc;
  heap.fill(0, gc, gc + GcState.Words);
  heap[gc + GcState.Enabled] = 1;
  heap[gc + GcState.Markers] = 1;
  heap[gc + GcState.Thresholds] = GcLimits.Young;
  heap[gc + GcState.Thresholds + 1] = GcLimits.Old;
  heap[gc + GcState.Thresholds + 2] = GcLimits.Old;
  for (let generation = 0; generation <= 3; generation++) {
    const head = generationHead(generation);
    heap[head + GcHead.Next] = head;
    heap[head + GcHead.Previous] = head;
  }
}
