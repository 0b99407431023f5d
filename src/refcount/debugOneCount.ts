import type { AtomicOps } from '../memory/atomicOps.js';
import { assertInvariant } from '../memory/invariant.js';
import { Header } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { AtomicRefCounter } from './atomic.js';
import { assertObject } from './debugHeader.js';
import { PlainRefCounter } from './plain.js';
import type { CountOptions, Ref } from './refCounter.js';

/** `PlainRefCounter` of the debug build: only what has a count is counted, immortals stay immortal. */
export class DebugPlainRefCounter extends PlainRefCounter {
  constructor(
    memory: SharedMemory,
    private readonly slot: number,
    options?: CountOptions,
  ) {
    super(memory, options);
  }

  override incref(object: Ref): void {
    const immortal = this.checkHeld(object);
    super.incref(object);
    this.checkImmortal(object, immortal);
  }

  override decref(object: Ref): void {
    const immortal = this.checkHeld(object);
    super.decref(object);
    this.checkImmortal(object, immortal);
  }

  /** Returns whether it is immortal. */
  private checkHeld(object: Ref): boolean {
    assertObject(this.i32, object, this.slot);
    const count = this.i32[object + Header.Local];
    assertInvariant(count !== 0, 'INV-1.4', this.slot, () => `object ${object} has a reference and no count`);
    return count < 0;
  }

  private checkImmortal(object: Ref, before: boolean): void {
    assertInvariant(
      !before || this.isImmortal(object),
      'INV-1.5',
      this.slot,
      () => `immortal object ${object} has left the range, its count is ${this.i32[object + Header.Local]}`,
    );
  }
}

/** `AtomicRefCounter` of the debug build. */
export class DebugAtomicRefCounter extends AtomicRefCounter {
  constructor(
    memory: SharedMemory,
    atomics: AtomicOps,
    private readonly slot: number,
    options?: CountOptions,
  ) {
    super(memory, atomics, options);
  }

  override incref(object: Ref): void {
    this.checkHeld(object);
    super.incref(object);
  }

  override decref(object: Ref): void {
    this.checkHeld(object);
    super.decref(object);
  }

  private checkHeld(object: Ref): void {
    assertObject(this.i32, object, this.slot);
    const count = Atomics.load(this.i32, object + Header.Shared);
    assertInvariant(
      count > 0 || this.isImmortal(object),
      'INV-1.4',
      this.slot,
      () => `object ${object} has a reference and the count ${count}`,
    );
  }
}
