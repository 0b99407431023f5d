import { Control, Counter, ParkingBucket, ThreadBlock } from '../memory/layout.js';
import { Clock, elapsed } from './clock.js';
import { checkAbort } from './futex.js';
import { rawLock, rawLockDespiteAbort, rawUnlock } from './rawMutex.js';
import { Semaphore, semaphorePost } from './semaphore.js';
import { Spinner } from './spin.js';
import type { SyncThread } from './syncThread.js';

/** What became of an attempt to park; CPython's numbers (`Include/internal/pycore_parking_lot.h`). */
export const enum ParkResult {
  /** Woken by an unparker. */
  Ok = 0,
  /** Never slept: the value was not the expected one. */
  Again = -1,
  Timeout = -2,
  /** CPython's "a signal came". Here an interrupt ends the run, as RunAborted; `park` never returns it. */
  Interrupted = -3,
}

/**
 * Queues of sleeping threads, keyed by the address they wait for (CPython `Python/parking_lot.c`), so that a
 * mutex needs no more than a byte. 257 buckets in shared memory, each a raw mutex and a doubly linked FIFO of
 * waiters of all the addresses that fall into it.
 *
 * A waiter's record is words of its `ThreadBlock`, where CPython has a record on the stack of each park. One
 * record is enough because `attach`, which may park again, is called only after the record has left its queue.
 *
 * One instance a thread. Keys are byte addresses; a word parks under `word * 4`.
 */
export class ParkingLot {
  /**
   * Whether the last park that returned or threw ended with the mutex handed to this thread. Valid until the
   * thread parks again.
   */
  handedOff = false;

  private readonly thread: SyncThread;
  protected readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  private readonly block: number;
  private readonly semaphore: Semaphore;
  private readonly spinner: Spinner;

  /** Reads the thread's memory and block: they must be set already. */
  constructor(thread: SyncThread) {
    this.thread = thread;
    this.i32 = thread.i32;
    this.u8 = thread.u8;
    this.block = thread.block;
    this.semaphore = new Semaphore(thread.i32, thread.block + ThreadBlock.Semaphore, new Clock());
    this.spinner = new Spinner();
  }

  /**
   * Sleeps until unparked, if the byte at `address` still is `expected` once the bucket is locked: so no wake-up
   * between the caller's look at the byte and the sleep is lost (D13). `timeoutMs` in milliseconds, Infinity: for
   * ever. With `detach`, an attached thread is detached while it sleeps and attached again when this returns.
   *
   * Throws RunAborted: then the thread is in no queue, and still detached if it was to detach.
   */
  park(address: number, expected: number, timeoutMs: number, detach: boolean): ParkResult {
    const heap = this.i32;
    const bucket = bucketOf(address);
    this.handedOff = false;
    rawLock(heap, bucket + ParkingBucket.Lock);
    if (!this.stillShows(address, expected)) return this.leaveAgain(bucket);
    return this.parkLocked(bucket, address, timeoutMs, detach);
  }

  /** As `park`, for the 32-bit word at `word`. */
  parkWord(word: number, expected: number, timeoutMs: number, detach: boolean): ParkResult {
    const heap = this.i32;
    const address = word * 4;
    const bucket = bucketOf(address);
    this.handedOff = false;
    rawLock(heap, bucket + ParkingBucket.Lock);
    if (Atomics.load(heap, word) !== expected) return this.leaveAgain(bucket);
    return this.parkLocked(bucket, address, timeoutMs, detach);
  }

  /**
   * First half of an unpark: locks the bucket and takes the first waiter for `address` out of its queue. Returns
   * the waiter's thread block, 0 if there is none. The bucket stays locked until `finishUnpark`, so that what the
   * caller does in between (CPython passes a callback) is one step for whoever parks on this address. The caller
   * must not block, throw or park in between. Throws RunAborted only if the bucket's holder died.
   */
  beginUnpark(address: number): number {
    const heap = this.i32;
    const bucket = bucketOf(address);
    this.lockToRelease(bucket);
    const waiter = this.findFrom(heap[bucket + ParkingBucket.Head], address);
    if (waiter !== 0) this.dequeue(bucket, waiter);
    return waiter;
  }

  /**
   * Between the halves of an unpark: whether anybody is left in the bucket. For another address, perhaps: a false
   * "yes" costs one needless unpark, a false "no" would lose a wake-up (INV-6.2).
   */
  hasWaiters(address: number): boolean {
    return this.i32[bucketOf(address) + ParkingBucket.Waiters] > 0;
  }

  /** Second half of an unpark: unlocks the bucket and wakes the waiter that `beginUnpark` returned, if any. */
  finishUnpark(address: number, waiter: number): void {
    const heap = this.i32;
    rawUnlock(heap, bucketOf(address) + ParkingBucket.Lock);
    if (waiter !== 0) semaphorePost(heap, waiter + ThreadBlock.Semaphore);
  }

  /** Wakes the first waiter for `address`. Returns whether there was one. */
  unpark(address: number): boolean {
    const waiter = this.beginUnpark(address);
    this.finishUnpark(address, waiter);
    return waiter !== 0;
  }

  /** Wakes every waiter for `address`; returns how many. */
  unparkAll(address: number): number {
    const heap = this.i32;
    const bucket = bucketOf(address);
    this.lockToRelease(bucket);
    const first = this.dequeueAll(bucket, address);
    rawUnlock(heap, bucket + ParkingBucket.Lock);
    return this.postChain(first);
  }

  /** The look under the bucket's lock: whoever changes the byte and then unparks finds the waiter, or was seen here. */
  protected stillShows(address: number, expected: number): boolean {
    return Atomics.load(this.u8, address) === expected;
  }

  private leaveAgain(bucket: number): ParkResult {
    rawUnlock(this.i32, bucket + ParkingBucket.Lock);
    return ParkResult.Again;
  }

  /** The bucket is locked, and the value is as expected. */
  private parkLocked(bucket: number, address: number, timeoutMs: number, detach: boolean): ParkResult {
    const heap = this.i32;
    this.enqueue(bucket, address);
    rawUnlock(heap, bucket + ParkingBucket.Lock);
    heap[this.block + ThreadBlock.Counters + Counter.Parks]++;
    return this.sleep(bucket, timeoutMs, detach && this.thread.isAttached());
  }

  /**
   * In the queue, the bucket unlocked. Detaching comes after queueing: the unlocks of `suspendAll` may then wake
   * this very thread, when it waits for a mutex that an outer section of its own holds.
   */
  private sleep(bucket: number, timeoutMs: number, detach: boolean): ParkResult {
    let result: ParkResult;
    try {
      if (detach) this.thread.detach();
      const begun = this.thread.stopwatch();
      result = this.waitInQueue(bucket, timeoutMs);
      const parked = this.block + ThreadBlock.Counters + Counter.ParkedMicroseconds;
      this.i32[parked] += elapsed(begun, this.thread.stopwatch());
    } catch (error) {
      this.leaveDespiteAbort(bucket);
      throw error;
    }
    const handedOff = this.i32[this.block + ThreadBlock.WaitHandedOff] === 1;
    try {
      if (detach) this.thread.attach();
    } finally {
      // Only now: attaching may have parked, for the end of a stop-the-world or for a section's mutex.
      this.handedOff = handedOff;
    }
    return result;
  }

  /**
   * Waits for the post; when time is up, leaves the queue. If an unparker was faster and has dequeued us, its
   * wake-up is ours: reporting a time-out as well would lose it, or the mutex that came with it (D12).
   */
  private waitInQueue(bucket: number, timeoutMs: number): ParkResult {
    const heap = this.i32;
    if (this.semaphore.wait(timeoutMs)) return ParkResult.Ok;
    rawLock(heap, bucket + ParkingBucket.Lock);
    const unparking = heap[this.block + ThreadBlock.WaitUnparking] === 1;
    if (!unparking) this.unlink(bucket, this.block);
    rawUnlock(heap, bucket + ParkingBucket.Lock);
    return unparking ? this.takeLatePost() : ParkResult.Timeout;
  }

  /** Dequeued by an unparker while the time ran out. */
  protected takeLatePost(): ParkResult {
    this.semaphore.wait(Infinity);
    return ParkResult.Ok;
  }

  /**
   * The wait has thrown: nobody may find this record in a queue later. If an unparker has it already, takes the
   * post that is under way and notes whether a mutex came with it.
   */
  private leaveDespiteAbort(bucket: number): void {
    const heap = this.i32;
    if (!rawLockDespiteAbort(heap, bucket + ParkingBucket.Lock, this.spinner)) return;
    const unparking = heap[this.block + ThreadBlock.WaitUnparking] === 1;
    if (!unparking) this.unlink(bucket, this.block);
    this.handedOff = heap[this.block + ThreadBlock.WaitHandedOff] === 1;
    rawUnlock(heap, bucket + ParkingBucket.Lock);
    if (unparking) this.semaphore.takeDespiteAbort(this.spinner);
  }

  /** Locks a bucket for a release, which an aborted run needs as much as any other. */
  private lockToRelease(bucket: number): void {
    const heap = this.i32;
    if (!rawLockDespiteAbort(heap, bucket + ParkingBucket.Lock, this.spinner)) checkAbort(heap);
  }

  /** Under the bucket's lock: appends this thread. */
  private enqueue(bucket: number, address: number): void {
    const heap = this.i32;
    const self = this.block;
    const last = heap[bucket + ParkingBucket.Tail];
    heap[self + ThreadBlock.WaitAddress] = address;
    heap[self + ThreadBlock.WaitUnparking] = 0;
    heap[self + ThreadBlock.WaitHandedOff] = 0;
    heap[self + ThreadBlock.WaitNext] = 0;
    heap[self + ThreadBlock.WaitPrevious] = last;
    if (last === 0) heap[bucket + ParkingBucket.Head] = self;
    else heap[last + ThreadBlock.WaitNext] = self;
    heap[bucket + ParkingBucket.Tail] = self;
    heap[bucket + ParkingBucket.Waiters]++;
  }

  /** Under the bucket's lock: takes a waiter out of the queue. */
  private unlink(bucket: number, waiter: number): void {
    const heap = this.i32;
    const next = heap[waiter + ThreadBlock.WaitNext];
    const previous = heap[waiter + ThreadBlock.WaitPrevious];
    if (previous === 0) heap[bucket + ParkingBucket.Head] = next;
    else heap[previous + ThreadBlock.WaitNext] = next;
    if (next === 0) heap[bucket + ParkingBucket.Tail] = previous;
    else heap[next + ThreadBlock.WaitPrevious] = previous;
    heap[bucket + ParkingBucket.Waiters]--;
  }

  /** Under the bucket's lock, by an unparker. The record is the unparker's from here to the post. */
  private dequeue(bucket: number, waiter: number): void {
    this.unlink(bucket, waiter);
    this.i32[waiter + ThreadBlock.WaitUnparking] = 1;
  }

  /** Under the bucket's lock: the first waiter for `address`, from `waiter` on; 0 if none. */
  private findFrom(waiter: number, address: number): number {
    const heap = this.i32;
    let found = waiter;
    while (found !== 0 && heap[found + ThreadBlock.WaitAddress] !== address) {
      found = heap[found + ThreadBlock.WaitNext];
    }
    return found;
  }

  /** Under the bucket's lock: moves all waiters for `address`, in order, to a chain of their own; its first. */
  private dequeueAll(bucket: number, address: number): number {
    const heap = this.i32;
    let first = 0;
    let last = 0;
    let waiter = this.findFrom(heap[bucket + ParkingBucket.Head], address);
    while (waiter !== 0) {
      const following = this.findFrom(heap[waiter + ThreadBlock.WaitNext], address);
      this.dequeue(bucket, waiter);
      if (last === 0) first = waiter;
      else heap[last + ThreadBlock.WaitNext] = waiter;
      heap[waiter + ThreadBlock.WaitNext] = 0;
      last = waiter;
      waiter = following;
    }
    return first;
  }

  /** Posts a chain of dequeued waiters. A posted waiter may re-use its record at once, hence the early read. */
  protected postChain(first: number): number {
    const heap = this.i32;
    let count = 0;
    let waiter = first;
    while (waiter !== 0) {
      const next = heap[waiter + ThreadBlock.WaitNext];
      semaphorePost(heap, waiter + ThreadBlock.Semaphore);
      waiter = next;
      count++;
    }
    return count;
  }
}

function bucketOf(address: number): number {
  return Control.ParkingBuckets + (address % Control.BucketCount) * ParkingBucket.Words;
}
