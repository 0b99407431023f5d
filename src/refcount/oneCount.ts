import { GcBits } from '../memory/layout.js';
import type { Deallocator, Ref, RefCounter } from './refCounter.js';

/**
 * What the schemes with one count a header have in common: no owner, hence nothing to queue or to merge; no
 * collector that could free a deferred object, hence no deferral.
 */
export abstract class OneCountRefCounter implements RefCounter {
  /** Set once by the composition; destroys what reaches zero. */
  deallocator!: Deallocator;

  constructor(protected readonly i32: Int32Array) {}

  abstract init(object: Ref, type: Ref, gcBits: number): void;
  abstract initImmortal(object: Ref, type: Ref): void;
  abstract incref(object: Ref): void;
  abstract decref(object: Ref): void;
  abstract tryIncrefFast(object: Ref): boolean;
  abstract tryIncrefCompare(slot: number, object: Ref): boolean;
  abstract isImmortal(object: Ref): boolean;
  abstract isUnique(object: Ref): boolean;
  abstract count(object: Ref): number;

  newRefWithLock(object: Ref): void {
    this.incref(object);
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
