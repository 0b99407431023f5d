import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { GcHeap } from '../objects/gcHeap.js';
import type { GcSlots, GcWeakrefs } from '../objects/gcSlots.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { StopMeasure } from '../threads/stopTheWorld.js';
import type { ThreadState } from '../threads/threadState.js';

/** Why a collection starts (CPython `_PyGC_Reason`). */
export type GcReason = 'manual' | 'heap' | 'shutdown';

/** What one collection did; times in milliseconds, 0 where a build has no such phase. */
export interface GcRecord {
  readonly reason: GcReason;
  readonly generation: number;
  /** Number of the collecting thread in its run. */
  readonly thread: number;
  /** From the request to the world standing still: the longer of the two pauses; and of each thread that was waited for. */
  readonly toSafepoint: number;
  readonly toSafepointByThread: readonly { readonly thread: number; readonly milliseconds: number }[];
  /** The world stopped. Under the GIL: the whole collection without finalisers and callbacks. */
  readonly pause1: number;
  readonly pause2: number;
  /** From begin to end, finalisers included. */
  readonly duration: number;
  /** Objects that the collector looked at; that marking from the roots proved alive; that were left to be examined. */
  readonly visited: number;
  readonly markedAlive: number;
  readonly candidates: number;
  /** As `gc.collect()` returns: unreachable ones, of which `uncollectable` stay. */
  readonly collected: number;
  readonly uncollectable: number;
  readonly resurrected: number;
  /** Memory of the blocks that were given back: of the objects themselves, without their arrays. */
  readonly freedBytes: number;
  readonly markers: number;
  /** Milliseconds by phase, with the names of the specification: `mergeCounts`, `markAlive`, `updateRefs`, ... */
  readonly phases: Readonly<Record<string, number>>;
}

/** What a collector needs of its thread. */
export interface GcThread {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  readonly slot: number;
  readonly index: number;
  /** Address of the `ThreadBlock`. */
  readonly block: number;
  /** Owner id. */
  readonly id: number;
  readonly state: ThreadState;
  readonly refs: RefCounter;
  readonly allocator: Allocator;
  readonly gcHeap: GcHeap;
  readonly gcSlots: GcSlots;
  readonly gcWeakrefs: GcWeakrefs;
  stopTheWorld(): void;
  startTheWorld(): void;
  /** Of the last `stopTheWorld`: what `GcRecord.toSafepoint` and `toSafepointByThread` are made from. */
  readonly lastStop: StopMeasure;
  /** Publishes this thread's own shadow stack; the others have done it when they stopped. */
  publishStack(): void;
  /** Empties the free lists of every thread that is stopped, or of the interpreter (`clear_free_lists`). */
  clearFreeLists(): void;
  /** Empties this thread's own free lists: all that it may touch while the others run. */
  clearOwnFreeLists(): void;
  /** Appends to `gc.garbage`, which gets a reference of its own. World running. Throws MemoryError. */
  addGarbage(object: Ref): void;
  /** Names of types, for what the debug flags print. */
  readonly strings: { text(str: Ref): string };
}

/**
 * The collector of a build, without what surrounds it (`ObservedCollector`): callbacks, records, who starts it. One instance a thread, all state in `Control.Gc`. All methods: the thread itself, attached,
 * at a safepoint: it holds no reference that is neither counted nor on its shadow stack.
 */
export interface Collector {
  /**
   * Collects (CPython `gc_collect_main`): returns the number of unreachable objects found, uncollectable ones included; 0
   * at once if another collection is under way. `generation`: 0 to 2. Runs finalisers and callbacks. Throws RunAborted,
   * and MemoryError with everything as it was before.
   */
  collect(generation: number, reason: GcReason): number;
  /**
   * The generation that has to be collected now, -1 if none: disabled, below the thresholds, too little garbage to be
   * expected. Asked when `EvalBreaker.GcScheduled` was seen; a collection for reason 'heap' follows at once. May move
   * counts (the memory gate does), throws nothing.
   */
  due(): number;
  /**
   * Helps the thread that has stopped the world, until it needs no help. Suspended, at a safepoint. Throws RunAborted. Left
   * out where nobody is asked.
   */
  helpPause?(): void;
  /** Everything tracked is left alone from now on (`gc.freeze`); and no longer. */
  freeze(): void;
  unfreeze(): void;
  freezeCount(): number;
  /** New references to all tracked objects but frozen ones; of one generation where there are some, null: all. */
  objects(generation: number | null): Ref[];
  /** New references to the tracked objects that refer directly to one of these. */
  referrers(targets: readonly Ref[]): Ref[];
  /** What the last collection of this thread did; null before the first. */
  readonly last: GcRecord | null;
}
