import { Geometry, HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { SharedRefs } from '../workload.js';

/**
 * The words that a workload's threads share: one block of tag Mem, known to all by an int object that holds its
 * address. Everything in it is accessed through `Atomics`.
 */

/** Words of a cache line and its neighbour: what is a thread's own lies so far apart. */
export const LINE_WORDS = 32;

/** Words of a table with a line for each thread. */
export const THREAD_LINES = Geometry.MaxThreads * LINE_WORDS;

/** Thread 0, in `setup`: `words` zeros. */
export function createArea(t: Thread, words: number): SharedRefs {
  const area = t.allocator.alloc(words, HeapTag.Mem);
  for (let i = 0; i < words; i++) Atomics.store(t.i32, area + i, 0);
  return { area: t.numbers.int(area) };
}

/** Address of the words; any thread, while the run lasts. */
export function areaOf(t: Thread, shared: SharedRefs): number {
  return t.numbers.value(shared.area);
}

/** Thread 0, in `check`. Frees the area itself, not what it may point to. */
export function freeArea(t: Thread, shared: SharedRefs): void {
  t.allocator.free(areaOf(t, shared), HeapTag.Mem);
}
