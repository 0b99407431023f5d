import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { Segment } from '../mimalloc/layout.js';
import type { CheckContext } from './context.js';

/** Addresses of the segments in use, by what they are for. */
export interface SegmentLists {
  readonly heap: number[];
  readonly huge: number[];
  readonly arenas: number[];
}

/** Reads the table of segments: known owners, whole runs, the count. */
export function checkSegmentTable(context: CheckContext): SegmentLists {
  const heap = context.i32;
  const lists: SegmentLists = { heap: [], huge: [], arenas: [] };
  // A side table of counts takes the end of the memory away from the segments.
  const end = heap[Control.SideTable] === 0 ? heap[Control.MemoryWords] : heap[Control.SideTable];
  const count = end >>> Geometry.SegmentShift;
  context.expect(
    heap[Control.SegmentCount] === count,
    () => `the segment count says ${heap[Control.SegmentCount]}, the memory has ${count}`,
  );
  let used = 0;
  let tails = 0;
  // How long a run of the user's own allocator is, nobody else knows.
  let inUsers = false;
  for (let index = 1; index < count; index++) {
    const segment = index << Geometry.SegmentShift;
    const owner = Atomics.load(heap, Control.SegmentTable + index);
    if (owner !== SegmentOwner.Free) used++;
    inUsers = owner === SegmentOwner.User || (inUsers && owner === SegmentOwner.HugeTail);
    if (inUsers) continue;
    if (tails > 0 || owner === SegmentOwner.HugeTail) {
      tails = checkTail(context, index, owner, tails);
      continue;
    }
    if (owner === SegmentOwner.Heap) lists.heap.push(segment);
    else if (owner === SegmentOwner.Arenas) lists.arenas.push(segment);
    else if (owner === SegmentOwner.Huge) {
      lists.huge.push(segment);
      tails = runLength(context, segment, count - index) - 1;
    } else if (owner !== SegmentOwner.Free && owner !== SegmentOwner.DebugSites)
      context.report(`segment ${index} has the unknown owner ${owner}`);
  }
  checkCounts(context, used);
  return lists;
}

/** A segment inside a run, or one that claims to be. Returns how many more tails must follow. */
function checkTail(context: CheckContext, index: number, owner: number, tails: number): number {
  context.expect(
    tails > 0 && owner === SegmentOwner.HugeTail,
    () => `segment ${index} ${tails > 0 ? 'is not marked as part of' : 'belongs to no'} run of a huge block`,
  );
  return Math.max(tails - 1, 0);
}

function runLength(context: CheckContext, segment: number, most: number): number {
  const run = context.i32[segment + Segment.Run];
  if (run >= 1 && run <= most) return run;
  context.report(`the huge block's segment ${segment} has a run of ${run} segments`);
  return 1;
}

function checkCounts(context: CheckContext, used: number): void {
  const heap = context.i32;
  const counted = Atomics.load(heap, Control.SegmentsUsed);
  const peak = Atomics.load(heap, Control.SegmentsPeak);
  context.expect(counted === used, () => `${used} segments are in use, ${counted} are counted`);
  context.expect(peak >= counted, () => `more segments are in use (${counted}) than ever were (${peak})`);
  for (let word = 0; word < 16; word++) {
    context.expect(
      heap[word] === 0,
      () => `word ${word}, of the page that is always empty, is ${heap[word]}`,
    );
  }
}
