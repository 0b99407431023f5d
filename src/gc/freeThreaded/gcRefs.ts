import type { Ref } from '../../refcount/refCounter.js';

/** What fits in the owner's half word. */
const enum Half {
  Shift = 16,
  Mask = 0xffff,
}

/**
 * References to a candidate that were not yet found among the candidates (CPython `gc_refs`). They are where the owner's
 * id belongs, as in CPython, where that is a word; here it is a half word, and what does not fit in it is kept apart:
 * for the few objects with 65536 references and more. Only while the world is stopped, and no count is touched.
 */
export class GcRefs {
  /** The rest, divided by 65536. An object that is not in here has no rest. */
  private readonly high = new Map<Ref, number>();

  constructor(private readonly u16: Uint16Array) {}

  set(object: Ref, refs: number): void {
    this.u16[object << 1] = refs & Half.Mask;
    if (refs >>> Half.Shift !== 0) this.high.set(object, refs >> Half.Shift);
  }

  increment(object: Ref): void {
    const refs = this.u16[object << 1] + 1;
    this.u16[object << 1] = refs;
    if (refs > Half.Mask) this.high.set(object, (this.high.get(object) ?? 0) + 1);
  }

  decrement(object: Ref): void {
    const refs = this.u16[object << 1];
    if (refs === 0) this.borrow(object);
    else this.u16[object << 1] = refs - 1;
  }

  /** True for a number below 0 too: a count that is too small must not free what is in use. */
  isReferenced(object: Ref): boolean {
    return this.u16[object << 1] !== 0 || (this.high.size !== 0 && (this.high.get(object) ?? 0) !== 0);
  }

  /** For checks. */
  get(object: Ref): number {
    return this.u16[object << 1] + (this.high.get(object) ?? 0) * (Half.Mask + 1);
  }

  /** The owners are about to be restored. */
  end(): void {
    this.high.clear();
  }

  private borrow(object: Ref): void {
    this.u16[object << 1] = Half.Mask;
    this.high.set(object, (this.high.get(object) ?? 0) - 1);
  }
}
