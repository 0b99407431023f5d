import type { Allocator } from '../allocators/allocator.js';
import { FreeLists, Header } from '../memory/layout.js';
import type { RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';

/**
 * Base of the types that keep dead objects for re-use, most recently freed first (CPython
 * `pycore_freelist.h`): a head and a count each, blocks linked through the word of the local count, the word before
 * it 0: whoever walks the heap finds nothing tracked, whoever looks without a lock nothing owned. Per thread in the
 * free-threaded builds, one set for all under the GIL: owner or lock holder only, hence plain accesses.
 *
 * A base class and not functions: V8 inlines a method of `this` without looking its target up, and loads the
 * view once for all methods of one object.
 */
export abstract class FreeListed {
  protected readonly i32: Int32Array;
  protected readonly refs: RefCounter;
  protected readonly allocator: Allocator;
  protected readonly gcHeap: GcHeap;
  /** Address of the `FreeLists` words. */
  protected readonly freeLists: number;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.allocator = context.allocator;
    this.gcHeap = context.gcHeap;
    this.freeLists = context.freeLists;
  }

  /** Takes the first block of a list, 0 if there is none. `list`: offset in `FreeLists`. */
  protected popFree(list: number): number {
    const heap = this.i32;
    const head = this.freeLists + list;
    const block = heap[head];
    if (block !== 0) {
      heap[head] = heap[block + Header.Local];
      heap[head + 1]--;
    }
    return block;
  }

  /** Keeps a block; false if the list is full or closed (count -1, thread exit). */
  protected pushFree(list: number, block: number, max: number): boolean {
    const heap = this.i32;
    const head = this.freeLists + list;
    const count = heap[head + 1];
    if (count >>> 0 >= max) return false;
    heap[block] = 0;
    heap[block + Header.Local] = heap[head];
    heap[head] = block;
    heap[head + 1] = count + 1;
    return true;
  }
}

/** Empties all lists through `free` and closes them. Thread exit; shutdown. */
export function closeFreeLists(
  heap: Int32Array,
  lists: number,
  free: (block: number, list: number) => void,
): void {
  emptyFreeLists(heap, lists, free);
  for (let list = 0; list < FreeLists.Words; list += 2) heap[lists + list + 1] = -1;
}

/** Empties all lists through `free`; closed ones stay closed. */
export function emptyFreeLists(
  heap: Int32Array,
  lists: number,
  free: (block: number, list: number) => void,
): void {
  for (let list = 0; list < FreeLists.Words; list += 2) {
    const head = lists + list;
    while (heap[head] !== 0) {
      const block = heap[head];
      heap[head] = heap[block + Header.Local];
      free(block, list);
    }
    if (heap[head + 1] !== -1) heap[head + 1] = 0;
  }
}

/** Opens the lists of a new thread. */
export function openFreeLists(heap: Int32Array, lists: number): void {
  for (let word = 0; word < FreeLists.Words; word++) heap[lists + word] = 0;
}
