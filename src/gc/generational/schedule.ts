import { Control, GcState } from '../../memory/layout.js';
import { GcList } from './layout.js';

/**
 * The generation to collect: the oldest one whose count is above its threshold; -1 if none is (CPython
 * `gc_select_generation`). The oldest one only once a quarter of its objects would be new to it: so the work of all
 * full collections together stays linear in the number of objects.
 */
export function dueGeneration(heap: Int32Array): number {
  const gc = Control.Gc;
  for (let generation = GcList.Old; generation >= GcList.Young; generation--) {
    if (heap[gc + GcState.Counts + generation] <= heap[gc + GcState.Thresholds + generation]) continue;
    const pending = heap[gc + GcState.LongLivedPending];
    if (generation === GcList.Old && pending < heap[gc + GcState.LongLivedTotal] >> 2) continue;
    return generation;
  }
  return -1;
}

/** A generation is collected: those up to it begin anew, the next one counts its collections. */
export function countCollection(heap: Int32Array, generation: number): void {
  const counts = Control.Gc + GcState.Counts;
  if (generation < GcList.Old) heap[counts + generation + 1]++;
  for (let younger = 0; younger <= generation; younger++) heap[counts + younger] = 0;
}

/** So many objects have survived the collection of a generation. */
export function countSurvivors(heap: Int32Array, generation: number, survivors: number): void {
  const gc = Control.Gc;
  if (generation === GcList.Middle) heap[gc + GcState.LongLivedPending] += survivors;
  else if (generation === GcList.Old) {
    heap[gc + GcState.LongLivedPending] = 0;
    heap[gc + GcState.LongLivedTotal] = survivors;
  }
}
