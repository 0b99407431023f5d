import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { Header, Immortal } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { OneCountRefCounter } from './oneCount.js';
import type { CountOptions, Ref } from './refCounter.js';

/**
 * Every increment and decrement one sequentially consistent read-modify-write on a shared word: Larry Hastings'
 * Gilectomy (2016). The count is the whole word `Header.Shared`; `Header.Local` only marks immortals.
 */
export class AtomicRefCounter extends OneCountRefCounter {
  constructor(
    memory: SharedMemory,
    private readonly atomics: AtomicOps,
    options?: CountOptions,
  ) {
    super(memory.i32, options);
  }

  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = gcBits << 24;
    heap[object + Header.Local] = 0;
    heap[object + Header.Shared] = 1;
    heap[object + Header.Type] = type;
  }

  initImmortal(object: Ref, type: Ref): void {
    this.init(object, type, 0);
    if (this.immortals) this.i32[object + Header.Local] = Immortal.Local;
    else this.i32[object + Header.Shared] = Immortal.PlainStaticCount;
  }

  immortalize(object: Ref): void {
    if (this.immortals) Atomics.store(this.i32, object + Header.Local, Immortal.Local);
    else this.atomics.add(object + Header.Shared, Immortal.PlainStaticCount);
  }

  /** Declared racy read, as in `decref`. A count that would wrap becomes immortal. */
  incref(object: Ref): void {
    if (this.i32[object + Header.Local] === Immortal.Local) return;
    if (this.atomics.add(object + Header.Shared, 1) >= Immortal.AtomicLimit) this.saturate(object);
  }

  protected saturate(object: Ref): void {
    Atomics.store(this.i32, object + Header.Local, Immortal.Local);
  }

  /**
   * Declared racy read: a conditional increment that met the next object in a block gives it back before its maker
   * has published it. Both words are as the maker has written them, then: only the increment saw its count, and the
   * local one is 0 in every object that can be freed. An object that becomes immortal meanwhile: its count does not
   * matter any more.
   */
  decref(object: Ref): void {
    if (this.i32[object + Header.Local] === Immortal.Local) return;
    const before = this.atomics.add(object + Header.Shared, -1);
    if (before === 1) this.deallocator.dealloc(object);
    else if (before < 1) throw new FatalError(`negative reference count of the object at ${object}`);
  }

  /**
   * May touch a freed block, whose words stay: immortals are never freed, hence never found there.
   * Declared racy read: the next object in such a block is initialised by plain stores.
   */
  tryIncrefFast(object: Ref): boolean {
    return this.i32[object + Header.Local] === Immortal.Local;
  }

  /**
   * May touch a freed block, whose count is zero, or the next object in it, initialised by plain stores (declared racy
   * read): the second look at the slot tells. Immortals need none, for they are never freed.
   */
  tryIncrefCompare(slot: number, object: Ref): boolean {
    if (this.i32[object + Header.Local] === Immortal.Local) return true;
    if (!this.incrementUnlessZero(object)) return false;
    if (this.recheck(slot, object)) return true;
    this.decref(object);
    return false;
  }

  tryIncref(object: Ref): boolean {
    return this.tryIncrefFast(object) || this.incrementUnlessZero(object);
  }

  /**
   * Never 0 -> 1: a count of zero belongs to the thread that is destroying the object. May touch a freed block, whose
   * count is zero, or the next object in it, which plain stores initialise (declared racy read).
   */
  protected incrementUnlessZero(object: Ref): boolean {
    const word = object + Header.Shared;
    let count = this.atomics.load(word);
    for (;;) {
      if (count <= 0) return false;
      const seen = this.atomics.compareExchange(word, count, count + 1);
      if (seen === count) break;
      count = seen;
    }
    if (count >= Immortal.AtomicLimit) this.saturate(object);
    return true;
  }

  /** The block may have become another object between the load of the slot and the increment. */
  protected recheck(slot: number, object: Ref): boolean {
    return this.atomics.load(slot) === object;
  }

  resurrectStart(object: Ref): void {
    this.atomics.store(object + Header.Shared, 1);
  }

  resurrectEnd(object: Ref): boolean {
    return !this.isImmortal(object) && this.atomics.add(object + Header.Shared, -1) === 1;
  }

  isImmortal(object: Ref): boolean {
    return this.i32[object + Header.Local] === Immortal.Local;
  }

  isUnique(object: Ref): boolean {
    return !this.isImmortal(object) && this.atomics.load(object + Header.Shared) === 1;
  }

  countWord(object: Ref): number {
    return object + Header.Shared;
  }

  count(object: Ref): number {
    return this.isImmortal(object) ? Immortal.PlainInitial >>> 0 : this.atomics.load(object + Header.Shared);
  }
}
