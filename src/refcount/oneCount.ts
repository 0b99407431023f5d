import { GcBits, Header, Immortal } from '../memory/layout.js';
import {
  ALL_COUNTS,
  type CollectedRefCounter,
  type CountOptions,
  type Deallocator,
  type Ref,
} from './refCounter.js';

/**
 * What the schemes with one count a header have in common: no owner, hence nothing to queue or to merge; no
 * collector that could free a deferred object, hence no deferral.
 */
export abstract class OneCountRefCounter implements CollectedRefCounter {
  /** Set once by the composition; destroys what reaches zero. */
  deallocator!: Deallocator;

  readonly idleWord: number = Header.Local;
  protected readonly immortals: boolean;

  constructor(
    protected readonly i32: Int32Array,
    options: CountOptions = ALL_COUNTS,
  ) {
    this.immortals = options.immortal;
  }

  abstract init(object: Ref, type: Ref, gcBits: number): void;
  abstract initImmortal(object: Ref, type: Ref): void;
  abstract immortalize(object: Ref): void;
  abstract incref(object: Ref): void;
  abstract decref(object: Ref): void;
  abstract tryIncrefFast(object: Ref): boolean;
  abstract tryIncrefCompare(slot: number, object: Ref): boolean;
  abstract tryIncref(object: Ref): boolean;
  abstract isImmortal(object: Ref): boolean;
  abstract isUnique(object: Ref): boolean;
  abstract count(object: Ref): number;
  abstract resurrectStart(object: Ref): void;
  abstract resurrectEnd(object: Ref): boolean;
  /** The word that counts an object's references. */
  abstract countWord(object: Ref): number;

  newStatic(object: Ref): Ref {
    if (!this.immortals) this.incref(object);
    return object;
  }

  newRefWithLock(object: Ref): void {
    this.incref(object);
  }

  xGetRef(slot: number): Ref {
    for (;;) {
      const object = this.loadSlot(slot);
      if (object === 0 || this.tryIncrefCompare(slot, object)) return object;
    }
  }

  tryXGetRef(slot: number): Ref {
    const object = this.loadSlot(slot);
    return object !== 0 && this.tryIncrefCompare(slot, object) ? object : 0;
  }

  enableTryIncref(_object: Ref): void {}

  /** No ids: the edges to classes, code and globals are counted as all others are (CPython's default build). */
  assignUniqueId(_object: Ref): number {
    return 0;
  }

  increfUnique(object: Ref, _id: number): void {
    this.incref(object);
  }

  decrefUnique(object: Ref, _id: number): void {
    this.decref(object);
  }

  mergePerThread(): void {}

  disablePerThread(): Ref[] {
    return [];
  }

  /** No bias and nobody else's counts. */
  stoppedCount(object: Ref): number {
    return this.count(object);
  }

  explicitMerge(object: Ref, extra: number): number {
    if (this.isImmortal(object)) return Immortal.Local;
    const word = this.countWord(object);
    this.i32[word] += extra;
    return this.i32[word];
  }

  isInUse(object: Ref): boolean {
    return this.count(object) > 0;
  }

  endDeferral(_object: Ref): void {}

  adopt(_object: Ref): void {}

  takeUnreachable(object: Ref): void {
    this.explicitMerge(object, 1);
  }

  mayHaveOwner(_object: Ref): boolean {
    return false;
  }

  mergeAllQueues(): Ref[] {
    return [];
  }

  protected loadSlot(slot: number): Ref {
    return Atomics.load(this.i32, slot);
  }

  setMaybeWeakref(_object: Ref): void {}
  enableDeferred(_object: Ref): void {}
  disableDeferred(_object: Ref): void {}

  /** Declared racy read: the object's mutex, in the same word, may be changing. The bit does not. */
  isDeferred(object: Ref): boolean {
    return (this.i32[object] & (GcBits.Deferred << 24)) !== 0;
  }

  mergeQueued(): void {}
  start(): void {}
  exit(): void {}
}
