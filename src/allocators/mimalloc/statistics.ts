import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { requestBin } from './bins.js';
import { Delayed, Page, RawHeaps, Segment, SharedHeaps, Slice } from './layout.js';
import { firstPage, nextPage } from './segment.js';

/** Whose pages: a slot of a thread, or one of the sets that belong to none. */
export type HeapOwner = number | 'abandoned' | 'malloc' | 'shared' | 'huge';

/** The pages of one owner, tag and size. Blocks, if it does not say bytes. */
export interface BinStatistics {
  readonly owner: HeapOwner;
  readonly tag: number;
  /** mimalloc's size class, 73 for blocks that have a page each. */
  readonly bin: number;
  readonly blockBytes: number;
  pages: number;
  /** Not free: those that wait for their owner to notice that another thread freed them are `foreign`, not used. */
  used: number;
  /** Carved, and free for the owner. */
  free: number;
  /** Freed by other threads, not collected yet. */
  foreign: number;
  /** Carved at all, and room for. used + free + foreign = capacity <= reserved. */
  capacity: number;
  reserved: number;
  /** Of the pages' slices. */
  pageBytes: number;
}

export interface MimallocStatistics {
  readonly bins: readonly BinStatistics[];
  /** Segments by owner; huge ones count with their run. */
  readonly segments: ReadonlyMap<HeapOwner, number>;
  /** Slices in no page, in bytes, by owner. */
  readonly spanBytes: ReadonlyMap<HeapOwner, number>;
}

const SLICE_BYTES = Slice.Words * 4;

/**
 * What all mimalloc heaps hold: for `ungil heap`, in the manner of `sys._debugmallocstats`. No other thread may run.
 * Changes nothing. `delayed`: blocks by page that wait in a heap's list of delayed frees (`PageVisitor.delayedBlocks`).
 */
export function mimallocStatistics(
  heap: Int32Array,
  delayed: ReadonlyMap<number, readonly number[]>,
): MimallocStatistics {
  const bins = new Map<string, BinStatistics>();
  const segments = new Map<HeapOwner, number>();
  const spanBytes = new Map<HeapOwner, number>();
  const add = (map: Map<HeapOwner, number>, owner: HeapOwner, count: number) =>
    map.set(owner, (map.get(owner) ?? 0) + count);
  for (let index = 1; index < heap[Control.SegmentCount]; index++) {
    const segment = index << Geometry.SegmentShift;
    const kind = Atomics.load(heap, Control.SegmentTable + index);
    if (kind === SegmentOwner.Huge) {
      add(segments, 'huge', heap[segment + Segment.Run]);
      addHuge(heap, segment, bins);
    } else if (kind === SegmentOwner.Heap) {
      const owner = ownerOf(Atomics.load(heap, segment + Segment.ThreadId));
      add(segments, owner, 1);
      for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
        if (heap[page + Page.BlockWords] !== 0)
          addPage(heap, page, owner, delayed.get(page)?.length ?? 0, bins);
        else add(spanBytes, owner, heap[page + Page.SliceCount] * SLICE_BYTES);
      }
    }
  }
  return { bins: [...bins.values()].sort(byOwnerTagBin), segments, spanBytes };
}

function ownerOf(id: number): HeapOwner {
  if (id === 0) return 'abandoned';
  if (id === RawHeaps.Id) return 'malloc';
  return id === SharedHeaps.Id ? 'shared' : id >> 1;
}

function addPage(
  heap: Int32Array,
  page: number,
  owner: HeapOwner,
  delayed: number,
  bins: Map<string, BinStatistics>,
): void {
  const row = rowOf(bins, owner, heap[page + Page.Tag], heap[page + Page.BlockWords]);
  const foreign = listLength(heap, Atomics.load(heap, page + Page.XThreadFree) & ~Delayed.Mask) + delayed;
  const full = heap[page + Page.InFull] !== 0;
  const used = heap[page + Page.Used] + (full ? heap[page + Page.FullUsed] - 1 : 0);
  row.pages++;
  row.used += used - foreign;
  row.foreign += foreign;
  row.free += heap[page + Page.Capacity] - used;
  row.capacity += heap[page + Page.Capacity];
  row.reserved += heap[page + Page.Reserved];
  row.pageBytes += heap[page + Page.SliceCount] * SLICE_BYTES;
}

/** One that is dead waits for readers. */
function addHuge(heap: Int32Array, segment: number, bins: Map<string, BinStatistics>): void {
  const page = firstPage(segment);
  const row = rowOf(bins, 'huge', heap[page + Page.Tag], heap[page + Page.BlockWords]);
  row.pages++;
  row.used += heap[page + Page.Used];
  row.free += 1 - heap[page + Page.Used];
  row.capacity++;
  row.reserved++;
  row.pageBytes += heap[segment + Segment.Run] * Geometry.SegmentBytes;
}

function rowOf(
  bins: Map<string, BinStatistics>,
  owner: HeapOwner,
  tag: number,
  blockWords: number,
): BinStatistics {
  const key = `${owner}/${tag}/${blockWords}`;
  let row = bins.get(key);
  if (row === undefined) {
    const counts = { pages: 0, used: 0, free: 0, foreign: 0, capacity: 0, reserved: 0, pageBytes: 0 };
    row = { owner, tag, bin: requestBin(blockWords), blockBytes: blockWords * 4, ...counts };
    bins.set(key, row);
  }
  return row;
}

function byOwnerTagBin(a: BinStatistics, b: BinStatistics): number {
  return rank(a.owner) - rank(b.owner) || a.tag - b.tag || a.blockBytes - b.blockBytes;
}

/** Threads by slot, then those that belong to none. */
function rank(owner: HeapOwner): number {
  if (typeof owner === 'number') return owner;
  return Geometry.ThreadSlots + ['shared', 'abandoned', 'malloc', 'huge'].indexOf(owner);
}

function listLength(heap: Int32Array, first: number): number {
  let count = 0;
  for (let block = first; block !== 0; block = heap[block]) count++;
  return count;
}
