import { Geometry, HeapTag } from '../../memory/layout.js';
import { goodBlockWords, pageSlices } from '../mimalloc/bins.js';
import { Delayed, Heap, Page, Retire, Segment, Slice } from '../mimalloc/layout.js';
import { firstBlockOffset } from '../mimalloc/page.js';
import type { CheckContext, PageRecord } from './context.js';
import { pageName } from './names.js';

/**
 * One page: its geometry, its three lists of free blocks and what they must sum to (INV-4.1, INV-4.2), the flag of
 * its foreign frees, its goal. Marks its blocks as free or live.
 */
export function checkPage(context: CheckContext, record: PageRecord): void {
  const { page, owner } = record;
  const name = pageName(context.i32, page, owner);
  if (!checkGeometry(context, page, name)) return;
  const heap = context.i32;
  context.blocks.addLive(heap[page + Page.Start], heap[page + Page.BlockWords], heap[page + Page.Capacity]);
  const free = walkList(context, page, heap[page + Page.Free], `${name}: Free`);
  const local = walkList(context, page, heap[page + Page.LocalFree], `${name}: LocalFree`);
  const foreignWord = Atomics.load(heap, page + Page.XThreadFree);
  const foreign = walkList(context, page, foreignWord & ~Delayed.Mask, `${name}: XThreadFree`);
  for (const block of record.delayed) {
    if (!context.blocks.setFree(block))
      context.report(`${name}: block ${block} of its heap's delayed frees is free`);
  }
  const used = usedBlocks(heap, page);
  const capacity = heap[page + Page.Capacity];
  context.expect(
    used + free + local === capacity,
    () => `INV-4.1: ${name}: ${used} used + ${free} free + ${local} freed here are not ${capacity} carved`,
  );
  const elsewhere = foreign + record.delayed.length;
  context.expect(
    used >= elsewhere,
    () => `INV-4.1: ${name}: ${elsewhere} blocks were freed by others, ${used} are used`,
  );
  checkFlag(context, record, name, foreign, used);
  checkWaiting(context, record, name, used);
}

/** Blocks that are handed out, or that others freed and nobody has collected. */
function usedBlocks(heap: Int32Array, page: number): number {
  return heap[page + (heap[page + Page.InFull] === 1 ? Page.FullUsed : Page.Used)];
}

/** False: nothing more can be said about the page. */
function checkGeometry(context: CheckContext, page: number, name: string): boolean {
  const heap = context.i32;
  const blockWords = heap[page + Page.BlockWords];
  const tag = heap[page + Page.Tag];
  const known =
    blockWords > 0 && blockWords <= Slice.LargeMaxWords && goodBlockWords(blockWords) === blockWords;
  if (!known || tag < 0 || tag > HeapTag.Raw) {
    context.report(`${name}: no page is for such blocks`);
    return false;
  }
  const segment = page & ~Geometry.SegmentMask;
  const slice = (page - segment - Segment.Pages) >> Page.Shift;
  const offset = firstBlockOffset(blockWords);
  const start = segment + (slice << Slice.Shift) + offset;
  const reserved = (((heap[page + Page.SliceCount] << Slice.Shift) - offset) / blockWords) | 0;
  const right =
    heap[page + Page.SliceCount] === pageSlices(blockWords) &&
    heap[page + Page.Start] === start &&
    heap[page + Page.Reserved] === reserved;
  context.expect(right, () => `${name}: slices, first block or number of blocks do not fit its size`);
  const capacity = heap[page + Page.Capacity];
  if (right && capacity >= 0 && capacity <= reserved) return true;
  context.report(`INV-4.2: ${name}: ${capacity} blocks are carved of ${reserved} reserved`);
  return false;
}

/** Length of a list of free blocks; ends at whatever is no block of the page, or on a list already. */
function walkList(context: CheckContext, page: number, first: number, where: string): number {
  const heap = context.i32;
  const start = heap[page + Page.Start];
  const words = heap[page + Page.BlockWords];
  const end = start + heap[page + Page.Capacity] * words;
  let count = 0;
  for (let block = first; block !== 0; block = heap[block]) {
    if (block < start || block >= end || (block - start) % words !== 0) {
      context.report(`${where}: ${block} is no block of the page`);
      return count;
    }
    if (!context.blocks.setFree(block)) {
      context.report(`${where}: block ${block} is in two lists, or twice`);
      return count;
    }
    count++;
  }
  return count;
}

/**
 * What a foreign free will do must fit what the owner looks at. A full page, and the one block of a large page, are
 * not looked at before somebody has told the heap; an abandoned page has no heap to be told.
 */
function checkFlag(
  context: CheckContext,
  record: PageRecord,
  name: string,
  foreign: number,
  used: number,
): void {
  const heap = context.i32;
  const { page, owner, delayed } = record;
  const flag = Atomics.load(heap, page + Page.XThreadFree) & Delayed.Mask;
  if (owner === 0) {
    context.expect(flag === Delayed.Never, () => `${name}: its flag is ${flag}, not that of abandoned pages`);
    context.expect(Atomics.load(heap, page + Page.Heap) === 0, () => `${name}: it still names a heap`);
    return;
  }
  context.expect(
    flag === Delayed.Use || flag === Delayed.No,
    () => `${name}: its flag ${flag} is that of a free under way, or of an abandoned page`,
  );
  const unseen = heap[page + Page.InFull] === 1 || heap[page + Page.BlockWords] > Slice.MediumMaxWords;
  if (!unseen || used === 0) return;
  context.expect(
    flag === Delayed.Use || delayed.length > 0,
    () => `${name}: it is full, and its heap will not be told of a free`,
  );
  context.expect(
    flag !== Delayed.Use || foreign === 0,
    () => `${name}: it is full, and has ${foreign} foreign frees that its heap was not told of`,
  );
}

/** Goals, and the ticks of pages kept for a while. */
function checkWaiting(context: CheckContext, record: PageRecord, name: string, used: number): void {
  const heap = context.i32;
  const { page, owner, waiting } = record;
  const goal = heap[page + Page.QsbrGoal];
  context.expect(
    heap[page + Page.QsbrLinked] === (waiting ? 1 : 0),
    () => `${name} is ${waiting ? '' : 'not '}in the list of waiting pages, and says otherwise`,
  );
  context.expect(
    goal === 0 || heap[page + Page.Tag] !== HeapTag.Mem,
    () => `${name} waits for a goal for nothing`,
  );
  if (owner === 0) {
    context.expect(goal === 0 || used === 0, () => `${name} has a goal although ${used} blocks are used`);
    return;
  }
  context.expect(
    waiting === (goal !== 0),
    () =>
      `${name} ${waiting ? 'waits without a goal' : 'has a goal and is not in the list of waiting pages'}`,
  );
  const ticks = heap[page + Page.RetireExpire];
  context.expect(
    ticks >= 0 && ticks <= Retire.SmallCycles,
    () => `${name}: ${ticks} ticks of retirement are left`,
  );
  const base = Atomics.load(heap, page + Page.Heap);
  context.expect(
    ticks === 0 || heap[base + Heap.Retired] === 1,
    () => `${name} is kept for ${ticks} ticks, and its heap counts none`,
  );
}
