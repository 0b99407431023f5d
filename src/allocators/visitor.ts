import { Control, Geometry, HeapTag, SegmentOwner } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { BlockVisitor } from './allocator.js';
import { PageVisitor } from './mimalloc/visit.js';
import { PoolVisitor } from './pymalloc/visit.js';

/** What is in use. */
export interface HeapTotals {
  /** Live blocks, and their bytes, by tag; the raw domain's last. */
  readonly blocks: readonly number[];
  readonly bytes: readonly number[];
  /** Pages of mimalloc heaps and pools of pymalloc that hold blocks, or wait to be reused. */
  readonly pages: number;
  readonly segments: number;
}

/** Sets of tags: bit `1 << tag` for each. */
export const enum TagMask {
  /** What programs allocate: objects, and their arrays and tables. */
  Heaps = (1 << HeapTag.Count) - 1,
  /** The raw domain: the runtime's own. */
  Raw = 1 << HeapTag.Raw,
  All = Heaps | Raw,
}

/**
 * Walks the blocks that are alive, of all threads, those that have left, and of either allocator (CPython: 4.9,
 * `_PyGC_VisitObjectsWorldStopped`). It goes by the table of segments. No other thread may run meanwhile, and the
 * visitor neither allocates nor frees (INV-4.4). A block that waits for a grace period in a queue of delayed frees
 * is alive.
 */
export class HeapVisitor {
  private readonly i32: Int32Array;

  constructor(memory: SharedMemory) {
    this.i32 = memory.i32;
  }

  /** `tags`: bit `1 << tag` for each heap to walk; if left out, all but the raw domain's. */
  visit(visitor: BlockVisitor, tags: number = TagMask.Heaps): void {
    this.walk(visitor, tags);
  }

  totals(): HeapTotals {
    const blocks = new Array<number>(HeapTag.Raw + 1).fill(0);
    const bytes = new Array<number>(HeapTag.Raw + 1).fill(0);
    const pages = this.walk((_address, words, tag) => {
      blocks[tag]++;
      bytes[tag] += words * 4;
    }, TagMask.All);
    return { blocks, bytes, pages, segments: Atomics.load(this.i32, Control.SegmentsUsed) };
  }

  private walk(visitor: BlockVisitor, tags: number): number {
    const heap = this.i32;
    const pageVisitor = new PageVisitor(heap);
    const poolVisitor = new PoolVisitor(heap);
    const delayed = pageVisitor.delayedBlocks();
    let pages = 0;
    for (let index = 1; index < heap[Control.SegmentCount]; index++) {
      const segment = index << Geometry.SegmentShift;
      switch (Atomics.load(heap, Control.SegmentTable + index) as SegmentOwner) {
        case SegmentOwner.Heap:
          pages += pageVisitor.visitSegment(segment, tags, delayed, visitor);
          break;
        case SegmentOwner.Huge:
          pages += pageVisitor.visitHuge(segment, tags, visitor);
          break;
        case SegmentOwner.Arenas:
          pages += poolVisitor.visitSegment(segment, tags, visitor);
          break;
      }
    }
    return pages;
  }
}
