import { Control, Header } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { racesByDesign } from '../runtime/builds.js';
import type { Thread } from '../runtime/thread.js';

/** References that hold an object whose count `unsafe` gets wrong. */
const ANCHOR = 1 << 28;

/** Under `unsafe`, before any other thread knows the object: keeps it alive whatever the races do to its count. */
export function anchor(t: Thread, object: Ref): void {
  t.i32[countWord(t, object)] += ANCHOR;
}

/**
 * The count of an object, if it has one, against the references that exist. Under `unsafe` takes the anchor away and puts a wrong
 * count right, so that the object can be freed.
 */
export function checkCount(t: Thread, object: Ref, references: number, operations: number): string | null {
  if (t.build.refcount === 'none') return null;
  const anchored = racesByDesign(t.build);
  const count = t.refs.count(object) - (anchored ? ANCHOR : 0);
  if (anchored) t.i32[countWord(t, object)] = references;
  return count === references
    ? null
    : `after ${operations} operations the object counts ${count} references, not ${references}`;
}

/** Where a scheme of one count an object has it. */
function countWord(t: Thread, object: Ref): number {
  switch (t.build.refcount) {
    case 'atomic':
      return object + Header.Shared;
    case 'side-table':
      return t.i32[Control.SideTable] + (object >>> 2);
    default:
      return object + Header.Local;
  }
}
