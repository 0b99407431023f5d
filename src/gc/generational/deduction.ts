import { GcHead, GcPrevious } from '../../memory/layout.js';
import type { RefCounter } from '../../refcount/refCounter.js';
import { Reachability } from './reachability.js';
import { Subtraction } from './subtraction.js';
import { untrackObject } from './untracking.js';

/**
 * Which objects of one list are reachable from outside of it (CPython Python/gc.c, `deduce_unreachable`): their counts
 * less the references among themselves. Knows nothing of roots, hence no counts may be deferred. Under the GIL, nobody's
 * code runs meanwhile.
 *
 * While it works, `GcHead.Previous` of the candidates holds `references << 2 | Collecting`, so that the list is linked
 * forwards only; `Next` of those that were set aside carries `Unreachable`.
 */
export class Deduction {
  /** Of the last run: objects in the list, and those of them that were found unreachable. */
  candidates = 0;
  unreachable = 0;
  /** The last run has met a tuple. */
  tuples = false;
  private readonly subtraction: Subtraction;
  private readonly reachability: Reachability;

  constructor(
    protected readonly i32: Int32Array,
    private readonly refs: RefCounter,
  ) {
    this.subtraction = new Subtraction(i32);
    this.reachability = new Reachability(i32);
  }

  /**
   * `update_refs`: each object's count goes to its link; immortal ones leave the list, nobody will ever free them. The
   * counter is of one class in a worker, hence the call is inlined.
   */
  updateRefs(young: number): void {
    const heap = this.i32;
    const { refs } = this;
    let candidates = 0;
    let previous = young;
    let object = heap[young + GcHead.Next];
    while (object !== young) {
      const next = heap[object + GcHead.Next];
      // Immortals' are beyond 2^31.
      const count = refs.count(object) | 0;
      if (count < 0) {
        heap[previous + GcHead.Next] = next;
        if (next === young) heap[young + GcHead.Previous] = previous;
        untrackObject(heap, object);
      } else {
        heap[object + GcHead.Previous] = (count << GcPrevious.Shift) | GcPrevious.Collecting;
        candidates++;
        previous = object;
      }
      object = next;
    }
    this.candidates = candidates;
  }

  /** `subtract_refs`: what is left of an object's references comes from outside of the list. */
  subtractRefs(young: number): void {
    this.tuples = this.subtraction.run(young);
  }

  /** `move_unreachable`. */
  moveUnreachable(young: number, unreachable: number): void {
    this.reachability.run(young, unreachable);
    this.unreachable = this.reachability.unreachable;
  }
}
