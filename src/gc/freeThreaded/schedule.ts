import { Control, GcLimits, GcState, Geometry } from '../../memory/layout.js';

/** When a collection is due (CPython `gc_should_collect`), and what it leaves for the next decision. */

const enum Kib {
  PerSegment = Geometry.SegmentBytes >> 10,
}

/** Attached. */
export function shouldCollect(heap: Int32Array): boolean {
  const gc = Control.Gc;
  const young = Atomics.load(heap, gc + GcState.Counts);
  const threshold = heap[gc + GcState.Thresholds];
  if (young <= threshold || threshold === 0 || Atomics.load(heap, gc + GcState.Enabled) === 0) return false;
  // What tests ask for: at once.
  if (heap[gc + GcState.Thresholds + 1] === 0) return true;
  // A collection looks at everything that lives: new objects must be a part of that, or time would grow as its square.
  if (young < heap[gc + GcState.LongLivedTotal] >> 2) return false;
  return heap[gc + GcState.MemoryGate] === 0 || memoryHasGrown(heap, threshold);
}

/**
 * Counters of one collection of this generation: the younger ones' are 0, the next one's is 1 higher. World stopped.
 */
export function resetCounts(heap: Int32Array, generation: number): void {
  const counts = Control.Gc + GcState.Counts;
  if (generation < 2) Atomics.add(heap, counts + generation + 1, 1);
  for (let i = 0; i <= generation; i++) Atomics.store(heap, counts + i, 0);
  Atomics.store(heap, counts, 0);
  Atomics.store(heap, Control.Gc + GcState.DeferredCount, 0);
}

/** Memory in use, which stands for what CPython asks the operating system. */
export function memoryInUse(heap: Int32Array): number {
  return Atomics.load(heap, Control.SegmentsUsed) * Kib.PerSegment;
}

/**
 * The rule of CPython 3.14.0 to 3.14.4 (gh-132917): what was allocated is put aside, and waits until memory has grown
 * by a tenth, or until so much is put aside that it does not matter.
 */
function memoryHasGrown(heap: Int32Array, threshold: number): boolean {
  const gc = Control.Gc;
  if (Atomics.load(heap, gc + GcState.DeferredCount) > GcLimits.DeferredThresholds * threshold) return true;
  const last = Atomics.load(heap, gc + GcState.LastMemory);
  if (memoryInUse(heap) - last > Math.max(last / 10, GcLimits.MemoryGrowthKib)) return true;
  // Whoever takes the count away adds it: two threads do not put the same allocations aside.
  const taken = Atomics.exchange(heap, gc + GcState.Counts, 0);
  Atomics.add(heap, gc + GcState.DeferredCount, taken);
  return false;
}
