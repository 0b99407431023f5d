import { Control, EvalBreaker, GcState, Header, Immortal, ThreadBlock } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { setBreaker } from '../threads/evalBreaker.js';
import type { Deallocator, Ref, RefCounter } from './refCounter.js';

/** When a collection that traces is due. */
const enum Due {
  /** Objects that a thread makes before it looks. Few: each may be a string of any length. */
  Batch = 64,
  /**
   * Objects of any kind that count as one of `GcState.Counts`, whose thresholds are meant for objects that can hold
   * references: numbers and strings are counted here too, or a loop that only makes floats would never be collected.
   */
  ObjectsOfOne = 32,
  /** A collection waits for a quarter of what the last one left alive (CPython `gc_should_collect`). */
  LiveShift = 2,
  /** As much growth of the memory in use as an eighth of all of it is reason enough. */
  MemoryShift = 3,
  /** So is a sixteenth of what is alive, where less than that eighth of the memory is left. */
  LiveShiftWhenFull = 4,
}

/**
 * No counts: `refcount=none`. A reference costs nothing to make or to drop, nobody knows when the last one goes, and a
 * collector finds what is alive by tracing (gc/tracing/). An object read without a lock needs no conditional increment:
 * what was in a container when it was read cannot be freed before its reader's next safepoint.
 *
 * The header has its maker's id, by which containers know whose they are, and a local count of -1: code that looks for
 * immortal objects before it counts goes no further here.
 */
export class NoneRefCounter implements RefCounter {
  /** Set once by the composition; never called. */
  deallocator!: Deallocator;
  readonly idleWord: number = Header.Local;

  private readonly i32: Int32Array;
  private readonly id: number;
  private readonly block: number;

  constructor(memory: SharedMemory, thread: { readonly id: number; readonly block: number }) {
    this.i32 = memory.i32;
    this.id = thread.id;
    this.block = thread.block;
  }

  /** Every object that is born passes here: it is counted for the collector's threshold. */
  init(object: Ref, type: Ref, gcBits: number): void {
    const heap = this.i32;
    heap[object] = this.id | (gcBits << 24);
    heap[object + Header.Local] = Immortal.Local;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
    const made = heap[this.block + ThreadBlock.GcAllocations] + 1;
    heap[this.block + ThreadBlock.GcAllocations] = made;
    if (made >= Due.Batch) this.report();
  }

  initImmortal(object: Ref, type: Ref): void {
    const heap = this.i32;
    heap[object] = 0;
    heap[object + Header.Local] = Immortal.Local;
    heap[object + Header.Shared] = 0;
    heap[object + Header.Type] = type;
  }

  immortalize(_object: Ref): void {}

  newStatic(object: Ref): Ref {
    return object;
  }

  incref(_object: Ref): void {}
  decref(_object: Ref): void {}

  tryIncrefFast(_object: Ref): boolean {
    return true;
  }

  tryIncrefCompare(_slot: number, _object: Ref): boolean {
    return true;
  }

  tryIncrefSharedCompare(_slot: number, _object: Ref): boolean {
    return true;
  }

  tryIncref(_object: Ref): boolean {
    return true;
  }

  enableTryIncref(_object: Ref): void {}

  xGetRef(slot: number): Ref {
    return Atomics.load(this.i32, slot);
  }

  tryXGetRef(slot: number): Ref {
    return Atomics.load(this.i32, slot);
  }

  newRefWithLock(_object: Ref): void {}
  setMaybeWeakref(_object: Ref): void {}

  /** True for what is outside the heaps: no collector frees it. */
  isImmortal(object: Ref): boolean {
    return object < Control.StaticArenaEnd;
  }

  /** Nobody can say. */
  isUnique(_object: Ref): boolean {
    return false;
  }

  /** There is none; 1 for an object that is there. */
  count(_object: Ref): number {
    return 1;
  }

  /** The sweep has run finalisers before it destroys anything. */
  resurrectStart(_object: Ref): void {}

  resurrectEnd(_object: Ref): boolean {
    return true;
  }

  enableDeferred(_object: Ref): void {}
  disableDeferred(_object: Ref): void {}

  assignUniqueId(_object: Ref): number {
    return 0;
  }

  increfUnique(_object: Ref, _id: number): void {}
  decrefUnique(_object: Ref, _id: number): void {}
  mergePerThread(): void {}

  disablePerThread(): Ref[] {
    return [];
  }

  isDeferred(_object: Ref): boolean {
    return false;
  }

  mergeQueued(): void {}
  start(): void {}
  exit(): void {}

  /** Tells the interpreter what was made, and has this thread look at its next safepoint whether a collection is due. */
  private report(): void {
    const heap = this.i32;
    heap[this.block + ThreadBlock.GcAllocations] = 0;
    Atomics.add(heap, Control.Gc + GcState.Counts, Due.Batch / Due.ObjectsOfOne);
    if (isTracingDue(heap)) setBreaker(heap, this.block, EvalBreaker.GcScheduled);
  }
}

/**
 * Whether enough was made since the last collection that traced: more than the threshold and a quarter of what is alive,
 * or so many bytes that the memory could run full. A threshold of 0 means never by itself, one below 0 always.
 */
export function isTracingDue(heap: Int32Array): boolean {
  const gc = Control.Gc;
  const threshold = heap[gc + GcState.Thresholds];
  if (threshold === 0 || Atomics.load(heap, gc + GcState.Enabled) === 0) return false;
  if (threshold < 0) return true;
  const young = Atomics.load(heap, gc + GcState.Counts);
  const live = heap[gc + GcState.LongLivedTotal] / Due.ObjectsOfOne;
  if (young > threshold && young > live / (1 << Due.LiveShift)) return true;
  const used = Atomics.load(heap, Control.SegmentsUsed);
  const much = Math.max(1, heap[Control.SegmentCount] >> Due.MemoryShift);
  if (used - heap[gc + GcState.LastMemory] > much) return true;
  return heap[Control.SegmentCount] - used <= much + 1 && young > live / (1 << Due.LiveShiftWhenFull);
}
