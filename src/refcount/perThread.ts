import type { Allocator } from '../allocators/allocator.js';
import { Control, Geometry, Header, Immortal, SharedState, ThreadBlock } from '../memory/layout.js';
import type { Ref } from './refCounter.js';
import {
  carriedCount,
  objectOf,
  takeCarried,
  tryAllocate,
  type UniqueIdPool,
  type UniqueIdThread,
  uniqueIdOffset,
} from './uniqueIds.js';

/** What per-thread counts need of the counter that they serve. */
export interface OrdinaryCounts {
  incref(object: Ref): void;
  decref(object: Ref): void;
}

/** `ThreadBlock.UniqueCapacity` of a thread that leaves: no index is below it. */
const LEFT = -1;

/**
 * Arrays are blocks of whole pairs of cache lines (128 bytes), which malloc's pages align: the counters of two threads on
 * one line would cost what counting apart saves.
 */
const ARRAY_UNIT = 32;

/**
 * Counts of classes, code objects and globals in an array of the thread (CPython `Python/uniqueid.c`): what every
 * instance refers to would otherwise be a word that all threads write. A counter may be negative, for an instance
 * may die elsewhere than where it was made; only the sum over all threads means anything (INV-2.5), and an object
 * with an id has deferred counts, so that nobody frees it before a merge in a stopped world (PIT-2.6).
 *
 * The owner counts by plain increments (`BiasedRefCounter.increfUnique`); others look in a stopped world.
 */
export class PerThreadCounts {
  protected readonly i32: Int32Array;
  protected readonly allocator: Allocator;
  /** Addresses of the thread's words. */
  protected readonly counts: number;
  protected readonly capacity: number;

  constructor(
    thread: UniqueIdThread,
    readonly pool: UniqueIdPool,
    private readonly ordinary: OrdinaryCounts,
  ) {
    this.i32 = thread.i32;
    this.allocator = thread.allocator;
    this.counts = thread.block + ThreadBlock.UniqueCounts;
    this.capacity = thread.block + ThreadBlock.UniqueCapacity;
  }

  /** Thread start. */
  start(): void {
    this.i32[this.counts] = 0;
    this.i32[this.capacity] = 0;
  }

  /** Thread exit: from here the thread counts in the objects, as others do. Before it leaves the merge queues. */
  exit(): void {
    this.mergeOwn();
    this.freeArray();
  }

  /** The array has no such counter yet, or the object no id: ordinary counts do as well, for only the sum matters. */
  increfSlow(object: Ref, id: number): void {
    if (id === 0 || !this.grow()) this.ordinary.incref(object);
    else this.i32[this.i32[this.counts] + id - 1]++;
  }

  decrefSlow(object: Ref): void {
    this.ordinary.decref(object);
  }

  // --- Steps ---

  /** The array as long as the pool's table, the new counters 0. False: no memory, or the thread is leaving. */
  protected grow(): boolean {
    const heap = this.i32;
    const old = heap[this.counts];
    const capacity = heap[this.capacity];
    if (capacity === LEFT) return false;
    const grown = Atomics.load(heap, Control.UniqueIdCapacity);
    const array = tryAllocate(this.allocator, (grown + ARRAY_UNIT - 1) & -ARRAY_UNIT);
    if (array === 0) return false;
    for (let index = 0; index < capacity; index++) heap[array + index] = heap[old + index];
    for (let index = capacity; index < grown; index++) heap[array + index] = 0;
    heap[this.counts] = array;
    heap[this.capacity] = grown;
    if (old !== 0) this.allocator.rawFree(old);
    return true;
  }

  /** The lock keeps the table where it is, and an object's id with it. */
  protected mergeOwn(): void {
    const heap = this.i32;
    const array = heap[this.counts];
    if (array === 0) return;
    this.pool.lock();
    for (let id = 1; id <= heap[this.capacity]; id++) {
      const count = heap[array + id - 1];
      if (count === 0) continue;
      if (!this.fold(objectOf(heap, id), count)) this.pool.carry(id, count);
      heap[array + id - 1] = 0;
    }
    this.pool.unlock();
  }

  /**
   * Adds one thread's count to the object's own. False: that would come near the end of the bias, which has to stand
   * for what other threads' counters hold. CPython's bias is 2^60 and needs no such care; this one, of 2^27, would be
   * used up by one thread that destroys for seconds what another one makes.
   */
  protected fold(object: Ref, count: number): boolean {
    const heap = this.i32;
    if (Atomics.load(heap, object + Header.Local) === Immortal.Local) return true;
    const word = object + Header.Shared;
    let shared = Atomics.load(heap, word);
    for (;;) {
      const sum = (shared >> SharedState.Shift) + count;
      if (Math.abs(sum - Immortal.DeferredBias) > Immortal.DeferredBias >> 1) return false;
      const seen = Atomics.compareExchange(heap, word, shared, shared + (count << SharedState.Shift));
      if (seen === shared) return true;
      shared = seen;
    }
  }

  private freeArray(): void {
    const heap = this.i32;
    const array = heap[this.counts];
    heap[this.counts] = 0;
    heap[this.capacity] = LEFT;
    if (array !== 0) this.allocator.rawFree(array);
  }
}

/**
 * Adds every thread's counters to the shared counts of their objects, and sets them to 0 (CPython
 * `_PyObject_MergePerThreadRefcounts`, of each thread). What a collector begins with. In a stopped world, or alone.
 * Sums wrap on their way, as counters do; what they come to is in range.
 */
export function mergePerThreadCounts(heap: Int32Array): void {
  for (let id = 1; id <= heap[Control.UniqueIdCapacity]; id++) {
    const object = objectOf(heap, id);
    if (object === 0) continue;
    let sum = takeCarried(heap, id);
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) sum = (sum + takeCounter(heap, slot, id)) | 0;
    if (sum !== 0 && heap[object + Header.Local] !== Immortal.Local) {
      Atomics.add(heap, object + Header.Shared, sum << SharedState.Shift);
    }
  }
}

/**
 * References to the object that are counted by threads instead of in the object itself. In a stopped world, or alone;
 * a hint otherwise.
 */
export function countedPerThread(heap: Int32Array, object: Ref): number {
  const offset = uniqueIdOffset(heap, object);
  const id = offset === 0 ? 0 : heap[object + offset];
  if (id === 0) return 0;
  let sum = carriedCount(heap, id);
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const counter = counterOf(heap, slot, id);
    if (counter !== 0) sum = (sum + heap[counter]) | 0;
  }
  return sum;
}

function takeCounter(heap: Int32Array, slot: number, id: number): number {
  const counter = counterOf(heap, slot, id);
  if (counter === 0) return 0;
  const count = heap[counter];
  heap[counter] = 0;
  return count;
}

/** Word address of a thread's counter, 0 if its array has none for this id. */
function counterOf(heap: Int32Array, slot: number, id: number): number {
  const block = Control.Threads + slot * ThreadBlock.Words;
  const array = heap[block + ThreadBlock.UniqueCounts];
  return array !== 0 && id <= heap[block + ThreadBlock.UniqueCapacity] ? array + id - 1 : 0;
}
