import type { Log } from '../python.js';

/** A build whose answer is not that of the Python that Pyodide has. */
export interface Difference {
  /** Where CPython itself differs; a section of the reference. */
  readonly why: string;
  /** What must be said instead; absent: the same, in any order. */
  readonly log?: Log;
}

export interface ConformanceCase {
  readonly name: string;
  /** The body of a function; see syntax.ts. Inner functions use their own names and the given ones only. */
  readonly source: string;
  readonly gil?: Difference;
  readonly freeThreaded?: Difference;
}

/** Objects are found by walking heaps, not in the order of their birth. */
export const ANY_ORDER: Difference = { why: '8.3: objects are found by walking heaps, worklists are stacks' };
