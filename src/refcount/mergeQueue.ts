import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import { MemoryError } from '../memory/errors.js';
import {
  BrcBucket,
  Control,
  Counter,
  EvalBreaker,
  GcBits,
  Geometry,
  Header,
  ThreadBlock,
} from '../memory/layout.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import type { Deallocator, Ref } from './refCounter.js';

/** What the merge queues need of their thread. */
export interface MergeThread {
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  readonly id: number;
  readonly block: number;
  readonly allocator: Allocator;
  /** The fall-back when no chunk can be had: with the world stopped, merging needs no queue. */
  stopTheWorld(): void;
  startTheWorld(): void;
}

/** What the merge queues need of the counter that they serve. */
export interface Merger {
  readonly deallocator: Deallocator;
  explicitMerge(object: Ref, extra: number): number;
  decref(object: Ref): void;
}

/** A chunk of queued objects (CPython `pycore_object_stack.h`): 254 of them. */
export const enum Chunk {
  Next = 0,
  Count = 1,
  Items = 2,
  Capacity = 254,
  Words = Items + Capacity,
}

/**
 * Queues of objects whose last shared reference was dropped by a thread that is not their owner (CPython
 * `Python/brc.c`): 257 buckets by owner id, each a raw mutex and a list of threads; a thread's queue is protected
 * by its bucket. An entry holds the one reference that was donated.
 */
export class MergeQueue {
  protected readonly i32: Int32Array;
  protected readonly block: number;

  constructor(
    protected readonly thread: MergeThread,
    protected readonly merger: Merger,
  ) {
    this.i32 = thread.i32;
    this.block = thread.block;
  }

  /** The thread appears in its bucket: from here others may queue objects for it. */
  insertThread(): void {
    const heap = this.i32;
    const bucket = bucketOf(this.thread.id);
    heap[this.block + ThreadBlock.BrcQueue] = 0;
    heap[this.block + ThreadBlock.BrcLocal] = 0;
    rawLock(heap, bucket + BrcBucket.Lock);
    heap[this.block + ThreadBlock.BrcNext] = heap[bucket + BrcBucket.Head];
    heap[bucket + BrcBucket.Head] = this.block;
    rawUnlock(heap, bucket + BrcBucket.Lock);
  }

  /** Puts the object, state queued, on its owner's queue; takes over one reference. Attached threads only. */
  enqueue(object: Ref): void {
    const heap = this.i32;
    heap[this.block + ThreadBlock.Counters + Counter.BrcQueued]++;
    const owner = this.ownerOf(object);
    if (owner === 0) {
      // The owner merged meanwhile; the reference is an ordinary one again.
      this.merger.decref(object);
      return;
    }
    const bucket = bucketOf(owner);
    const target = this.lockAndFind(bucket, owner);
    if (target === 0) {
      this.mergeAbandoned(object, bucket);
      return;
    }
    if (!this.push(target, object)) {
      rawUnlock(heap, bucket + BrcBucket.Lock);
      this.mergeWithStoppedWorld(object);
      return;
    }
    // Before the bucket opens: behind that the owner may exit, and its block be another thread's.
    Atomics.or(heap, target + ThreadBlock.Breaker, EvalBreaker.ExplicitMerge);
    rawUnlock(heap, bucket + BrcBucket.Lock);
  }

  /** Merges everything queued for this thread. Destructors run with no lock held. Called by the owner. */
  drain(): void {
    const heap = this.i32;
    const bucket = bucketOf(this.thread.id);
    rawLock(heap, bucket + BrcBucket.Lock);
    this.takeQueue();
    rawUnlock(heap, bucket + BrcBucket.Lock);
    this.drainLocal();
  }

  /**
   * Thread exit: drains until the queue is found empty under the lock, and leaves the bucket in that same hold.
   * Afterwards others treat this thread's objects as abandoned; it must not touch their counts.
   */
  removeThread(): void {
    const heap = this.i32;
    const bucket = bucketOf(this.thread.id);
    for (;;) {
      this.drainLocal();
      rawLock(heap, bucket + BrcBucket.Lock);
      if (heap[this.block + ThreadBlock.BrcQueue] === 0) break;
      this.takeQueue();
      rawUnlock(heap, bucket + BrcBucket.Lock);
    }
    this.unlinkThread(bucket);
    rawUnlock(heap, bucket + BrcBucket.Lock);
  }

  /**
   * Merges what is queued for any thread, or being drained by it (CPython `merge_queued_objects`). In a stopped world.
   * Returns what is left without a reference and not tracked, with one of the caller's each; what is tracked is left
   * to the collector, who finds that nothing refers to it.
   */
  mergeAll(): Ref[] {
    const dead: Ref[] = [];
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = Control.Threads + slot * ThreadBlock.Words;
      this.mergeChunks(block + ThreadBlock.BrcQueue, dead);
      this.mergeChunks(block + ThreadBlock.BrcLocal, dead);
    }
    return dead;
  }

  // --- Steps ---

  private mergeChunks(head: number, dead: Ref[]): void {
    const heap = this.i32;
    for (let chunk = heap[head]; chunk !== 0; chunk = heap[head]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        this.mergeStopped(heap[chunk + Chunk.Items + i], dead);
      }
      heap[head] = heap[chunk + Chunk.Next];
      this.thread.allocator.rawFree(chunk);
    }
  }

  /** A frozen object is seen by no collector either. */
  private mergeStopped(object: Ref, dead: Ref[]): void {
    if (this.merger.explicitMerge(object, -1) !== 0) return;
    const bits = this.i32[object] >>> 24;
    if ((bits & (GcBits.Tracked | GcBits.Frozen)) === GcBits.Tracked) return;
    this.merger.explicitMerge(object, 1);
    dead.push(object);
  }

  protected ownerOf(object: Ref): number {
    return Atomics.load(this.i32, object) & Header.OwnerMask;
  }

  /** Locks the bucket; the thread cannot leave it then. */
  protected lockAndFind(bucket: number, owner: number): number {
    rawLock(this.i32, bucket + BrcBucket.Lock);
    return this.findThread(bucket, owner);
  }

  /** Under the bucket's lock. The block of the thread with this id, 0 if it has exited. */
  protected findThread(bucket: number, id: number): number {
    const heap = this.i32;
    let block = heap[bucket + BrcBucket.Head];
    while (block !== 0 && heap[block + ThreadBlock.Id] !== id) block = heap[block + ThreadBlock.BrcNext];
    return block;
  }

  /** The owner has exited: whoever holds its bucket's lock may merge. Opens the bucket. */
  protected mergeAbandoned(object: Ref, bucket: number): void {
    const total = this.merger.explicitMerge(object, -1);
    rawUnlock(this.i32, bucket + BrcBucket.Lock);
    if (total === 0) this.merger.deallocator.dealloc(object);
  }

  protected mergeWithStoppedWorld(object: Ref): void {
    this.thread.stopTheWorld();
    const total = this.merger.explicitMerge(object, -1);
    this.thread.startTheWorld();
    if (total === 0) this.merger.deallocator.dealloc(object);
  }

  /** Under the bucket's lock. False if there was no memory for a chunk. */
  protected push(target: number, object: Ref): boolean {
    const heap = this.i32;
    let chunk = heap[target + ThreadBlock.BrcQueue];
    if (chunk === 0 || heap[chunk + Chunk.Count] === Chunk.Capacity) {
      const fresh = this.allocateChunk();
      if (fresh === 0) return false;
      heap[fresh + Chunk.Next] = chunk;
      heap[fresh + Chunk.Count] = 0;
      heap[target + ThreadBlock.BrcQueue] = fresh;
      chunk = fresh;
    }
    const count = heap[chunk + Chunk.Count];
    heap[chunk + Chunk.Items + count] = object;
    heap[chunk + Chunk.Count] = count + 1;
    return true;
  }

  protected allocateChunk(): number {
    try {
      return this.thread.allocator.rawAlloc(Chunk.Words);
    } catch (error) {
      if (error instanceof MemoryError) return 0;
      throw error;
    }
  }

  /** Under the bucket's lock. Objects queued while the former ones are destroyed wait for the next drain. */
  private takeQueue(): void {
    const heap = this.i32;
    const block = this.block;
    const queue = heap[block + ThreadBlock.BrcQueue];
    if (queue === 0) return;
    heap[block + ThreadBlock.BrcQueue] = 0;
    let last = queue;
    while (heap[last + Chunk.Next] !== 0) last = heap[last + Chunk.Next];
    heap[last + Chunk.Next] = heap[block + ThreadBlock.BrcLocal];
    heap[block + ThreadBlock.BrcLocal] = queue;
  }

  /** Each entry is taken off before its object is merged, for a destructor may drain again. */
  private drainLocal(): void {
    const heap = this.i32;
    const local = this.block + ThreadBlock.BrcLocal;
    for (let chunk = heap[local]; chunk !== 0; chunk = heap[local]) {
      const count = heap[chunk + Chunk.Count];
      if (count === 0) {
        heap[local] = heap[chunk + Chunk.Next];
        this.thread.allocator.rawFree(chunk);
        continue;
      }
      heap[chunk + Chunk.Count] = count - 1;
      const object = heap[chunk + Chunk.Items + count - 1];
      heap[this.block + ThreadBlock.Counters + Counter.BrcMerged]++;
      if (this.merger.explicitMerge(object, -1) === 0) this.merger.deallocator.dealloc(object);
    }
  }

  /** Under the bucket's lock. */
  protected unlinkThread(bucket: number): void {
    const heap = this.i32;
    let link = bucket + BrcBucket.Head;
    while (heap[link] !== this.block) link = heap[link] + ThreadBlock.BrcNext;
    heap[link] = heap[this.block + ThreadBlock.BrcNext];
    heap[this.block + ThreadBlock.BrcNext] = 0;
  }
}

/** The bucket of the thread with this id. */
export function bucketOf(id: number): number {
  return Control.BrcBuckets + (id % Control.BucketCount) * BrcBucket.Words;
}
