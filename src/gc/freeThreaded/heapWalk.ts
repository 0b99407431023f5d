import type { Allocator } from '../../allocators/allocator.js';
import { Page } from '../../allocators/mimalloc/layout.js';
import { firstPage, nextPage } from '../../allocators/mimalloc/segment.js';
import { PageVisitor } from '../../allocators/mimalloc/visit.js';
import { Control, Geometry, HeapTag, SegmentOwner } from '../../memory/layout.js';
import { objectInBlock } from '../../memory/objectInBlock.js';
import type { Ref } from '../../refcount/refCounter.js';
import { MapScale, type MarkMap } from '../marking/markMap.js';

/** Where a walk leads. */
export interface WalkTarget {
  /** Called for live blocks of objects that can hold references: of caches, half destroyed and untracked ones too. */
  visit(object: Ref): void;
}

/** Tags of objects that can hold references. */
const enum Tags {
  All = (1 << HeapTag.Gc) | (1 << HeapTag.GcPre),
}

/**
 * Finds objects, for there is no list of them (CPython `gc_visit_heaps`). In a stopped world, after what waits for a
 * grace period was released; the target neither allocates in these heaps nor frees (INV-4.4, INV-8.5).
 */
export interface HeapWalk {
  /** Of all threads, also of those that have left; without those that are marked, if there is a map. */
  walk(map: MarkMap | null, target: WalkTarget): void;
}

/** Over mimalloc's pages, where all objects are in them and the raw domain is not. */
export class PageWalk implements HeapWalk {
  constructor(private readonly i32: Int32Array) {}

  walk(map: MarkMap | null, target: WalkTarget): void {
    const heap = this.i32;
    const pages = new PageVisitor(heap);
    const delayed = pages.delayedBlocks();
    for (let index = 1; index < heap[Control.SegmentCount]; index++) {
      const segment = index << Geometry.SegmentShift;
      const owner = Atomics.load(heap, Control.SegmentTable + index);
      if (owner === SegmentOwner.Huge) this.walkHuge(segment, map, target);
      if (owner !== SegmentOwner.Heap) continue;
      for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
        if (this.hasObjects(page) && !this.isMarked(page, map)) {
          this.walkPage(page, pages.freeBlocks(page, delayed.get(page)), map, target);
        }
      }
    }
  }

  private hasObjects(page: number): boolean {
    const heap = this.i32;
    if (heap[page + Page.BlockWords] === 0) return false;
    return ((Tags.All >> heap[page + Page.Tag]) & 1) !== 0 && heap[page + Page.Used] !== 0;
  }

  /** As many marks as blocks in use: nobody else is in the page. */
  private isMarked(page: number, map: MarkMap | null): boolean {
    if (map === null) return false;
    const heap = this.i32;
    const used = heap[page + (heap[page + Page.InFull] === 1 ? Page.FullUsed : Page.Used)];
    const start = heap[page + Page.Start] & -(1 << MapScale.WordShift);
    const words = heap[page + Page.Start] - start + heap[page + Page.Capacity] * heap[page + Page.BlockWords];
    return map.count(start, words + (1 << MapScale.WordShift) - 1) === used;
  }

  private walkPage(page: number, free: Uint8Array, map: MarkMap | null, target: WalkTarget): void {
    const heap = this.i32;
    const words = heap[page + Page.BlockWords];
    const capacity = heap[page + Page.Capacity];
    let object = objectInBlock(heap[page + Page.Start], heap[page + Page.Tag]);
    for (let i = 0; i < capacity; i++, object += words) {
      if (free[i] === 0 && (map === null || !map.isMarked(object))) target.visit(object);
    }
  }

  /** One object in a run of segments. */
  private walkHuge(segment: number, map: MarkMap | null, target: WalkTarget): void {
    const heap = this.i32;
    const page = firstPage(segment);
    if (!this.hasObjects(page)) return;
    const object = objectInBlock(heap[page + Page.Start], heap[page + Page.Tag]);
    if (map === null || !map.isMarked(object)) target.visit(object);
  }
}

/**
 * Over whatever the domains were given to. What the target allocates may come from the very pages that are walked:
 * hence the objects are noted first.
 */
export class BlockWalk implements HeapWalk {
  constructor(private readonly allocator: Allocator) {}

  walk(map: MarkMap | null, target: WalkTarget): void {
    const objects: Ref[] = [];
    this.allocator.visit((block, _words, tag) => {
      const object = objectInBlock(block, tag);
      if (map === null || !map.isMarked(object)) objects.push(object);
    }, Tags.All);
    for (const object of objects) target.visit(object);
  }
}
