import { GcBits, Header, TypeFlags, TypeObject, UserCodeKind } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { UserCode } from './userCode.js';

/**
 * Runs `__del__` of instances: once in an object's life, whether its count has reached 0 or a collector has found it
 * (CPython `PyObject_CallFinalizer`, `PyObject_CallFinalizerFromDealloc`). One a thread.
 */
export class Finalizers {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly userCode: UserCode,
  ) {
    this.i32 = context.i32;
    this.u8 = context.memory.u8;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /**
   * The count of an instance whose class has a finaliser is 0. True: it is to be destroyed. False: the finaliser has
   * made it reachable again, or it is somebody else's by now; not to be touched any more.
   */
  finalizeDying(object: Ref): boolean {
    if (this.isLegacy(object) || !this.markFinalized(object)) return true;
    return this.callResurrected(object);
  }

  /** As `finalizeDying` for a legacy finaliser, which runs each time, and when the weak references are gone. */
  deleteDying(object: Ref): boolean {
    if (!this.isLegacy(object)) return true;
    const dead = this.callResurrected(object);
    if (dead) this.gcHeap.untrack(object);
    return dead;
  }

  /** tp_finalize, for a collector; see `GcSlots`. */
  finalize(object: Ref): void {
    const finalizer = this.finalizerOf(object);
    if (finalizer === 0 || this.isLegacy(object) || !this.markFinalized(object)) return;
    this.userCode.run(finalizer, object, UserCodeKind.Finalizer, object);
  }

  /** Tracked while the finaliser runs: it may make the object part of something that lives. */
  private callResurrected(object: Ref): boolean {
    this.refs.resurrectStart(object);
    this.track(object);
    this.userCode.run(this.finalizerOf(object), object, UserCodeKind.Finalizer, object);
    return this.refs.resurrectEnd(object);
  }

  /** Objects that waited in the trashcan, or whose weak references have been cleared, are untracked. Nobody else knows them. */
  private track(object: Ref): void {
    const heap = this.i32;
    if ((heap[object] & (GcBits.Tracked << 24)) !== 0) return;
    heap[object] |= GcBits.Tracked << 24;
    this.gcHeap.track(object);
  }

  /** False: it has run, or is running. */
  protected markFinalized(object: Ref): boolean {
    const before = Atomics.or(this.u8, (object << 2) + Header.GcBitsByte, GcBits.Finalized);
    return (before & GcBits.Finalized) === 0;
  }

  private finalizerOf(object: Ref): Ref {
    return this.i32[this.i32[object + Header.Type] + TypeObject.Finalize];
  }

  private isLegacy(object: Ref): boolean {
    const heap = this.i32;
    return (heap[heap[object + Header.Type] + TypeObject.Flags] & TypeFlags.LegacyFinalizer) !== 0;
  }
}
