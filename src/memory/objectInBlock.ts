import { HeapTag, PreHeader } from './layout.js';

/** Address of the object in a block of this heap: behind the pre-header where there is one. */
export function objectInBlock(block: number, tag: HeapTag): number {
  return tag === HeapTag.GcPre ? block + PreHeader.Words : block;
}
