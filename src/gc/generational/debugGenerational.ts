import { assertInvariant } from '../../memory/invariant.js';
import { GcHead, GcNext, GcPrevious } from '../../memory/layout.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref, RefCounter } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import { Deduction } from './deduction.js';
import { isCollecting, isTracked } from './garbage.js';
import { GenerationalCollector } from './generationalCollector.js';

/** `GenerationalCollector` of the debug build: lists are lists, and what is found unreachable is (INV-9.1 to INV-9.3). */
export class DebugGenerationalCollector extends GenerationalCollector {
  protected override makeDeduction(thread: GcThread): Deduction {
    return new DebugDeduction(thread.i32, thread.refs, thread.slot);
  }
}

/** Looks at every link and every reference once more, through `Referents` (CPython `validate_list`). */
class DebugDeduction extends Deduction {
  private readonly spans: Referents;

  constructor(
    i32: Int32Array,
    refs: RefCounter,
    private readonly slot: number,
  ) {
    super(i32, refs);
    this.spans = new Referents(i32);
  }

  override updateRefs(young: number): void {
    this.checkLinks(young);
    super.updateRefs(young);
  }

  override subtractRefs(young: number): void {
    const before = this.sumOfRefs(young);
    const inside = this.countReferences(young);
    super.subtractRefs(young);
    const after = this.sumOfRefs(young);
    this.assert(
      before - inside === after,
      'INV-9.1',
      () => `${before} references to candidates, ${inside} of them from candidates, ${after} are left`,
    );
  }

  override moveUnreachable(young: number, unreachable: number): void {
    super.moveUnreachable(young, unreachable);
    this.checkLinks(young);
    const heap = this.i32;
    for (let object = heap[young + GcHead.Next]; object !== young; object = heap[object + GcHead.Next]) {
      this.checkReachable(object);
    }
  }

  /** An ordinary list of tracked objects. */
  private checkLinks(head: number): void {
    const heap = this.i32;
    let before = head;
    for (let object = heap[head + GcHead.Next]; object !== head; object = heap[object + GcHead.Next]) {
      const marked = ((object & GcNext.Mask) | (heap[object + GcHead.Previous] & GcPrevious.Mask)) !== 0;
      const right = !marked && isTracked(heap, object) && heap[object + GcHead.Previous] === before;
      this.assert(right, 'INV-9', () => `object ${object}, behind ${before} in its list, is not linked so`);
      before = object;
    }
    this.assert(heap[head + GcHead.Previous] === before, 'INV-9', () => `list ${head} has another end`);
  }

  private sumOfRefs(young: number): number {
    const heap = this.i32;
    let sum = 0;
    for (let object = heap[young + GcHead.Next]; object !== young; object = heap[object + GcHead.Next]) {
      const refs = heap[object + GcHead.Previous] >> GcPrevious.Shift;
      this.assert(refs >= 0, 'INV-9.2', () => `object ${object} has ${-refs} references too few`);
      sum += refs;
    }
    return sum;
  }

  /** References of candidates to candidates. */
  private countReferences(young: number): number {
    const heap = this.i32;
    let count = 0;
    for (let object = heap[young + GcHead.Next]; object !== young; object = heap[object + GcHead.Next]) {
      count += this.countReferents(object, (target) => isCollecting(heap, target));
    }
    return count;
  }

  /** INV-9.3: what is reachable refers to nothing that is not. */
  private checkReachable(object: Ref): void {
    const heap = this.i32;
    const lost = this.countReferents(object, (target) => isCollecting(heap, target));
    this.assert(
      lost === 0,
      'INV-9.3',
      () => `object ${object} is reachable, ${lost} that it refers to are not`,
    );
  }

  /** How many of an object's references fit. */
  private countReferents(object: Ref, fits: (target: Ref) => boolean): number {
    const heap = this.i32;
    let count = 0;
    const end = this.spans.of(object) * Span.Words;
    const { spans } = this.spans;
    for (let at = 0; at < end; at += Span.Words) {
      for (let word = spans[at + Span.Start]; word < spans[at + Span.End]; word += spans[at + Span.Step]) {
        if (fits(heap[word])) count++;
      }
    }
    return count;
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, this.slot, what);
  }
}
