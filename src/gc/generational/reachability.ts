import { GcHead, GcNext, GcPrevious } from '../../memory/layout.js';
import { HeaderBits } from './layout.js';
import { clearList } from './list.js';
import { Traversal } from './traversal.js';

/**
 * `move_unreachable`: one pass from left to right. What has references left is reachable, and all that it refers to; anything
 * else is set aside, and comes back to the end of the list when something that refers to it turns up. Most objects are
 * reachable, hence it is the others that move.
 */
export class Reachability extends Traversal {
  /** Objects that were set aside and did not come back. */
  unreachable = 0;
  private young = 0;

  /**
   * Links of the reachable ones are right again afterwards; those of the unreachable ones, which make up the second list,
   * carry `Collecting` and `Unreachable`.
   */
  run(young: number, unreachable: number): void {
    const heap = this.i32;
    clearList(heap, unreachable);
    this.young = young;
    this.unreachable = 0;
    let previous = young;
    let object = heap[young + GcHead.Next];
    while (object !== young) {
      if (heap[object + GcHead.Previous] >>> GcPrevious.Shift !== 0) {
        // May append to the list: its next object is known afterwards only.
        this.traverse(object);
        heap[object + GcHead.Previous] = previous;
        previous = object;
      } else this.setAside(object, previous, unreachable);
      object = heap[previous + GcHead.Next];
    }
    heap[young + GcHead.Previous] = previous;
    heap[unreachable + GcHead.Next] &= ~GcNext.Mask;
  }

  /** The mark in the head's own link is taken away at the end of the pass. */
  private setAside(object: number, previous: number, unreachable: number): void {
    const heap = this.i32;
    heap[previous + GcHead.Next] = heap[object + GcHead.Next];
    const last = heap[unreachable + GcHead.Previous];
    heap[last + GcHead.Next] = object | GcNext.Unreachable;
    heap[object + GcHead.Previous] = last | GcPrevious.Collecting;
    heap[object + GcHead.Next] = unreachable | GcNext.Unreachable;
    heap[unreachable + GcHead.Previous] = object;
    this.unreachable++;
  }

  /** `visit_reachable`. Objects to the left are done: they have no `Collecting` any more. */
  protected visit(start: number, end: number, step: number): void {
    const heap = this.i32;
    for (let word = start; word < end; word += step) {
      const target = heap[word];
      if ((heap[target] & HeaderBits.Tracked) === 0) continue;
      const previous = heap[target + GcHead.Previous];
      if ((previous & GcPrevious.Collecting) === 0) continue;
      if ((heap[target + GcHead.Next] & GcNext.Unreachable) !== 0) this.bringBack(target);
      else if (previous === GcPrevious.Collecting) {
        heap[target + GcHead.Previous] = (1 << GcPrevious.Shift) | GcPrevious.Collecting;
      }
    }
  }

  /** Was set aside too early: to the end of the list, where the pass will come to it. */
  protected bringBack(object: number): void {
    const heap = this.i32;
    const previous = heap[object + GcHead.Previous] & ~GcPrevious.Mask;
    const marked = heap[object + GcHead.Next];
    const next = marked & ~GcNext.Mask;
    heap[previous + GcHead.Next] = marked;
    heap[next + GcHead.Previous] = previous | (heap[next + GcHead.Previous] & GcPrevious.Mask);
    const last = heap[this.young + GcHead.Previous];
    heap[last + GcHead.Next] = object;
    heap[object + GcHead.Next] = this.young;
    heap[this.young + GcHead.Previous] = object;
    heap[object + GcHead.Previous] = (1 << GcPrevious.Shift) | GcPrevious.Collecting;
    this.unreachable--;
  }
}
