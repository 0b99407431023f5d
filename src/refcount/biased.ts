import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { GcBits, Header, Immortal, SharedState } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { MergeQueue, type MergeThread } from './mergeQueue.js';
import type { Deallocator, Ref, RefCounter } from './refCounter.js';

/**
 * Biased reference counts: Choi, Shull and Torrellas, PACT 2018, as in PEP 703 and CPython `Include/refcount.h`,
 * `Objects/object.c`, `Python/brc.c`. The owner counts in `Local` without atomics; everybody else in `Shared`,
 * whose low two bits hold the state (default, maybe-weakref, queued, merged).
 */
export class BiasedRefCounter implements RefCounter {
  protected readonly i32: Int32Array;
  protected readonly u16: Uint16Array;
  protected readonly u8: Uint8Array;
  protected readonly atomics: AtomicOps;
  protected readonly id: number;
  readonly queue: MergeQueue;
  /** Set once by the composition; destroys what reaches zero. */
  deallocator!: Deallocator;

  constructor(memory: SharedMemory, thread: MergeThread) {
    this.i32 = memory.i32;
    this.u16 = memory.u16;
    this.u8 = memory.u8;
    this.atomics = thread.atomics;
    this.id = thread.id;
    this.queue = new MergeQueue(thread, this);
  }

  /**
   * Plain stores: the object is not published yet. A reader that still holds the address of the block's former
   * object may look at these words; its re-check of the slot turns it away (INV: try-incref re-checks).
   */
  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = this.id | (gcBits << 24);
    heap[object + Header.Local] = 1;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
  }

  initImmortal(object: Ref, type: Ref): void {
    const heap = this.i32;
    heap[object] = 0;
    heap[object + Header.Local] = Immortal.Local;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
  }

  /**
   * Declared racy read of a foreign object's local count, as in `isImmortal`: its owner may be writing it, and only
   * the value -1 counts.
   */
  incref(object: Ref): void {
    const heap = this.i32;
    const local = (heap[object + Header.Local] + 1) | 0;
    if (local === 0) return;
    if (this.isOwner(heap, object)) heap[object + Header.Local] = local;
    else this.atomics.add(object + Header.Shared, SharedState.One);
  }

  /** Declared racy read of a foreign object's local count, as in `incref`. */
  decref(object: Ref): void {
    const heap = this.i32;
    const local = heap[object + Header.Local];
    if (local === Immortal.Local) return;
    if (this.isOwner(heap, object)) {
      heap[object + Header.Local] = local - 1;
      if (local === 1) this.mergeZeroLocal(object);
    } else {
      this.decrefShared(object);
    }
  }

  /** Fast for immortal and own objects, without a second look at the slot (CPython `_Py_TryIncrefCompare`). */
  tryIncrefCompare(slot: number, object: Ref): boolean {
    return this.tryIncrefFast(object) || this.tryIncrefSharedCompare(slot, object);
  }

  /** The second half of tryIncrefCompare, for callers that have inlined the first. */
  tryIncrefSharedCompare(slot: number, object: Ref): boolean {
    if (!this.tryIncrefShared(object)) return false;
    if (this.recheck(slot, object)) return true;
    this.decref(object);
    return false;
  }

  newRefWithLock(object: Ref): void {
    if (this.tryIncrefFast(object)) return;
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      const state = (shared & SharedState.Mask) === SharedState.Default ? SharedState.MaybeWeakref : 0;
      const seen = this.atomics.compareExchange(word, shared, (shared + SharedState.One) | state);
      if (seen === shared) return;
      shared = seen;
    }
  }

  setMaybeWeakref(object: Ref): void {
    if (this.isImmortal(object)) return;
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    while ((shared & SharedState.Mask) === SharedState.Default) {
      const seen = this.atomics.compareExchange(word, shared, shared | SharedState.MaybeWeakref);
      if (seen === shared) return;
      shared = seen;
    }
  }

  /**
   * Declared racy read of another thread's local count. Only the value -1 counts (immortal): an object is made
   * immortal before it is published, or while its maker's lock keeps others out; an old value just leads to the
   * counted path, which is right for both.
   */
  isImmortal(object: Ref): boolean {
    return this.i32[object + Header.Local] === Immortal.Local;
  }

  /**
   * Declared racy read. A thread's own id was written by itself or by the thread that published the object, and
   * stays until the owner gives it up: only the owner can find its id here, and it is never wrong about that. A
   * freed block holds a multiple of 4 in this place; ids are odd. May touch a freed block: for a conditional
   * increment.
   */
  protected isOwner(heap: Int32Array, object: Ref): boolean {
    return (heap[object] & Header.OwnerMask) === this.id;
  }

  isUnique(object: Ref): boolean {
    const heap = this.i32;
    return (
      this.isOwner(heap, object) &&
      heap[object + Header.Local] === 1 &&
      this.atomics.load(object + Header.Shared) === 0
    );
  }

  /** Declared racy read of the local count, which its owner may be changing: the sum is a hint. */
  count(object: Ref): number {
    const heap = this.i32;
    if (this.isImmortal(object)) return Immortal.PlainInitial >>> 0;
    const shared = this.atomics.load(object + Header.Shared) >> SharedState.Shift;
    return (
      (heap[object + Header.Local] >>> 0) + shared - (this.isDeferred(object) ? Immortal.DeferredBias : 0)
    );
  }

  enableDeferred(object: Ref): void {
    const heap = this.i32;
    if (!this.isOwner(heap, object) || this.atomics.load(object + Header.Shared) !== 0) {
      throw new FatalError('only the owner of an unshared object can give it deferred counting');
    }
    Atomics.or(this.u8, (object << 2) + Header.GcBitsByte, GcBits.Deferred);
    this.atomics.add(object + Header.Shared, Immortal.DeferredBias << SharedState.Shift);
  }

  disableDeferred(object: Ref): void {
    if (!this.isDeferred(object)) return;
    Atomics.and(this.u8, (object << 2) + Header.GcBitsByte, 0xff ^ GcBits.Deferred);
    // Under the bias others have dropped references that are counted in Local without queueing the object: both
    // counts become one, or nobody would see their sum reach zero.
    this.explicitMerge(object, -Immortal.DeferredBias);
  }

  /**
   * Declared racy read: owner and mutex, in the same word, may be changing. The bit itself is set before the object
   * is published, and cleared when nobody has the object on its stack.
   */
  isDeferred(object: Ref): boolean {
    return (this.i32[object] & (GcBits.Deferred << 24)) !== 0;
  }

  mergeQueued(): void {
    this.queue.drain();
  }

  start(): void {
    this.queue.insertThread();
  }

  exit(): void {
    this.queue.removeThread();
  }

  // --- The owner's count reached zero (CPython `_Py_MergeZeroLocalRefcount`) ---

  protected mergeZeroLocal(object: Ref): void {
    if (this.sharedIsZero(object)) {
      this.deallocator.dealloc(object);
      return;
    }
    // The owner goes before the state: seen the other way round, another thread could free the block and have it
    // re-used before the late store of the owner (gh-119999).
    this.clearOwner(object);
    if (this.publishMerged(object, 0) === 0) this.deallocator.dealloc(object);
  }

  /**
   * Declared racy read by the owner, count and state at once. In state default nobody may increment
   * conditionally; whoever counted in this word got its reference from one of the owner's under a lock that the
   * owner has taken since, or by a hand-over that it has seen. So 0 is never a stale value here.
   */
  protected sharedIsZero(object: Ref): boolean {
    return this.i32[object + Header.Shared] === 0;
  }

  /** Step 1 of a merge: nobody finds an owner any more. Two bytes: the mutex beside them belongs to others. */
  protected clearOwner(object: Ref): void {
    Atomics.store(this.u16, object << 1, 0);
  }

  /** Step 2 of a merge: adds `extra`, sets the state, returns the total count. */
  protected publishMerged(object: Ref, extra: number): number {
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      const total = (shared >> SharedState.Shift) + extra;
      const merged = (total << SharedState.Shift) | SharedState.Merged;
      const seen = this.atomics.compareExchange(word, shared, merged);
      if (seen === shared) return total;
      shared = seen;
    }
  }

  /**
   * Folds the local count into the shared one and adds `extra` (CPython `_Py_ExplicitMergeRefcount`). Callers: the
   * owner; or anybody who holds the bucket's lock after the owner has left it; or a stopped world (INV-2.3).
   * Of an object that was made immortal while it was queued, nothing is changed and the result is not 0 (gh-152276).
   */
  explicitMerge(object: Ref, extra: number): number {
    const heap = this.i32;
    const local = Atomics.load(heap, object + Header.Local);
    if (local === Immortal.Local) return Immortal.Local;
    Atomics.store(heap, object + Header.Local, 0);
    this.clearOwner(object);
    return this.publishMerged(object, local + extra);
  }

  // --- A thread that is not the owner (CPython `_Py_DecRefShared`) ---

  protected decrefShared(object: Ref): void {
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      // With no shared reference to take back, this one is donated to the owner's queue instead.
      const donate = shared === SharedState.Default || shared === SharedState.MaybeWeakref;
      const next = donate ? SharedState.Queued : shared - SharedState.One;
      const seen = this.atomics.compareExchange(word, shared, next);
      if (seen === shared) {
        if (donate) this.queue.enqueue(object);
        else if (next === SharedState.Merged) this.deallocator.dealloc(object);
        else if (next < 0 && (next & SharedState.Mask) === SharedState.Merged) {
          throw new FatalError(`negative reference count of the object at ${object}`);
        }
        return;
      }
      shared = seen;
    }
  }

  // --- Conditional increments ---

  /**
   * Declared racy read of the local count, as in `incref`. May touch a freed block: of one that this thread does not
   * own nothing is changed, and one that it owns only this thread can free.
   */
  tryIncrefFast(object: Ref): boolean {
    const heap = this.i32;
    const local = (heap[object + Header.Local] + 1) | 0;
    if (local === 0) return true;
    if (!this.isOwner(heap, object)) return false;
    heap[object + Header.Local] = local;
    return true;
  }

  /**
   * Never 0 -> 1: neither in state default nor merged (CPython `_Py_TryIncRefShared`). May touch a freed block, whose
   * last state was one of these, or the next object in that block, which has just been initialised by plain stores
   * (a declared racy read, although atomic on this side): `recheck` tells.
   */
  protected tryIncrefShared(object: Ref): boolean {
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      if (shared === SharedState.Default || shared === SharedState.Merged) return false;
      const seen = this.atomics.compareExchange(word, shared, shared + SharedState.One);
      if (seen === shared) return true;
      shared = seen;
    }
  }

  /** The block may have become another object between the load of the slot and the increment. */
  protected recheck(slot: number, object: Ref): boolean {
    return this.atomics.load(slot) === object;
  }
}
