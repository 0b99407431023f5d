import type { Ref } from '../refcount/refCounter.js';

/** Calls a function or bound method; implemented by runtime/calls.ts. Attached, may poll, may throw. */
export interface Caller {
  /** callee(argument), both borrowed; a new reference, or undefined for None. */
  callWith(callee: Ref, argument: Ref): Ref | undefined;
}

/** Where errors go that nobody can catch: of finalisers and callbacks (CPython `PyErr_FormatUnraisable`). */
export interface Unraisable {
  /** `where`: "the finaliser of", "the weakref callback"; `object`: alive during the call. */
  report(error: unknown, where: string, object: Ref): void;
}

/** What a collector asks of the types, with CPython's names for the slots. Attached threads. */
export interface GcSlots {
  /**
   * tp_clear: drops what the object holds, so that cycles fall apart; the object stays valid, and whoever still finds
   * it sees it empty. The caller holds a reference. Runs destructors.
   */
  clear(object: Ref): void;
  /** True if `finalize` would run something: the type has `__del__` and it has not run for this object. */
  hasFinalizer(object: Ref): boolean;
  /** True if the type has a legacy finaliser (`tp_del`). */
  hasLegacyFinalizer(object: Ref): boolean;
  /**
   * tp_finalize, once in the object's life (`GcBits.Finalized` is set first). The caller holds a reference. Errors are
   * reported, not thrown, but for RunAborted.
   */
  finalize(object: Ref): void;
}

/** What a collector asks of weak references. */
export interface GcWeakrefs {
  /**
   * Clears every weak reference to the unreachable object, and the object itself if it is one: its callback will never
   * run. A weakref with a callback that is not itself unreachable is handed to `push`, whose reference to it the caller
   * makes; the count of nothing is touched here. World stopped, or under the GIL.
   */
  clearForGc(object: Ref, isUnreachable: (object: Ref) => boolean, push: (weakref: Ref) => void): void;
  /** Runs the callback of a weakref that `clearForGc` has cleared; errors are reported. World running. */
  runCallback(weakref: Ref): void;
}
