import { Control, Geometry } from '../../memory/layout.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { Segment } from './layout.js';

/**
 * Segments without an owner (mimalloc `segment.c`, there global, in CPython one pool an interpreter): a lock-free stack,
 * and a second one of those that somebody in need has looked at in vain.
 *
 * The stack's top is an address whose low bits are free, for segments are aligned to 2^20 words. They hold a tag
 * that each change of the top increments: a thread that has read `next` of the top and is overtaken by others, who take
 * that segment and bring it back, finds another tag and starts again (ABA).
 *
 * Whoever pops reads a word of a segment that others may take and release meanwhile. `AbandonedReaders` counts such
 * threads; a segment goes back to the segment layer only when there are none.
 */
export class AbandonedPool {
  constructor(protected readonly i32: Int32Array) {}

  /** Adds a segment that nobody owns any more. The caller lets go of it. */
  push(segment: number): void {
    this.prepend(segment, segment);
  }

  /** Takes a segment out: it is the caller's alone. 0 if there is none. Segments looked at before come again. */
  pop(): number {
    if (segmentOfTop(Atomics.load(this.i32, Control.AbandonedHead)) === 0 && !this.revisit()) return 0;
    return this.popUnvisited();
  }

  /** As `pop`, without those that were looked at before. */
  popUnvisited(): number {
    this.enterReader();
    const segment = this.popTop();
    this.leaveReader();
    if (segment !== 0) Atomics.store(this.i32, segment + Segment.NextAbandoned, 0);
    return segment;
  }

  /** Puts a segment that did not fit aside, so that the next search does not meet it at once. */
  pushVisited(segment: number): void {
    const heap = this.i32;
    let first = Atomics.load(heap, Control.AbandonedVisited);
    for (;;) {
      Atomics.store(heap, segment + Segment.NextAbandoned, first);
      const seen = Atomics.compareExchange(heap, Control.AbandonedVisited, first, segment);
      if (seen === first) return;
      first = seen;
    }
  }

  /** Moves all that were put aside back (`mi_abandoned_visited_revisit`); false if there were none. */
  revisit(): boolean {
    if (Atomics.load(this.i32, Control.AbandonedVisited) === 0) return false;
    const first = this.takeVisited();
    if (first === 0) return false;
    // The whole chain is this thread's: no reader is needed to walk it.
    let last = first;
    for (let next = this.readNext(last); next !== 0; next = this.readNext(last)) last = next;
    this.prepend(first, last);
    return true;
  }

  /**
   * Waits until nobody looks at a segment that was in the pool (`_mi_abandoned_await_readers`). A reader holds on for
   * some instructions. Throws RunAborted.
   */
  awaitReaders(): void {
    const heap = this.i32;
    for (;;) {
      const readers = Atomics.load(heap, Control.AbandonedReaders);
      if (readers === 0) return;
      futexWait(heap, Control.AbandonedReaders, readers, Number.POSITIVE_INFINITY);
    }
  }

  // --- Steps ---

  /** Takes the top, or returns 0. Only between `enterReader` and `leaveReader`. */
  protected popTop(): number {
    const heap = this.i32;
    let top = Atomics.load(heap, Control.AbandonedHead);
    for (;;) {
      const segment = segmentOfTop(top);
      if (segment === 0) return 0;
      const next = this.readNext(segment);
      const seen = Atomics.compareExchange(heap, Control.AbandonedHead, top, this.tagged(next, top));
      if (seen === top) return segment;
      top = seen;
    }
  }

  /** The segment behind this one, which somebody else may have taken already. */
  protected readNext(segment: number): number {
    return Atomics.load(this.i32, segment + Segment.NextAbandoned);
  }

  /** A new top, with the tag behind that of the old one. */
  protected tagged(segment: number, old: number): number {
    return segment | (((old & Geometry.SegmentMask) + 1) & Geometry.SegmentMask);
  }

  protected enterReader(): void {
    Atomics.add(this.i32, Control.AbandonedReaders, 1);
  }

  protected leaveReader(): void {
    const heap = this.i32;
    if (Atomics.sub(heap, Control.AbandonedReaders, 1) === 1) {
      futexWake(heap, Control.AbandonedReaders, Number.POSITIVE_INFINITY);
    }
  }

  /** All that were put aside, 0 if somebody else has them. */
  protected takeVisited(): number {
    return Atomics.exchange(this.i32, Control.AbandonedVisited, 0);
  }

  /** Puts a chain of segments, linked from `first` to `last`, on the stack. */
  private prepend(first: number, last: number): void {
    const heap = this.i32;
    let top = Atomics.load(heap, Control.AbandonedHead);
    for (;;) {
      Atomics.store(heap, last + Segment.NextAbandoned, segmentOfTop(top));
      const seen = Atomics.compareExchange(heap, Control.AbandonedHead, top, this.tagged(first, top));
      if (seen === top) return;
      top = seen;
    }
  }
}

/** The segment that a value of `Control.AbandonedHead` points at, 0 none. */
export function segmentOfTop(top: number): number {
  return top & ~Geometry.SegmentMask;
}
