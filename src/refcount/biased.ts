import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { Counter, GcBits, Header, Immortal, SharedState, ThreadBlock } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { MergeQueue, type MergeThread } from './mergeQueue.js';
import { mergePerThreadCounts, PerThreadCounts } from './perThread.js';
import {
  ALL_COUNTS,
  type CollectedRefCounter,
  type CountOptions,
  type Deallocator,
  type Ref,
} from './refCounter.js';
import { UniqueIdPool, type UniqueIdThread } from './uniqueIds.js';

/** Values of the shared word. */
const enum Word {
  Limit = Immortal.SharedLimit << SharedState.Shift,
  Static = (Immortal.StaticCount << SharedState.Shift) | SharedState.Merged,
  Bias = Immortal.DeferredBias << SharedState.Shift,
}

/**
 * Biased reference counts: Choi, Shull and Torrellas, PACT 2018, as in PEP 703 and CPython `Include/refcount.h`,
 * `Objects/object.c`, `Python/brc.c`. The owner counts in `Local` without atomics; everybody else in `Shared`,
 * whose low two bits hold the state (default, maybe-weakref, queued, merged).
 */
export class BiasedRefCounter implements CollectedRefCounter {
  readonly idleWord: number = Header.Local;
  protected readonly i32: Int32Array;
  protected readonly u16: Uint16Array;
  protected readonly u8: Uint8Array;
  protected readonly atomics: AtomicOps;
  protected readonly id: number;
  readonly queue: MergeQueue;
  readonly perThread: PerThreadCounts;
  private readonly pool: UniqueIdPool;
  private readonly immortals: boolean;
  private readonly deferral: boolean;
  private readonly uniqueIds: boolean;
  /** What a fresh object's header starts with. */
  private readonly firstOwner: number;
  private readonly firstLocal: number;
  private readonly firstShared: number;
  /** Addresses of this thread's words. */
  private readonly uniqueCounts: number;
  private readonly uniqueCapacity: number;
  private readonly merges: number;
  /** Set once by the composition; destroys what reaches zero. */
  deallocator!: Deallocator;

  constructor(
    memory: SharedMemory,
    thread: MergeThread & UniqueIdThread,
    options: CountOptions = ALL_COUNTS,
  ) {
    this.i32 = memory.i32;
    this.u16 = memory.u16;
    this.u8 = memory.u8;
    this.atomics = thread.atomics;
    this.id = thread.id;
    this.immortals = options.immortal;
    this.deferral = options.deferred;
    this.uniqueIds = options.perThread && options.deferred;
    this.firstOwner = options.biased ? this.id : 0;
    this.firstLocal = options.biased ? 1 : 0;
    this.firstShared = options.biased ? SharedState.Default : SharedState.One | SharedState.Merged;
    this.uniqueCounts = thread.block + ThreadBlock.UniqueCounts;
    this.uniqueCapacity = thread.block + ThreadBlock.UniqueCapacity;
    this.merges = thread.block + ThreadBlock.Counters + Counter.Merges;
    this.queue = this.makeQueue(thread);
    this.pool = new UniqueIdPool(thread);
    this.perThread = new PerThreadCounts(thread, this.pool, this);
  }

  /** A step of the constructor: its answer depends on the arguments alone. */
  protected makeQueue(thread: MergeThread): MergeQueue {
    return new MergeQueue(thread, this);
  }

  /**
   * Plain stores: the object is not published yet. A reader that still holds the address of the block's former
   * object may look at these words; its re-check of the slot turns it away (INV: try-incref re-checks).
   */
  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = this.firstOwner | (gcBits << 24);
    heap[object + Header.Local] = this.firstLocal;
    heap[object + Header.Shared] = this.firstShared;
    heap[object + Header.Type] = type;
  }

  initImmortal(object: Ref, type: Ref): void {
    const heap = this.i32;
    heap[object] = 0;
    heap[object + Header.Local] = this.immortals ? Immortal.Local : 0;
    heap[object + Header.Shared] = this.immortals ? 0 : Word.Static;
    heap[object + Header.Type] = type;
  }

  /** The order matters to a thread that counts all the same: it finds no owner, and no merged word to free by. */
  immortalize(object: Ref): void {
    if (!this.immortals) {
      this.explicitMerge(object, Immortal.StaticCount);
      return;
    }
    const heap = this.i32;
    Atomics.store(heap, object + Header.Local, Immortal.Local);
    this.clearOwner(object);
    Atomics.store(heap, object + Header.Shared, 0);
    Atomics.or(this.u8, (object << 2) + Header.GcBitsByte, GcBits.Deferred);
  }

  newStatic(object: Ref): Ref {
    if (!this.immortals) this.incref(object);
    return object;
  }

  /**
   * Declared racy read of a foreign object's local count, as in `isImmortal`: its owner may be writing it, and only
   * the value -1 counts. A run of 2^32 - 1 increments by the owner lands there: the object is immortal, as CPython's.
   */
  incref(object: Ref): void {
    const heap = this.i32;
    const local = (heap[object + Header.Local] + 1) | 0;
    if (local === 0) return;
    if (this.isOwner(heap, object)) heap[object + Header.Local] = local;
    else if (this.atomics.add(object + Header.Shared, SharedState.One) > Word.Limit) this.saturate(object);
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

  tryIncref(object: Ref): boolean {
    return this.tryIncrefFast(object) || this.tryIncrefShared(object);
  }

  enableTryIncref(object: Ref): void {
    this.setMaybeWeakref(object);
  }

  xGetRef(slot: number): Ref {
    for (;;) {
      const object = this.atomics.load(slot);
      if (object === 0 || this.tryIncrefCompare(slot, object)) return object;
    }
  }

  tryXGetRef(slot: number): Ref {
    const object = this.atomics.load(slot);
    return object !== 0 && this.tryIncrefCompare(slot, object) ? object : 0;
  }

  newRefWithLock(object: Ref): void {
    if (this.tryIncrefFast(object)) return;
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      const state = (shared & SharedState.Mask) === SharedState.Default ? SharedState.MaybeWeakref : 0;
      const seen = this.atomics.compareExchange(word, shared, (shared + SharedState.One) | state);
      if (seen === shared) break;
      shared = seen;
    }
    if (shared > Word.Limit) this.saturate(object);
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
    if (!this.deferral) return;
    if (!this.isPrivate(object)) {
      throw new FatalError('only the owner of an unshared object can give it deferred counting');
    }
    if (this.setDeferred(object)) this.atomics.add(object + Header.Shared, Word.Bias);
  }

  disableDeferred(object: Ref): void {
    if (!this.isDeferred(object) || this.isImmortal(object)) return;
    // Under the bias others have dropped references that are counted in Local without queueing the object: both
    // counts become one, or nobody would see their sum reach zero.
    this.removeBias(object, 0);
  }

  /** Nobody but this thread has seen the object; without owners, who calls knows. */
  private isPrivate(object: Ref): boolean {
    if (this.firstOwner === 0) return true;
    return this.isOwner(this.i32, object) && this.atomics.load(object + Header.Shared) === 0;
  }

  /** False: the object had deferred counts already. */
  private setDeferred(object: Ref): boolean {
    const before = Atomics.or(this.u8, (object << 2) + Header.GcBitsByte, GcBits.Deferred);
    return (before & GcBits.Deferred) === 0;
  }

  private clearDeferred(object: Ref): void {
    Atomics.and(this.u8, (object << 2) + Header.GcBitsByte, 0xff ^ GcBits.Deferred);
  }

  private removeBias(object: Ref, extra: number): void {
    this.clearDeferred(object);
    this.explicitMerge(object, extra - Immortal.DeferredBias);
  }

  assignUniqueId(object: Ref): number {
    if (!this.uniqueIds || !this.isPrivate(object) || !this.setDeferred(object)) return 0;
    const id = this.pool.assign(object);
    if (id !== 0) this.atomics.add(object + Header.Shared, Word.Bias);
    else this.clearDeferred(object);
    return id;
  }

  /**
   * The id 0 and one that the thread has no counter for yet are not below its capacity, nor is any once the thread
   * leaves (-1).
   */
  increfUnique(object: Ref, id: number): void {
    const heap = this.i32;
    const index = id - 1;
    if (index >>> 0 < heap[this.uniqueCapacity]) heap[heap[this.uniqueCounts] + index]++;
    else this.perThread.increfSlow(object, id);
  }

  decrefUnique(object: Ref, id: number): void {
    const heap = this.i32;
    const index = id - 1;
    if (index >>> 0 < heap[this.uniqueCapacity]) heap[heap[this.uniqueCounts] + index]--;
    else this.perThread.decrefSlow(object);
  }

  mergePerThread(): void {
    mergePerThreadCounts(this.i32);
  }

  /**
   * The object is counted per thread and deferred no more (CPython `_PyObject_DisablePerThreadRefcounting`), and has one
   * reference more, the caller's. In a stopped world behind `mergePerThread`, or alone.
   */
  disableUniqueId(object: Ref): void {
    this.pool.release(object);
    this.removeBias(object, 1);
  }

  disablePerThread(): Ref[] {
    this.mergePerThread();
    const objects = this.pool.objects();
    for (const object of objects) this.disableUniqueId(object);
    this.pool.freeTable();
    return objects;
  }

  stoppedCount(object: Ref): number {
    const heap = this.i32;
    const shared = heap[object + Header.Shared] >> SharedState.Shift;
    return (
      (heap[object + Header.Local] >>> 0) + shared - (this.isDeferred(object) ? Immortal.DeferredBias : 0)
    );
  }

  isInUse(object: Ref): boolean {
    const heap = this.i32;
    return (heap[object] & Header.OwnerMask) !== 0 || heap[object + Header.Shared] >> SharedState.Shift > 0;
  }

  /** Plain stores: in a stopped world. */
  takeUnreachable(object: Ref): void {
    this.endDeferral(object);
    const heap = this.i32;
    const total = this.stoppedCount(object) + 1;
    if (this.isImmortal(object) || total > Immortal.SharedLimit) {
      this.explicitMerge(object, 1);
      return;
    }
    heap[object + Header.Local] = 0;
    this.u16[object << 1] = 0;
    heap[object + Header.Shared] = (total << SharedState.Shift) | SharedState.Merged;
  }

  /** The only way back from merged, which nobody can see. */
  adopt(object: Ref): void {
    if (this.firstOwner === 0 || this.isImmortal(object)) return;
    const heap = this.i32;
    heap[object + Header.Local] = heap[object + Header.Shared] >> SharedState.Shift;
    heap[object + Header.Shared] = SharedState.Default;
    this.u16[object << 1] = this.id;
  }

  endDeferral(object: Ref): void {
    if (!this.isDeferred(object)) return;
    if (this.pool.has(object)) this.pool.release(object);
    this.removeBias(object, 0);
  }

  mayHaveOwner(object: Ref): boolean {
    return (this.i32[object + Header.Shared] & SharedState.Mask) !== SharedState.Merged;
  }

  mergeAllQueues(): Ref[] {
    return this.queue.mergeAll();
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
    this.perThread.start();
    this.queue.insertThread();
  }

  /** In the order of CPython's `PyThreadState_Clear`; the free lists have been emptied before. */
  exit(): void {
    this.perThread.exit();
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

  /**
   * A count that its word cannot hold, or soon will not: the object becomes immortal (CPython's rule for local counts,
   * whose shared ones have 62 bits). Whoever counts at the same moment does so in vain, which is all right. Returns what
   * is never a total of 0.
   */
  protected saturate(object: Ref): number {
    Atomics.store(this.i32, object + Header.Local, Immortal.Local);
    this.clearOwner(object);
    Atomics.store(this.i32, object + Header.Shared, 0);
    return Immortal.Local;
  }

  /** Step 2 of a merge: adds `extra`, sets the state, returns the total count. */
  protected publishMerged(object: Ref, extra: number): number {
    const word = object + Header.Shared;
    this.i32[this.merges]++;
    let shared = this.atomics.load(word);
    for (;;) {
      const total = (shared >> SharedState.Shift) + extra;
      if (total > Immortal.SharedLimit) return this.saturate(object);
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
    return this.publishMerged(object, (local >>> 0) + extra);
  }

  // --- A thread that is not the owner (CPython `_Py_DecRefShared`) ---

  protected decrefShared(object: Ref): void {
    if (this.dropShared(object)) this.deallocator.dealloc(object);
  }

  /** True: that was the last reference, and the caller destroys the object (CPython `_Py_DecRefSharedIsDead`). */
  private dropShared(object: Ref): boolean {
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    for (;;) {
      // With no shared reference to take back, this one is donated to the owner's queue instead.
      const donate = shared === SharedState.Default || shared === SharedState.MaybeWeakref;
      const next = donate ? SharedState.Queued : shared - SharedState.One;
      const seen = this.atomics.compareExchange(word, shared, next);
      if (seen === shared) {
        if (shared < -Word.Limit) this.saturate(object);
        else if (donate) this.queue.enqueue(object);
        else if (next === SharedState.Merged) return true;
        else if (next < 0 && (next & SharedState.Mask) === SharedState.Merged) {
          throw new FatalError(`negative reference count of the object at ${object}`);
        }
        return false;
      }
      shared = seen;
    }
  }

  // --- Finalisers ---

  /** As a fresh object: no other thread can count it, whatever it still finds of it. */
  resurrectStart(object: Ref): void {
    Atomics.store(this.u16, object << 1, this.firstOwner);
    Atomics.store(this.i32, object + Header.Local, this.firstLocal);
    this.atomics.store(object + Header.Shared, this.firstShared);
  }

  /**
   * An owner that finds anything but its own reference gives the object up. A collection may have made another thread
   * the owner meanwhile: the reference is that one's to merge, then.
   */
  resurrectEnd(object: Ref): boolean {
    const heap = this.i32;
    if (heap[object + Header.Local] === Immortal.Local) return false;
    if (!this.isOwner(heap, object)) return this.dropShared(object);
    if (heap[object + Header.Local] === 1 && this.atomics.load(object + Header.Shared) === 0) {
      heap[object + Header.Local] = 0;
      return true;
    }
    return this.explicitMerge(object, -1) === 0;
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
      if (seen === shared) break;
      shared = seen;
    }
    if (shared > Word.Limit) this.saturate(object);
    return true;
  }

  /** The block may have become another object between the load of the slot and the increment. */
  protected recheck(slot: number, object: Ref): boolean {
    return this.atomics.load(slot) === object;
  }
}
