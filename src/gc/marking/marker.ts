import type { MarkMap } from './markMap.js';

/**
 * Marks what can be reached from the roots (CPython 3.14 `gc_mark_alive_from_roots`). Only a shortcut: what it misses is
 * found alive by counting.
 */
export interface Marker {
  /** Threads that marked the last time. */
  readonly markers: number;
  /**
   * Marks every tracked object that the roots lead to and no frozen one; returns how many; where several
   * mark, an object that two of them came upon at once counts twice. `roots`: runs of words [start,
   * end), a pair of numbers each; a word is 0 or a reference, with a tag in its low two bits. `map` has begun, and may
   * have marks. In a stopped world. Throws MemoryError: the marks mean nothing then.
   */
  markAlive(map: MarkMap, roots: readonly number[]): number;
  /**
   * Another thread marks, and has asked this one for help: returns when nothing is left. This thread is suspended, at a
   * safepoint. Throws RunAborted.
   */
  help(): void;
}
