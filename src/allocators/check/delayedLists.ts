import { Geometry } from '../../memory/layout.js';
import { Heap, Page, Segment, Slice } from '../mimalloc/layout.js';
import type { CheckContext, PageRecord } from './context.js';
import type { HeapSetPlace } from './heapSets.js';
import { ownerName, tagName } from './names.js';

/**
 * The lists of blocks of full pages that other threads have freed, one a heap. Before the pages themselves are
 * checked: to its page such a block looks used.
 */
export function collectDelayedFrees(context: CheckContext, set: HeapSetPlace): void {
  const heap = context.i32;
  for (let tag = 0; tag < set.count; tag++) {
    const base = set.heaps + tag * Heap.Words;
    const where = `delayed frees of heap ${tagName(tag)} of ${ownerName(set.id)}`;
    const seen = new Set<number>();
    for (let block = Atomics.load(heap, base + Heap.ThreadDelayedFree); block !== 0; block = heap[block]) {
      const record = recordOf(context, block);
      if (record === undefined || !isBlockOf(heap, record.page, block) || seen.has(block)) {
        context.report(`${where}: ${block} is ${seen.has(block) ? 'there twice' : 'no block'}`);
        break;
      }
      seen.add(block);
      record.delayed.push(block);
      context.expect(
        record.owner === set.id && heap[record.page + Page.Tag] === tag,
        () => `${where}: block ${block} is of another heap`,
      );
    }
  }
}

/** The page in use that an address lies in, whatever the address is. */
export function recordOf(context: CheckContext, address: number): PageRecord | undefined {
  if (address <= 0 || address >= context.i32.length) return undefined;
  const slice =
    (address & ~Geometry.SegmentMask) +
    Segment.Pages +
    (((address & Geometry.SegmentMask) >> Slice.Shift) << Page.Shift);
  return context.pages.get(slice - context.i32[slice + Page.SliceOffset]);
}

function isBlockOf(heap: Int32Array, page: number, address: number): boolean {
  const index = (address - heap[page + Page.Start]) / heap[page + Page.BlockWords];
  return Number.isInteger(index) && index >= 0 && index < heap[page + Page.Capacity];
}
