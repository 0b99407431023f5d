import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import { PythonError } from '../memory/errors.js';
import { BuiltinType, HeapTag, LockObject, ThreadBlock } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';

/** threading.Lock: a `Mutex` byte in an object, as in CPython since 3.14. No owner, no recursion. */
export class Locks {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly allocator: Allocator;
  private readonly mutex: Mutex;
  private readonly atomics: AtomicOps;
  /** Address of this thread's `ThreadBlock.AtSafepoint`. */
  private readonly safepoint: number;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.allocator = context.allocator;
    this.mutex = context.mutex;
    this.atomics = context.atomics;
    this.safepoint = context.block + ThreadBlock.AtSafepoint;
  }

  create(): Ref {
    const lock = this.allocator.alloc(LockObject.Words, HeapTag.Object);
    this.refs.init(lock, BuiltinType.Lock, 0);
    this.i32[lock + LockObject.Mutex] = 0;
    return lock;
  }

  /** Waits until the lock is this thread's; detaches while it sleeps. Throws RunAborted. */
  acquire(lock: Ref): void {
    const byte = (lock + LockObject.Mutex) << 2;
    if (this.atomics.tryLock(byte) !== 0) this.acquireSlow(byte, Infinity);
  }

  /** As acquire, for at most `timeoutMs`; 0 only tries. */
  acquireTimed(lock: Ref, timeoutMs: number): boolean {
    const byte = (lock + LockObject.Mutex) << 2;
    return this.atomics.tryLock(byte) === 0 || this.acquireSlow(byte, timeoutMs);
  }

  /** A wait at a safepoint, unlike that for a container's lock: who asks for a lock of its program is between operations. */
  private acquireSlow(byte: number, timeoutMs: number): boolean {
    const heap = this.i32;
    heap[this.safepoint] = 1;
    const locked = this.mutex.lockSlow(byte, timeoutMs, true);
    heap[this.safepoint] = 0;
    return locked;
  }

  /** Any thread may release. Throws RuntimeError if the lock is not held. */
  release(lock: Ref): void {
    const byte = (lock + LockObject.Mutex) << 2;
    if (this.atomics.tryUnlock(byte) !== 1) this.releaseSlow(byte);
  }

  /** Somebody is parked, or the lock is not held. */
  private releaseSlow(byte: number): void {
    if (!this.mutex.isLocked(byte)) throw new PythonError('RuntimeError', 'release unlocked lock');
    this.mutex.unlockSlow(byte);
  }

  dealloc(lock: Ref): void {
    this.allocator.free(lock, HeapTag.Object);
  }
}
