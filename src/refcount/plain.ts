import { Header, Immortal } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { OneCountRefCounter } from './oneCount.js';
import type { CountOptions, Ref } from './refCounter.js';

/**
 * One count a header, plain increments (CPython's default build, `Include/refcount.h`): right under the GIL, and
 * wrong on purpose in the `unsafe` build. The count is the word `Header.Local`.
 */
export class PlainRefCounter extends OneCountRefCounter {
  /** The local word is the count, which conditional increments look at. */
  override readonly idleWord: number = Header.Shared;

  constructor(memory: SharedMemory, options?: CountOptions) {
    super(memory.i32, options);
  }

  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = gcBits << 24;
    heap[object + Header.Local] = 1;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
  }

  initImmortal(object: Ref, type: Ref): void {
    this.init(object, type, 0);
    this.i32[object + Header.Local] = this.immortals ? Immortal.PlainInitial : Immortal.PlainStaticCount;
  }

  immortalize(object: Ref): void {
    const heap = this.i32;
    if (this.immortals) heap[object + Header.Local] = Immortal.PlainInitial;
    else heap[object + Header.Local] += Immortal.PlainStaticCount;
  }

  /**
   * Skipped from 3 << 30 up: between 1 << 31 and there the count drifts upwards until it stays (INV-1.5). A count that
   * passes 2^31 - 1 lands in that range: the object has become immortal.
   */
  incref(object: Ref): void {
    const heap = this.i32;
    const count = heap[object + Header.Local];
    if (count >>> 30 === 3) return;
    heap[object + Header.Local] = count + 1;
  }

  decref(object: Ref): void {
    const heap = this.i32;
    const count = heap[object + Header.Local];
    if (count < 0) return;
    heap[object + Header.Local] = count - 1;
    if (count === 1) this.deallocator.dealloc(object);
  }

  tryIncrefFast(object: Ref): boolean {
    this.incref(object);
    return true;
  }

  tryIncrefCompare(_slot: number, object: Ref): boolean {
    this.incref(object);
    return true;
  }

  /** As CPython's default build: not from 0. */
  tryIncref(object: Ref): boolean {
    if (this.i32[object + Header.Local] === 0) return false;
    this.incref(object);
    return true;
  }

  isImmortal(object: Ref): boolean {
    return this.i32[object + Header.Local] < 0;
  }

  isUnique(object: Ref): boolean {
    return this.i32[object + Header.Local] === 1;
  }

  resurrectStart(object: Ref): void {
    this.i32[object + Header.Local] = 1;
  }

  resurrectEnd(object: Ref): boolean {
    const heap = this.i32;
    const count = heap[object + Header.Local];
    if (count < 0) return false;
    heap[object + Header.Local] = count - 1;
    return count === 1;
  }

  /** Under the GIL nobody else writes; in the `unsafe` build that is the point. */
  protected override loadSlot(slot: number): Ref {
    return this.i32[slot];
  }

  countWord(object: Ref): number {
    return object + Header.Local;
  }

  count(object: Ref): number {
    return this.i32[object + Header.Local] >>> 0;
  }
}
