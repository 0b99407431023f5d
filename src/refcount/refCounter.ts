/** A reference: the address of an object. 0 is null. */
export type Ref = number;

/** Destroys an object whose count reached zero. Implemented by objects/dealloc.ts; called by the counters. */
export interface Deallocator {
  /** Caller: an attached thread that proved the total count to be zero. Drops what the object references. */
  dealloc(object: Ref): void;
}

/** What lists that are read without a lock ask of their counter besides. */
export interface LockFreeCounter {
  /** The second half of `RefCounter.tryIncrefCompare`, for callers that have inlined the first. */
  tryIncrefSharedCompare(slot: number, object: Ref): boolean;
}

/** Mechanisms that a counter can do without, to see what they are worth. */
export interface CountOptions {
  /** Off: `enableDeferred` does nothing, and no object is counted per thread, for that stands on the bias. */
  readonly deferred: boolean;
  /** Off: no object gets a unique id. */
  readonly perThread: boolean;
  /** Off: static objects start with a large ordinary count (`Immortal.StaticCount`) and are counted. */
  readonly immortal: boolean;
  /** Off: every object is born merged: no owner, all counts in the shared word. */
  readonly biased: boolean;
}

export const ALL_COUNTS: CountOptions = { deferred: true, perThread: true, immortal: true, biased: true };

/**
 * One scheme of reference counting: `PlainRefCounter` (gil, unsafe), `AtomicRefCounter` (gilectomy), `BiasedRefCounter`
 * (free-threaded), and two experiments, counts in a side table and no counts at all (`NoneRefCounter`). A worker makes one of them for its whole life, so that call
 * sites stay monomorphic. All methods: attached threads only.
 */
export interface RefCounter {
  /** Writes the header of a fresh object with one reference, owned by this thread. `gcBits`: `GcBits`. */
  init(object: Ref, type: Ref, gcBits: number): void;
  /**
   * Header of a static object, which is never freed: immortal, or in a build without immortals with a count that no
   * program brings to zero. Before publication only.
   */
  initImmortal(object: Ref, type: Ref): void;
  /**
   * From here the object is never counted nor freed (CPython `_Py_SetImmortal`). By the owner of an object that no
   * other thread counts, or in a stopped world: else a plain store of its owner could undo it. In a build without
   * immortals it gets a large count instead.
   */
  immortalize(object: Ref): void;
  /** A new reference to a static object, which is free where those are immortal; returns the object. */
  newStatic(object: Ref): Ref;

  /** The caller has a reference (counted or borrowed); makes one more. */
  incref(object: Ref): void;
  /** Gives one reference back; destroys the object with the last one. */
  decref(object: Ref): void;

  /**
   * Increments if that is safe for an object that was read without a lock and may be gone: an immortal one has no
   * count, an own one can only be freed by this thread (CPython `_Py_TryIncrefFast`). No second look is needed.
   */
  tryIncrefFast(object: Ref): boolean;
  /**
   * Conditional increment of the object that `slot` (a word address) held a moment ago: succeeds only if the
   * object is alive and the slot still holds it (CPython `_Py_TryIncrefCompare`).
   */
  tryIncrefCompare(slot: number, object: Ref): boolean;
  /**
   * Conditional increment of an object whose memory is known to be its own (CPython `_Py_TryIncref`,
   * `PyUnstable_TryIncRef`): fails if its last reference is gone, or if it never was shared and nobody has called
   * `enableTryIncref`.
   */
  tryIncref(object: Ref): boolean;
  /** What lets `tryIncref` of others succeed (`PyUnstable_EnableTryIncRef`). The caller holds a reference. */
  enableTryIncref(object: Ref): void;
  /**
   * A new reference to what the slot (a word address) holds, 0 if that is 0 (`_Py_XGetRef`). The objects stored there
   * allow conditional increments, or this may go round for ever.
   */
  xGetRef(slot: number): Ref;
  /** As xGetRef, in one attempt; 0 also when that failed (`_Py_TryXGetRef`). */
  tryXGetRef(slot: number): Ref;
  /** As incref, with the container's lock held; makes later lock-free reads succeed (`_Py_NewRefWithLock`). */
  newRefWithLock(object: Ref): void;
  /** Announces that conditional increments may come (`_PyObject_SetMaybeWeakref`). */
  setMaybeWeakref(object: Ref): void;

  isImmortal(object: Ref): boolean;
  /** True if this thread holds the only reference: the object may be changed in place. */
  isUnique(object: Ref): boolean;
  /** The count as Python's sys.getrefcount would see it; a hint while other threads run. */
  count(object: Ref): number;
  /**
   * Gives the object deferred counting where the scheme has it (functions, types); else nothing. The caller owns
   * it and nobody else has seen it.
   */
  enableDeferred(object: Ref): void;
  /**
   * Takes the bias away again, so that ordinary decrements can free it. By the thread that gave it, which holds a
   * reference; nobody has one on its stack that is not counted.
   */
  disableDeferred(object: Ref): void;
  /**
   * Has the object, a class, code or dict of globals, counted per thread where the scheme does that, and gives it
   * deferred counting: its id, which the caller writes into the object; 0 if it stays with ordinary counts. As
   * `enableDeferred`, but never throws.
   */
  assignUniqueId(object: Ref): number;
  /** incref and decref of an object that has, or may have, a unique id: no word that other threads write. */
  increfUnique(object: Ref, id: number): void;
  decrefUnique(object: Ref, id: number): void;
  /** Adds all threads' counters to their objects. In a stopped world, or alone; see `mergePerThreadCounts`. */
  mergePerThread(): void;
  /**
   * Ends per-thread counting and deferral of every object that has an id. In a stopped world, or alone. What a
   * collector does for those that it found unreachable. Returns the objects, each with a reference of the caller's,
   * who drops it when the world goes on.
   */
  disablePerThread(): Ref[];
  /** True if references on a thread's stack need not be counted. */
  isDeferred(object: Ref): boolean;
  deallocator: Deallocator;
  /** Word of the header that means nothing in an object whose count is 0, whoever looks: links the trashcan. */
  readonly idleWord: number;
  /**
   * The count is 0, and a finaliser is about to run: from here the object has one reference, this thread's (CPython
   * `_PyObject_ResurrectStart`). The caller destroys the object: nobody else counts it.
   */
  resurrectStart(object: Ref): void;
  /**
   * Takes that reference back (CPython `_PyObject_ResurrectEnd`). True: it was the last one, the caller goes on
   * destroying the object. False: the object lives, or is another thread's to destroy; not to be touched any more.
   */
  resurrectEnd(object: Ref): boolean;
  /** Merges what other threads have queued for this one. Called from the eval breaker. */
  mergeQueued(): void;
  /** Thread start: from here others may queue objects for this thread. */
  start(): void;
  /** Thread exit: drains the queue and leaves the table; afterwards the thread must not touch counts. */
  exit(): void;
}

/**
 * What the free-threaded collector needs of a scheme besides: all in a stopped world, every stack published. The builds
 * that have this collector have such a scheme.
 */
export interface CollectedRefCounter extends RefCounter {
  /** The count of a mortal object, behind `mergePerThread`: without the bias. At least 0. */
  stoppedCount(object: Ref): number;
  /** Both counts become one, and nobody owns the object, where the scheme has that; adds `extra`. Returns the count. */
  explicitMerge(object: Ref, extra: number): number;
  /** False for an object in a free list, whose local count is a link; it is tracked no more. */
  isInUse(object: Ref): boolean;
  /** As `explicitMerge` with 1, and the object is neither deferred nor counted per thread any more. */
  takeUnreachable(object: Ref): void;
  /**
   * No thread can get at the object any more, not through a weak reference either; it is merged: from here it is this
   * thread's own, and being taken apart costs no atomic operation. Where objects have owners. (CPython leaves such
   * objects merged.)
   */
  adopt(object: Ref): void;
  /** The object is neither deferred nor counted per thread any more; merged. Its count stays. */
  endDeferral(object: Ref): void;
  /** True: somebody may own the object, by the state of its counts; the word of the owner is not looked at. */
  mayHaveOwner(object: Ref): boolean;
  /**
   * Merges what is queued for any thread. Returns objects that are left with no reference and that no collector sees,
   * each with one of the caller's, who drops it when the world goes on.
   */
  mergeAllQueues(): Ref[];
}
