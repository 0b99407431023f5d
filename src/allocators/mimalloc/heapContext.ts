import { HeapTag } from '../../memory/layout.js';
import type { Qsbr } from '../../threads/qsbr.js';
import { AbandonedPool } from './abandonedPool.js';
import { Heap, Page } from './layout.js';
import { collectPage } from './page.js';
import { QsbrPages } from './qsbrPages.js';
import { SegmentSlices } from './segment.js';

/** Where a set of heaps lies, and whose it is. */
export interface HeapPlace {
  readonly i32: Int32Array;
  /** First of the `Heap` structs. */
  readonly heaps: number;
  /** How many there are, by tag. */
  readonly count: number;
  /** `Spans` queues. */
  readonly spans: number;
  /** What the segments carry as `Segment.ThreadId`. */
  readonly id: number;
  /** `ThreadBlock` whose list of empty pages is used. */
  readonly block: number;
  /** null: pages are reused at once. */
  readonly qsbr: Qsbr | null;
  /** Whether segments are taken over from threads that have left, and left to others. Else nothing here ever waits. */
  readonly abandons: boolean;
}

/** What the parts of a set of heaps share. Owner only. */
export class HeapContext {
  readonly i32: Int32Array;
  readonly heaps: number;
  readonly count: number;
  readonly id: number;
  readonly slices: SegmentSlices;
  readonly qsbr: Qsbr | null;
  readonly qsbrPages: QsbrPages | null;
  readonly pool: AbandonedPool | null;

  constructor(place: HeapPlace) {
    this.i32 = place.i32;
    this.heaps = place.heaps;
    this.count = place.count;
    this.id = place.id;
    this.pool = place.abandons ? new AbandonedPool(place.i32) : null;
    this.slices = new SegmentSlices(place.i32, place.spans, place.id, this.pool);
    this.qsbr = place.qsbr;
    this.qsbrPages = place.qsbr === null ? null : new QsbrPages(place.i32, place.block, place.qsbr);
  }

  heapOf(tag: HeapTag): number {
    return this.heaps + tag * Heap.Words;
  }

  /** The list that this page waits in when it is empty (CPython's `use_qsbr`), null if it need not. */
  delayOf(page: number): QsbrPages | null {
    return this.i32[page + Page.Tag] === HeapTag.Mem ? null : this.qsbrPages;
  }

  /** Makes freed blocks of an owned page allocatable. */
  collect(page: number): void {
    if (collectPage(this.i32, page)) this.delayOf(page)?.forget(page);
  }
}
