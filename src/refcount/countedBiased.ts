import type { Tally } from '../memory/tally.js';
import { BiasedRefCounter } from './biased.js';
import type { Ref } from './refCounter.js';

/**
 * Biased counts that say how they were counted. What a collector takes and gives back in a stopped world is not in it, nor
 * what a finaliser's resurrection does: of anything else increments less decrements are the references that are there.
 */
export class CountedBiasedRefCounter extends BiasedRefCounter {
  /** Set once by the composition, before the first use. */
  tally!: Tally;

  override init(object: Ref, type: Ref, gcBits: number): void {
    this.tally.objectsMade++;
    super.init(object, type, gcBits);
  }

  override newStatic(object: Ref): Ref {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    return super.newStatic(object);
  }

  override incref(object: Ref): void {
    this.noteIncref(object);
    super.incref(object);
  }

  override decref(object: Ref): void {
    const { tally } = this;
    if (this.isImmortal(object)) {
      tally.immortalDecrefs++;
    } else if (this.isOwner(this.i32, object)) {
      tally.localDecrefs++;
      tally.hotCounts.add(object);
    } else {
      tally.sharedDecrefs++;
      tally.hotCounts.add(object);
    }
    super.decref(object);
  }

  override increfUnique(object: Ref, id: number): void {
    const { tally } = this;
    const before = tally.immortalIncrefs + tally.localIncrefs + tally.sharedIncrefs;
    super.increfUnique(object, id);
    // Else it fell back on an ordinary increment, which was counted as one.
    if (tally.immortalIncrefs + tally.localIncrefs + tally.sharedIncrefs === before) tally.uniqueIncrefs++;
  }

  override decrefUnique(object: Ref, id: number): void {
    const { tally } = this;
    const before = tally.immortalDecrefs + tally.localDecrefs + tally.sharedDecrefs;
    super.decrefUnique(object, id);
    if (tally.immortalDecrefs + tally.localDecrefs + tally.sharedDecrefs === before) tally.uniqueDecrefs++;
  }

  override tryIncrefFast(object: Ref): boolean {
    if (!super.tryIncrefFast(object)) return false;
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    else this.noteLocal(object);
    return true;
  }

  override newRefWithLock(object: Ref): void {
    if (this.tryIncrefFast(object)) return;
    this.noteShared(object);
    super.newRefWithLock(object);
  }

  protected override tryIncrefShared(object: Ref): boolean {
    this.tally.conditionalIncrefs++;
    const counted = super.tryIncrefShared(object);
    if (counted) this.noteShared(object);
    else this.tally.failedIncrefs++;
    return counted;
  }

  protected override recheck(slot: number, object: Ref): boolean {
    const same = super.recheck(slot, object);
    if (!same) this.tally.failedIncrefs++;
    return same;
  }

  private noteIncref(object: Ref): void {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    else if (this.isOwner(this.i32, object)) this.noteLocal(object);
    else this.noteShared(object);
  }

  private noteLocal(object: Ref): void {
    this.tally.localIncrefs++;
    this.tally.hotCounts.add(object);
  }

  private noteShared(object: Ref): void {
    this.tally.sharedIncrefs++;
    this.tally.hotCounts.add(object);
  }
}
