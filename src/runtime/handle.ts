import { PythonError } from '../memory/errors.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Calls } from './calls.js';
import type { ObjectThread } from './objectThread.js';

/** What handles need of their thread. */
export interface HandleThread extends ObjectThread {
  readonly calls: Calls;
  readonly handles: Handles;
}

/** What handles need of the scope that they are in; see `HandleSpace`. */
export interface Handles {
  /** Enters a handle into the current scope. Steals the reference. */
  adopt(ref: Ref): Handle;
  /** A handle that was released early. */
  forget(handle: Handle): void;
  /** A value for JavaScript from a new reference, which it steals. */
  take(ref: Ref): Value;
  /** A new reference for a value of JavaScript. */
  toRef(value: Value): Ref;
  /** As `toRef` for several: all of them, or an error and none. */
  toRefs(values: readonly Value[]): Ref[];
}

/** What goes into a container and comes out of it: plain values by value, everything else as a handle. */
export type Value = number | string | boolean | null | Handle;

/**
 * A counted reference that its scope gives back: at the end of a `using` declaration, of `t.scope(...)`, or of the
 * program's function, whichever comes first. Belongs to one thread.
 */
export class Handle {
  /** Place of the reference in the thread's table of roots; -1: none, for it is borrowed. Of `HandleSpace`. */
  root = -1;

  constructor(
    protected readonly t: HandleThread,
    /** The raw reference, 0 after release. Borrowed from this handle. */
    public ref: Ref,
  ) {}

  /** Gives the reference back. Harmless when done already. */
  release(): void {
    const { ref } = this;
    if (ref === 0) return;
    this.ref = 0;
    this.t.handles.forget(this);
    this.t.refs.decref(ref);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** The reference; throws if it has been given back. */
  protected live(): Ref {
    if (this.ref === 0)
      throw new PythonError('ValueError', 'this handle was released at the end of its scope');
    return this.ref;
  }
}
