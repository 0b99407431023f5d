import { Bin, Delayed, Heap, Page, Queue, Segment, Slice } from '#ungil/allocators/mimalloc/layout.js';
import { queueAddress } from '#ungil/allocators/mimalloc/pageQueue.js';
import { firstPage, nextPage } from '#ungil/allocators/mimalloc/segment.js';
import { Control, Geometry, SegmentOwner } from '#ungil/memory/layout.js';
import { listLength } from '../support.js';

/** A set of heaps, as `HeapPlace` says where it lies. */
export interface CheckedHeaps {
  readonly heaps: number;
  readonly count: number;
  readonly id: number;
}

/**
 * Holds the structure of a set of heaps against what it must be while no thread runs: queues linked both ways, each
 * page in the right one, INV-4.1 and INV-4.2, segments tiled by pages and spans. Throws Error. Returns the pages.
 */
export function checkHeaps(heap: Int32Array, { heaps, count, id }: CheckedHeaps): Set<number> {
  const queued = new Set<number>();
  for (let tag = 0; tag < count; tag++) {
    const base = heaps + tag * Heap.Words;
    let pages = 0;
    for (let bin = 1; bin < Bin.Count; bin++) {
      const queue = queueAddress(base, bin);
      let previous = 0;
      for (let page = heap[queue + Queue.First]!; page !== 0; page = heap[page + Page.Next]!) {
        expectThat(heap[page + Page.Previous] === previous, 'queue links');
        expectThat((heap[page + Page.InFull] !== 0) === (bin === Bin.Full), 'page is in the wrong queue');
        if (bin !== Bin.Full) expectThat(heap[page + Page.Queue] === queue, 'page names another queue');
        expectThat(heap[page + Page.Tag] === tag, 'page has another tag');
        expectThat(heap[page + Page.Heap] === base, 'page has another heap');
        expectThat(heap[page + Page.Owner] === id, 'page has another owner');
        checkPage(heap, page);
        expectThat(!queued.has(page), 'page is in two queues');
        queued.add(page);
        previous = page;
        pages++;
      }
      expectThat(heap[queue + Queue.Last] === previous, 'queue tail');
    }
    expectThat(heap[base + Heap.PageCount] === pages, 'count of pages');
  }
  checkSegments(heap, id, queued);
  return queued;
}

/** INV-4.1, INV-4.2. */
export function checkPage(heap: Int32Array, page: number): void {
  const used = heap[page + Page.Used]! + (heap[page + Page.InFull] ? heap[page + Page.FullUsed]! - 1 : 0);
  const free = listLength(heap, heap[page + Page.Free]!) + listLength(heap, heap[page + Page.LocalFree]!);
  expectThat(used + free === heap[page + Page.Capacity], 'used + free + local_free = capacity');
  expectThat(heap[page + Page.Capacity]! <= heap[page + Page.Reserved]!, 'capacity <= reserved');
  expectThat(listLength(heap, heap[page + Page.XThreadFree]! & ~Delayed.Mask) <= used, 'foreign <= used');
  expectThat((heap[page + Page.XThreadFree]! & Delayed.Mask) !== Delayed.Freeing, 'no free is under way');
}

/** The segments of this owner: slices add up, and their pages are those of the queues. */
function checkSegments(heap: Int32Array, id: number, queued: Set<number>): void {
  let found = 0;
  for (let index = 1; index < heap[Control.SegmentCount]!; index++) {
    const segment = index << Geometry.SegmentShift;
    if (heap[Control.SegmentTable + index] !== SegmentOwner.Heap) continue;
    if (heap[segment + Segment.ThreadId] !== id) continue;
    let slices = 1;
    let pages = 0;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      slices += heap[page + Page.SliceCount]!;
      if (heap[page + Page.BlockWords] === 0) continue;
      pages++;
      expectThat(queued.has(page), 'page of the segment is in no queue');
    }
    expectThat(slices === Slice.PerSegment, 'slices of the segment');
    expectThat(pages === heap[segment + Segment.Used] && pages > 0, 'pages in use of the segment');
    found += pages;
  }
  expectThat(found === queued.size, 'queues have pages of other segments');
}

function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(`broken: ${what}`);
}
