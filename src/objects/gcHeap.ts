import type { Allocator } from '../allocators/allocator.js';
import {
  Control,
  EvalBreaker,
  GcBits,
  GcHead,
  GcLimits,
  GcState,
  Header,
  HeapTag,
  PreHeader,
  ThreadBlock,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { setBreaker } from '../threads/evalBreaker.js';

/**
 * Memory of objects that can hold references, and whether a collector sees them (CPython `_PyObject_GC_New`,
 * `PyObject_GC_Del`, `_PyObject_GC_TRACK`). One implementation for each kind of collector; a thread keeps one for its
 * life. Attached threads only.
 *
 * Between `alloc` and `track` nothing reaches a safepoint: no collector ever sees a half-made object.
 */
export abstract class GcHeap {
  protected readonly i32: Int32Array;

  constructor(
    protected readonly allocator: Allocator,
    /** Address of the thread's `ThreadBlock`. */
    protected readonly block: number,
    i32: Int32Array,
  ) {
    this.i32 = i32;
  }

  /** An object of so many words, header included. Throws MemoryError. */
  abstract alloc(words: number): Ref;
  /** As `alloc`, with an instance's pre-header. Its words are as the block's former user left them. */
  abstract allocPre(words: number): Ref;
  /** Gives an untracked object of `alloc` back. */
  abstract free(object: Ref): void;
  /** Gives an untracked object of `allocPre` back. */
  abstract freePre(object: Ref): void;
  /** The object is complete, its header written with `GcBits.Tracked`. */
  abstract track(object: Ref): void;
  /** No collector sees it any more. Harmless when done already. First step of every destructor. */
  abstract untrack(object: Ref): void;

  /** Thread exit, behind its last free. */
  exit(): void {}

  /** Code objects are tracked where they have deferred counts, which only a collector ends. */
  get tracksCode(): boolean {
    return true;
  }
}

/** Builds without a collector, and those whose collector looks at every object (it counts them in `NoneRefCounter.init`). */
export class UncollectedGcHeap extends GcHeap {
  alloc(words: number): Ref {
    return this.allocator.alloc(words, HeapTag.Gc);
  }

  allocPre(words: number): Ref {
    return this.allocator.alloc(words + PreHeader.Words, HeapTag.GcPre) + PreHeader.Words;
  }

  free(object: Ref): void {
    this.allocator.free(object, HeapTag.Gc);
  }

  freePre(object: Ref): void {
    this.allocator.free(object - PreHeader.Words, HeapTag.GcPre);
  }

  track(_object: Ref): void {}

  untrack(object: Ref): void {
    clearBits(this.i32, object);
  }
}

/**
 * Free-threaded: no list, a collector walks the heaps and looks at `GcBits.Tracked`. Each thread counts what it
 * allocates and frees, and tells the interpreter when that comes to `GcLimits.ThreadBuffer` (CPython
 * `record_allocation`, `record_deallocation`).
 */
export class FreeThreadedGcHeap extends GcHeap {
  alloc(words: number): Ref {
    const object = this.allocator.alloc(words, HeapTag.Gc);
    this.countAllocation();
    return object;
  }

  allocPre(words: number): Ref {
    const object = this.allocator.alloc(words + PreHeader.Words, HeapTag.GcPre) + PreHeader.Words;
    this.countAllocation();
    return object;
  }

  free(object: Ref): void {
    this.countFree();
    this.allocator.free(object, HeapTag.Gc);
  }

  freePre(object: Ref): void {
    this.countFree();
    this.allocator.free(object - PreHeader.Words, HeapTag.GcPre);
  }

  track(_object: Ref): void {}

  untrack(object: Ref): void {
    clearBits(this.i32, object);
  }

  /** What the thread has not told yet: else short-lived threads would never make a collection due (gh-142233). */
  override exit(): void {
    const heap = this.i32;
    const count = heap[this.block + ThreadBlock.GcAllocations];
    if (count < 0) this.flushFrees(count);
    heap[this.block + ThreadBlock.GcAllocations] = 0;
    if (count > 0) Atomics.add(heap, Control.Gc + GcState.Counts, count);
  }

  private countAllocation(): void {
    const heap = this.i32;
    const count = heap[this.block + ThreadBlock.GcAllocations] + 1;
    heap[this.block + ThreadBlock.GcAllocations] = count;
    if (count >= GcLimits.ThreadBuffer) this.flushAllocations(count);
  }

  private countFree(): void {
    const heap = this.i32;
    const count = heap[this.block + ThreadBlock.GcAllocations] - 1;
    heap[this.block + ThreadBlock.GcAllocations] = count;
    if (count <= -GcLimits.ThreadBuffer) this.flushFrees(count);
  }

  /** Asks this thread to look whether a collection is due, at its next safepoint. */
  private flushAllocations(count: number): void {
    const heap = this.i32;
    heap[this.block + ThreadBlock.GcAllocations] = 0;
    const young = Atomics.add(heap, Control.Gc + GcState.Counts, count) + count;
    const threshold = heap[Control.Gc + GcState.Thresholds];
    if (young > threshold && threshold !== 0 && Atomics.load(heap, Control.Gc + GcState.Enabled) !== 0) {
      setBreaker(heap, this.block, EvalBreaker.GcScheduled);
    }
  }

  /** Never below 0: what is freed during a collection would put off the next one (gh-142048, D30). */
  protected flushFrees(count: number): void {
    const heap = this.i32;
    heap[this.block + ThreadBlock.GcAllocations] = 0;
    const word = Control.Gc + GcState.Counts;
    let young = Atomics.load(heap, word);
    for (;;) {
      const seen = Atomics.compareExchange(heap, word, young, Math.max(young + count, 0));
      if (seen === young) return;
      young = seen;
    }
  }
}

/**
 * Under the GIL: a `GcHead` in front of every object, linked into the youngest generation (CPython
 * `_PyObject_GC_TRACK`, `gc_list_append`).
 */
export class GenerationalGcHeap extends GcHeap {
  alloc(words: number): Ref {
    return this.allocPre(words);
  }

  allocPre(words: number): Ref {
    const object = this.allocator.alloc(words + PreHeader.Words, HeapTag.GcPre) + PreHeader.Words;
    const heap = this.i32;
    const young = heap[Control.Gc + GcState.Counts] + 1;
    heap[Control.Gc + GcState.Counts] = young;
    const threshold = heap[Control.Gc + GcState.Thresholds];
    if (young > threshold && threshold !== 0) this.schedule();
    return object;
  }

  free(object: Ref): void {
    this.freePre(object);
  }

  freePre(object: Ref): void {
    const heap = this.i32;
    const young = heap[Control.Gc + GcState.Counts];
    if (young > 0) heap[Control.Gc + GcState.Counts] = young - 1;
    this.allocator.free(object - PreHeader.Words, HeapTag.GcPre);
  }

  track(object: Ref): void {
    const heap = this.i32;
    const head = generationHead(0);
    const last = heap[head + GcHead.Previous];
    heap[last + GcHead.Next] = object;
    heap[object + GcHead.Previous] = last;
    heap[object + GcHead.Next] = head;
    heap[head + GcHead.Previous] = object;
  }

  /** Links carry low bits only while a collection deduces, and then nobody else runs. */
  untrack(object: Ref): void {
    const heap = this.i32;
    if ((heap[object] & (GcBits.Tracked << 24)) !== 0) {
      const next = heap[object + GcHead.Next];
      const previous = heap[object + GcHead.Previous];
      heap[previous + GcHead.Next] = next;
      heap[next + GcHead.Previous] = previous;
      heap[object + GcHead.Next] = 0;
    }
    clearBits(heap, object);
  }

  /** CPython's default build: only functions hold them, and they hold constants. */
  override get tracksCode(): boolean {
    return false;
  }

  /**
   * Declared racy read of the thread's breaker: until its next safepoint each allocation comes here, and others set other
   * bits meanwhile.
   */
  private schedule(): void {
    const heap = this.i32;
    if (heap[Control.Gc + GcState.Enabled] === 0 || heap[Control.Gc + GcState.Collecting] !== 0) return;
    if ((heap[this.block + ThreadBlock.Breaker] & EvalBreaker.GcScheduled) !== 0) return;
    setBreaker(heap, this.block, EvalBreaker.GcScheduled);
  }
}

/**
 * Address of the pseudo object whose `GcHead` begins and ends a list: of generation 0 to 2, 3 for frozen ones, the others
 * as gc/generational/ numbers them.
 */
export function generationHead(generation: number): number {
  return Control.Gc + GcState.Heads + (generation + 1) * -GcHead.Next;
}

/** What is left of a header's first word. */
const enum Word0 {
  Untracked = Header.OwnerMask | (GcBits.Finalized << 24),
}

/**
 * The collector's bits of an object that its last reference has left, but for the one that says that its finaliser has
 * run: that one is for life, and the object may wait in the trashcan. Plain: nobody else writes to this word any more.
 */
function clearBits(heap: Int32Array, object: Ref): void {
  heap[object + Header.Owner] &= Word0.Untracked;
}
