/** A reference: the address of an object. 0 is null. */
export type Ref = number;

/** Destroys an object whose count reached zero. Implemented by objects/dealloc.ts; called by the counters. */
export interface Deallocator {
  /** Caller: an attached thread that proved the total count to be zero. Drops what the object references. */
  dealloc(object: Ref): void;
}

/**
 * One scheme of reference counting. Three implementations: `PlainRefCounter` (gil, unsafe), `AtomicRefCounter`
 * (gilectomy), `BiasedRefCounter` (free-threaded). A worker makes one of them for its whole life, so that call
 * sites stay monomorphic. All methods: attached threads only.
 */
export interface RefCounter {
  /** Writes the header of a fresh object with one reference, owned by this thread. `gcBits`: `GcBits`. */
  init(object: Ref, type: Ref, gcBits: number): void;
  /** Header of an object that is never counted nor freed. Before publication only. */
  initImmortal(object: Ref, type: Ref): void;

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
  /** True if references on a thread's stack need not be counted. */
  isDeferred(object: Ref): boolean;
  deallocator: Deallocator;
  /** Merges what other threads have queued for this one. Called from the eval breaker. */
  mergeQueued(): void;
  /** Thread start: from here others may queue objects for this thread. */
  start(): void;
  /** Thread exit: drains the queue and leaves the table; afterwards the thread must not touch counts. */
  exit(): void;
}
