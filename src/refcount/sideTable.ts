import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { Control, Header, Immortal } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { OneCountRefCounter } from './oneCount.js';
import type { CountOptions, Ref } from './refCounter.js';

/**
 * One count an object, apart from the objects: a word of a table for each 16 bytes of memory (memory/sideTable.ts).
 * Whoever only reads an object writes nothing beside it: the pages of the objects stay as they were, which is what a
 * forked process would want to share (bpo-40255; PEP 683 names this design and rejects it, for the table's own pages
 * are written instead). The header keeps mutex, GC bits and type; its two counts stay 0.
 *
 * This class counts plainly: right under the GIL, wrong on purpose in `unsafe`.
 */
export class SideTableRefCounter extends OneCountRefCounter {
  /** First word of the table. */
  protected readonly table: number;

  /** Throws FatalError for a memory without a side table. */
  constructor(memory: SharedMemory, options?: CountOptions) {
    super(memory.i32, options);
    this.table = memory.i32[Control.SideTable];
    if (this.table === 0) throw new FatalError('this memory has no side table of counts');
  }

  /** The word that counts an object's references. */
  countWord(object: Ref): number {
    return this.table + (object >>> 2);
  }

  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = gcBits << 24;
    heap[object + Header.Local] = 0;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
    heap[this.table + (object >>> 2)] = 1;
  }

  initImmortal(object: Ref, type: Ref): void {
    this.init(object, type, 0);
    this.i32[this.countWord(object)] = this.immortals ? Immortal.PlainInitial : Immortal.PlainStaticCount;
  }

  immortalize(object: Ref): void {
    const heap = this.i32;
    if (this.immortals) heap[this.countWord(object)] = Immortal.PlainInitial;
    else heap[this.countWord(object)] += Immortal.PlainStaticCount;
  }

  /** As `PlainRefCounter.incref`: between 1 << 31 and 3 << 30 the count drifts upwards (INV-1.5). */
  incref(object: Ref): void {
    const heap = this.i32;
    const word = this.table + (object >>> 2);
    const count = heap[word];
    if (count >>> 30 === 3) return;
    heap[word] = count + 1;
  }

  decref(object: Ref): void {
    const heap = this.i32;
    const word = this.table + (object >>> 2);
    const count = heap[word];
    if (count < 0) return;
    heap[word] = count - 1;
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

  /** As `PlainRefCounter.tryIncref`: not from 0. */
  tryIncref(object: Ref): boolean {
    if (this.i32[this.countWord(object)] === 0) return false;
    this.incref(object);
    return true;
  }

  resurrectStart(object: Ref): void {
    this.i32[this.countWord(object)] = 1;
  }

  resurrectEnd(object: Ref): boolean {
    const heap = this.i32;
    const word = this.countWord(object);
    const count = heap[word];
    if (count < 0) return false;
    heap[word] = count - 1;
    return count === 1;
  }

  isImmortal(object: Ref): boolean {
    return this.i32[this.countWord(object)] < 0;
  }

  isUnique(object: Ref): boolean {
    return this.i32[this.countWord(object)] === 1;
  }

  count(object: Ref): number {
    return this.i32[this.countWord(object)] >>> 0;
  }
}

/** The same table, every increment and decrement one atomic operation: for builds whose threads run at once. */
export class AtomicSideTableRefCounter extends SideTableRefCounter {
  constructor(
    memory: SharedMemory,
    protected readonly atomics: AtomicOps,
    options?: CountOptions,
  ) {
    super(memory, options);
  }

  /**
   * A negative count is an immortal's. Declared racy read: it becomes negative before the object is published, and
   * stays; any other value only leads to the atomic operation.
   */
  override isImmortal(object: Ref): boolean {
    return this.i32[this.table + (object >>> 2)] < 0;
  }

  override incref(object: Ref): void {
    if (this.isImmortal(object)) return;
    const word = this.table + (object >>> 2);
    // A count that would wrap becomes immortal.
    if (this.atomics.add(word, 1) >= Immortal.AtomicLimit) this.atomics.store(word, Immortal.PlainInitial);
  }

  override immortalize(object: Ref): void {
    const word = this.countWord(object);
    if (this.immortals) this.atomics.store(word, Immortal.PlainInitial);
    else this.atomics.add(word, Immortal.PlainStaticCount);
  }

  override decref(object: Ref): void {
    if (this.isImmortal(object)) return;
    const before = this.atomics.add(this.table + (object >>> 2), -1);
    if (before === 1) this.deallocator.dealloc(object);
    else if (before < 1 && before > Immortal.PlainInitial >> 1) this.refuse(object);
  }

  override resurrectStart(object: Ref): void {
    this.atomics.store(this.countWord(object), 1);
  }

  override resurrectEnd(object: Ref): boolean {
    return !this.isImmortal(object) && this.atomics.add(this.countWord(object), -1) === 1;
  }

  /** Not an object that became immortal meanwhile: its count is far below. */
  private refuse(object: Ref): never {
    throw new FatalError(`negative reference count of the object at ${object}`);
  }

  /** Only immortals: any other may be gone. May touch the count of a freed block, which is 0. */
  override tryIncrefFast(object: Ref): boolean {
    return this.isImmortal(object);
  }

  /** Never 0 -> 1, as in `AtomicRefCounter`; and the slot is looked at again. */
  override tryIncrefCompare(slot: number, object: Ref): boolean {
    if (this.isImmortal(object)) return true;
    if (!this.tryIncref(object)) return false;
    if (this.recheck(slot, object)) return true;
    this.decref(object);
    return false;
  }

  override tryIncref(object: Ref): boolean {
    const word = this.table + (object >>> 2);
    let count = this.atomics.load(word);
    for (;;) {
      if (count < 0) return true;
      if (count === 0) return false;
      const seen = this.atomics.compareExchange(word, count, count + 1);
      if (seen === count) break;
      count = seen;
    }
    // As in `incref`.
    if (count >= Immortal.AtomicLimit) this.atomics.store(word, Immortal.PlainInitial);
    return true;
  }

  /** The block may have become another object between the load of the slot and the increment. */
  protected recheck(slot: number, object: Ref): boolean {
    return this.atomics.load(slot) === object;
  }

  override isUnique(object: Ref): boolean {
    return this.atomics.load(this.countWord(object)) === 1;
  }

  override count(object: Ref): number {
    return this.atomics.load(this.countWord(object)) >>> 0;
  }
}
