import { GcHead, GcNext, GcPrevious, HeapTag, PreHeader } from '../../memory/layout.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import { HeaderBits } from './layout.js';
import { appendToList, moveToList } from './list.js';

/**
 * What happens to unreachable objects before anybody's code runs (CPython Python/gc.c): those that a legacy finaliser
 * holds back are set apart, weak references are cleared. Under the GIL.
 */
export class Garbage {
  /** Of the last `settle`: objects, the bytes of their blocks, whether any of them has a finaliser to run. */
  count = 0;
  bytes = 0;
  finalizers = false;
  private readonly i32: Int32Array;
  private readonly referents: Referents;
  /** Made once: a collection allocates no closures. */
  private readonly isUnreachable: (object: Ref) => boolean;
  private readonly push: (weakref: Ref) => void;
  private pending = 0;
  private callbacks = 0;

  constructor(private readonly thread: GcThread) {
    this.i32 = thread.i32;
    this.referents = new Referents(thread.i32);
    this.isUnreachable = (object) => isCollecting(this.i32, object);
    this.push = (weakref) => this.keepCallback(weakref);
  }

  /**
   * `move_legacy_finalizers`: takes the marks off the links of the list, which is an ordinary one then but for
   * `Collecting`, and moves objects with a legacy finaliser to another list, without `Collecting`.
   */
  moveLegacyFinalizers(unreachable: number, legacy: number): void {
    const heap = this.i32;
    const { gcSlots } = this.thread;
    let object = heap[unreachable + GcHead.Next];
    while (object !== unreachable) {
      const next = heap[object + GcHead.Next] & ~GcNext.Mask;
      heap[object + GcHead.Next] = next;
      if (gcSlots.hasLegacyFinalizer(object)) this.moveMarked(object, legacy);
      object = next;
    }
  }

  /** `move_legacy_finalizer_reachable`: a destructor that runs some day must find all that it can reach. */
  moveLegacyReachable(legacy: number): void {
    const heap = this.i32;
    const { referents } = this;
    // The list grows meanwhile.
    for (let object = heap[legacy + GcHead.Next]; object !== legacy; object = heap[object + GcHead.Next]) {
      const end = referents.of(object) * Span.Words;
      for (let at = 0; at < end; at += Span.Words) this.moveSpan(at, legacy);
    }
  }

  private moveSpan(at: number, legacy: number): void {
    const heap = this.i32;
    const { spans } = this.referents;
    for (let word = spans[at + Span.Start]; word < spans[at + Span.End]; word += spans[at + Span.Step]) {
      const target = heap[word];
      if (isCollecting(heap, target)) this.moveMarked(target, legacy);
    }
  }

  /** From a list whose links carry `Collecting` to one whose do not. */
  private moveMarked(object: number, head: number): void {
    const heap = this.i32;
    const next = heap[object + GcHead.Next];
    const previous = heap[object + GcHead.Previous] & ~GcPrevious.Mask;
    heap[previous + GcHead.Next] = next;
    heap[next + GcHead.Previous] = previous | (heap[next + GcHead.Previous] & GcPrevious.Mask);
    appendToList(heap, object, head);
  }

  /**
   * The first half of `handle_weakrefs`: clears the weak references to each object of the list, before anybody's code
   * could reach one of these through them. Those whose callbacks are to be called go to `pending`, with a reference.
   * Returns how many they are.
   */
  clearWeakrefs(unreachable: number, pending: number): number {
    const heap = this.i32;
    const { gcWeakrefs } = this.thread;
    this.pending = pending;
    this.callbacks = 0;
    let object = heap[unreachable + GcHead.Next];
    while (object !== unreachable) {
      gcWeakrefs.clearForGc(object, this.isUnreachable, this.push);
      object = heap[object + GcHead.Next];
    }
    return this.callbacks;
  }

  /** It is reachable, hence in one of the generations, unless it has become immortal: then it is in no list. */
  private keepCallback(weakref: Ref): void {
    const heap = this.i32;
    this.thread.refs.incref(weakref);
    if (isTracked(heap, weakref)) moveToList(heap, weakref, this.pending);
    else {
      heap[weakref] |= HeaderBits.Tracked;
      appendToList(heap, weakref, this.pending);
    }
    this.callbacks++;
  }

  /**
   * Makes the list an ordinary one, which it stays while finalisers and callbacks run: whatever dies meanwhile is unlinked
   * by its destructor, which knows nothing of collections. (CPython's destructors do: they keep the low bits.)
   */
  settle(unreachable: number): void {
    const heap = this.i32;
    const { allocator, gcSlots } = this.thread;
    let count = 0;
    let words = 0;
    let finalizers = false;
    let object = heap[unreachable + GcHead.Next];
    while (object !== unreachable) {
      const next = heap[object + GcHead.Next] & ~GcNext.Mask;
      heap[object + GcHead.Next] = next;
      heap[object + GcHead.Previous] &= ~GcPrevious.Mask;
      count++;
      words += allocator.blockWords(object - PreHeader.Words, HeapTag.GcPre);
      if (!finalizers && gcSlots.hasFinalizer(object)) finalizers = true;
      object = next;
    }
    heap[unreachable + GcHead.Previous] &= ~GcPrevious.Mask;
    this.count = count;
    this.bytes = words * 4;
    this.finalizers = finalizers;
  }
}

export function isTracked(heap: Int32Array, object: Ref): boolean {
  return (heap[object] & HeaderBits.Tracked) !== 0;
}

/** One of the objects that this collection has found unreachable; or, earlier, of those that it looks at. */
export function isCollecting(heap: Int32Array, object: Ref): boolean {
  return isTracked(heap, object) && (heap[object + GcHead.Previous] & GcPrevious.Collecting) !== 0;
}
