import type { AtomicOps } from '../../memory/atomicOps.js';
import type { HeapTag } from '../../memory/layout.js';
import { RawState, rawLock, rawUnlock } from '../../sync/rawMutex.js';
import { ThreadHeapSet } from './heap.js';
import type { HeapPlace } from './heapContext.js';
import { Heap, Page, Slice } from './layout.js';
import { pageOf } from './page.js';

/** A set of heaps for several threads. */
export interface LockedPlace extends HeapPlace {
  readonly atomics: AtomicOps;
  /** RawMutex over all words of the heaps, and of the pages in their segments. */
  readonly lock: number;
  /** 1 once the heaps have been set up. */
  readonly started: number;
}

/**
 * One set of heaps that all threads use, under a lock: whoever holds it is the owner, so that nothing in it is ever
 * foreign. Inside the lock nothing waits, detaches or reaches a quiescent point; so a thread that is told to abort
 * leaves it as any other does. Every method: any thread, in any state; throws RunAborted where it would have to sleep
 * for the lock in an aborted run, and has done nothing then.
 */
export class LockedHeaps {
  private readonly i32: Int32Array;
  private readonly atomics: AtomicOps;
  private readonly word: number;
  private readonly started: number;
  private readonly heaps: number;
  private readonly set: ThreadHeapSet;

  constructor(place: LockedPlace) {
    this.i32 = place.i32;
    this.atomics = place.atomics;
    this.word = place.lock;
    this.started = place.started;
    this.heaps = place.heaps;
    this.set = new ThreadHeapSet(place);
  }

  /** Sets the heaps up, if no thread has done so yet. */
  start(): void {
    this.lock();
    try {
      if (this.i32[this.started] === 0) this.set.start();
      this.i32[this.started] = 1;
    } finally {
      this.unlock();
    }
  }

  /** A block, or 0 if the memory is full. */
  tryAlloc(words: number, tag: HeapTag): number {
    this.lock();
    try {
      return this.takeFree(words, tag) || this.set.tryAlloc(words, tag);
    } finally {
      this.unlock();
    }
  }

  /** A block of these heaps, not a huge one. */
  free(address: number): void {
    this.lock();
    try {
      this.set.frees.freeOwned(pageOf(this.i32, address), address);
    } finally {
      this.unlock();
    }
  }

  /** See `ThreadHeapSet.collect`. */
  collect(force: boolean): void {
    this.lock();
    try {
      this.set.collect(force);
    } finally {
      this.unlock();
    }
  }

  /** Frees empty pages that are due. */
  collectQsbr(): void {
    this.lock();
    try {
      this.set.collectQsbr();
    } finally {
      this.unlock();
    }
  }

  /** Gets hold of all memory there is. */
  relieve(): void {
    this.lock();
    try {
      this.set.relieve();
    } finally {
      this.unlock();
    }
  }

  // --- Steps ---

  protected lock(): void {
    if (this.atomics.compareExchange(this.word, RawState.Unlocked, RawState.Locked) !== RawState.Unlocked) {
      rawLock(this.i32, this.word);
    }
  }

  protected unlock(): void {
    if (this.atomics.compareExchange(this.word, RawState.Locked, RawState.Unlocked) !== RawState.Locked) {
      rawUnlock(this.i32, this.word);
    }
  }

  /** The usual case: the page that the direct table names has a free block. Else 0. */
  private takeFree(words: number, tag: HeapTag): number {
    const heap = this.i32;
    if (words > Slice.DirectMaxWords) return 0;
    const page = heap[this.heaps + tag * Heap.Words + ((words + 3) >> 2)];
    const block = heap[page + Page.Free];
    if (block === 0) return 0;
    heap[page + Page.Free] = heap[block];
    heap[page + Page.Used]++;
    return block;
  }
}
