import { MemoryError } from '../../memory/errors.js';
import { GcHead, HeapTag, PreHeader } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import { isEmptyList, mergeLists, moveToList } from './list.js';

/**
 * The part of a collection that runs anybody's code: callbacks, finalisers, destructors (CPython Python/gc.c). Any of them
 * may free other objects of the list, and let other threads run: each loop takes the first object of an ordinary list, and
 * holds a reference while it works on it, also if that ends with the run being aborted.
 */
export class Disposal {
  /** Of the last `deleteGarbage`: bytes of the blocks of objects that are still alive. */
  keptBytes = 0;
  private readonly i32: Int32Array;

  constructor(private readonly thread: GcThread) {
    this.i32 = thread.i32;
  }

  /**
   * The second half of `handle_weakrefs`: calls the callback of each weak reference of the list and drops the list's
   * reference. Returns how many of them died of that: they were reachable, and nobody has counted them so far.
   */
  runCallbacks(pending: number, old: number): number {
    const heap = this.i32;
    const { gcWeakrefs, refs } = this.thread;
    let died = 0;
    while (!isEmptyList(heap, pending)) {
      const weakref = heap[pending + GcHead.Next];
      try {
        gcWeakrefs.runCallback(weakref);
      } finally {
        refs.decref(weakref);
      }
      if (heap[pending + GcHead.Next] === weakref) moveToList(heap, weakref, old);
      else died++;
    }
    return died;
  }

  /** `finalize_garbage`. `seen`: an empty list, for those whose turn has come. */
  finalizeGarbage(unreachable: number, seen: number): void {
    const heap = this.i32;
    const { gcSlots, refs } = this.thread;
    while (!isEmptyList(heap, unreachable)) {
      const object = heap[unreachable + GcHead.Next];
      moveToList(heap, object, seen);
      if (!gcSlots.hasFinalizer(object)) continue;
      refs.incref(object);
      try {
        gcSlots.finalize(object);
      } finally {
        refs.decref(object);
      }
    }
    mergeLists(heap, seen, unreachable);
  }

  /**
   * `delete_garbage`: has each object drop what it holds, so that cycles fall apart; what is alive all the same goes to
   * the oldest generation concerned. `saveAll`: appends each to `gc.garbage` instead.
   */
  deleteGarbage(garbage: number, old: number, saveAll: boolean): void {
    const heap = this.i32;
    const { gcSlots, refs } = this.thread;
    this.keptBytes = 0;
    while (!isEmptyList(heap, garbage)) {
      const object = heap[garbage + GcHead.Next];
      if (saveAll) this.addGarbage(object);
      else {
        refs.incref(object);
        try {
          gcSlots.clear(object);
        } finally {
          refs.decref(object);
        }
      }
      if (heap[garbage + GcHead.Next] === object) {
        this.keptBytes += 4 * this.thread.allocator.blockWords(object - PreHeader.Words, HeapTag.GcPre);
        moveToList(heap, object, old);
      }
    }
  }

  /** `handle_legacy_finalizers`: programs find them in `gc.garbage`, and have to break the cycle themselves. */
  keepLegacy(legacy: number, old: number, saveAll: boolean): void {
    const heap = this.i32;
    const { gcSlots } = this.thread;
    for (let object = heap[legacy + GcHead.Next]; object !== legacy; object = heap[object + GcHead.Next]) {
      if (!saveAll && !gcSlots.hasLegacyFinalizer(object)) continue;
      if (!this.addGarbage(object)) break;
    }
    mergeLists(heap, legacy, old);
  }

  /** False without memory for it: the object stays where it is, and the next collection finds it again (CPython). */
  private addGarbage(object: Ref): boolean {
    try {
      this.thread.addGarbage(object);
      return true;
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      return false;
    }
  }
}
