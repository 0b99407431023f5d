import { Segment } from '../../allocators/mimalloc/layout.js';
import { Geometry, Header, ThreadBlock } from '../../memory/layout.js';
import type { CollectedRefCounter, Ref } from '../../refcount/refCounter.js';
import { threadBlock } from '../../threads/evalBreaker.js';

/**
 * Gives candidates their owners back, whose place their `gc_refs` had (CPython `gc_restore_tid`). World stopped.
 *
 * The owner of an object is from here whoever owns the segment that it lies in, as in CPython: objects of a thread that
 * has left, in pages that another one has taken over, become that one's (PIT-4.1, gh-144969). Where nobody does, both
 * counts become one.
 */
export class SegmentOwners {
  protected readonly i32: Int32Array;
  private readonly u16: Uint16Array;

  constructor(
    memory: { readonly i32: Int32Array; readonly u16: Uint16Array },
    private readonly refs: CollectedRefCounter,
  ) {
    this.i32 = memory.i32;
    this.u16 = memory.u16;
  }

  /** Before the owner's place is used for something else. */
  save(_object: Ref): void {}

  /** Of a candidate that stays. */
  restore(object: Ref): void {
    const isMerged = !this.refs.mayHaveOwner(object);
    const owner = isMerged ? 0 : this.ownerOf(object);
    this.u16[object << 1] = owner;
    if (owner === 0 && !isMerged) this.refs.explicitMerge(object, 0);
  }

  /** No owner is missing any more. */
  end(): void {}

  protected ownerOf(object: Ref): number {
    return this.i32[(object & ~Geometry.SegmentMask) + Segment.ThreadId];
  }
}

/**
 * For heaps that are no thread's: shared ones, and domains that were given to others. There is nothing to tell an owner
 * by, hence owners are noted, at the price of a JS map; those that have left are owners no more.
 */
export class SavedOwners extends SegmentOwners {
  private readonly owners = new Map<Ref, number>();

  override save(object: Ref): void {
    const owner = this.i32[object] & Header.OwnerMask;
    if (owner !== 0) this.owners.set(object, owner);
  }

  override end(): void {
    this.owners.clear();
  }

  protected override ownerOf(object: Ref): number {
    const owner = this.owners.get(object) ?? 0;
    return owner !== 0 && this.i32[threadBlock(owner >>> 1) + ThreadBlock.Alive] !== 0 ? owner : 0;
  }
}
