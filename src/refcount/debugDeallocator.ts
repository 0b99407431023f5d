import { assertInvariant } from '../memory/invariant.js';
import type { Deallocator, Ref, RefCounter } from './refCounter.js';

/** Stands before the deallocator of the debug build: nothing immortal, and nothing that is counted, is destroyed. */
export class DebugDeallocator implements Deallocator {
  constructor(
    private readonly refs: RefCounter,
    private readonly inner: Deallocator,
    private readonly slot: number,
  ) {}

  dealloc(object: Ref): void {
    assertInvariant(
      !this.refs.isImmortal(object),
      'INV-1.5',
      this.slot,
      () => `immortal object ${object} is being destroyed`,
    );
    const count = this.refs.count(object);
    assertInvariant(
      count === 0,
      'INV-1.4',
      this.slot,
      () => `object ${object} is being destroyed with a count of ${count}`,
    );
    this.inner.dealloc(object);
  }
}
