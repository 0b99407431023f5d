import type { Tally } from '../memory/tally.js';
import { AtomicRefCounter } from './atomic.js';
import { PlainRefCounter } from './plain.js';
import type { Ref } from './refCounter.js';
import { AtomicSideTableRefCounter, SideTableRefCounter } from './sideTable.js';

/** Schemes with one count an object that say how often they count; as `CountedBiasedRefCounter`. */

export class CountedPlainRefCounter extends PlainRefCounter {
  /** Set once by the composition, before the first use. */
  tally!: Tally;

  override init(object: Ref, type: Ref, gcBits: number): void {
    this.tally.objectsMade++;
    super.init(object, type, gcBits);
  }

  override newStatic(object: Ref): Ref {
    if (this.immortals) this.tally.immortalIncrefs++;
    return super.newStatic(object);
  }

  /** All conditional increments come here, too. */
  override incref(object: Ref): void {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    else this.tally.localIncrefs++;
    super.incref(object);
  }

  override decref(object: Ref): void {
    if (this.isImmortal(object)) this.tally.immortalDecrefs++;
    else this.tally.localDecrefs++;
    super.decref(object);
  }
}

export class CountedSideTableRefCounter extends SideTableRefCounter {
  /** Set once by the composition, before the first use. */
  tally!: Tally;

  override init(object: Ref, type: Ref, gcBits: number): void {
    this.tally.objectsMade++;
    super.init(object, type, gcBits);
  }

  override newStatic(object: Ref): Ref {
    if (this.immortals) this.tally.immortalIncrefs++;
    return super.newStatic(object);
  }

  /** All conditional increments come here, too. */
  override incref(object: Ref): void {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    else this.tally.localIncrefs++;
    super.incref(object);
  }

  override decref(object: Ref): void {
    if (this.isImmortal(object)) this.tally.immortalDecrefs++;
    else this.tally.localDecrefs++;
    super.decref(object);
  }
}

export class CountedAtomicRefCounter extends AtomicRefCounter {
  /** Set once by the composition, before the first use. */
  tally!: Tally;

  override init(object: Ref, type: Ref, gcBits: number): void {
    this.tally.objectsMade++;
    super.init(object, type, gcBits);
  }

  override newStatic(object: Ref): Ref {
    if (this.immortals) this.tally.immortalIncrefs++;
    return super.newStatic(object);
  }

  override incref(object: Ref): void {
    countIncref(this.tally, object, this.isImmortal(object));
    super.incref(object);
  }

  override decref(object: Ref): void {
    countDecref(this.tally, object, this.isImmortal(object));
    super.decref(object);
  }

  override tryIncrefFast(object: Ref): boolean {
    const counted = super.tryIncrefFast(object);
    if (counted) this.tally.immortalIncrefs++;
    return counted;
  }

  /** Of an immortal nothing below is called that counts. */
  override tryIncrefCompare(slot: number, object: Ref): boolean {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    return super.tryIncrefCompare(slot, object);
  }

  protected override incrementUnlessZero(object: Ref): boolean {
    return countConditional(this.tally, object, super.incrementUnlessZero(object));
  }

  protected override recheck(slot: number, object: Ref): boolean {
    const same = super.recheck(slot, object);
    if (!same) this.tally.failedIncrefs++;
    return same;
  }
}

export class CountedAtomicSideTableRefCounter extends AtomicSideTableRefCounter {
  /** Set once by the composition, before the first use. */
  tally!: Tally;

  override init(object: Ref, type: Ref, gcBits: number): void {
    this.tally.objectsMade++;
    super.init(object, type, gcBits);
  }

  override newStatic(object: Ref): Ref {
    if (this.immortals) this.tally.immortalIncrefs++;
    return super.newStatic(object);
  }

  override incref(object: Ref): void {
    countIncref(this.tally, object, this.isImmortal(object));
    super.incref(object);
  }

  override decref(object: Ref): void {
    countDecref(this.tally, object, this.isImmortal(object));
    super.decref(object);
  }

  override tryIncrefFast(object: Ref): boolean {
    const counted = super.tryIncrefFast(object);
    if (counted) this.tally.immortalIncrefs++;
    return counted;
  }

  /** Of an immortal nothing below is called that counts. */
  override tryIncrefCompare(slot: number, object: Ref): boolean {
    if (this.isImmortal(object)) this.tally.immortalIncrefs++;
    return super.tryIncrefCompare(slot, object);
  }

  override tryIncref(object: Ref): boolean {
    if (!this.isImmortal(object)) return countConditional(this.tally, object, super.tryIncref(object));
    this.tally.immortalIncrefs++;
    return true;
  }

  protected override recheck(slot: number, object: Ref): boolean {
    const same = super.recheck(slot, object);
    if (!same) this.tally.failedIncrefs++;
    return same;
  }
}

function countIncref(tally: Tally, object: Ref, immortal: boolean): void {
  if (immortal) {
    tally.immortalIncrefs++;
    return;
  }
  tally.sharedIncrefs++;
  tally.hotCounts.add(object);
}

function countDecref(tally: Tally, object: Ref, immortal: boolean): void {
  if (immortal) {
    tally.immortalDecrefs++;
    return;
  }
  tally.sharedDecrefs++;
  tally.hotCounts.add(object);
}

function countConditional(tally: Tally, object: Ref, counted: boolean): boolean {
  tally.conditionalIncrefs++;
  if (counted) {
    tally.sharedIncrefs++;
    tally.hotCounts.add(object);
  } else {
    tally.failedIncrefs++;
  }
  return counted;
}
