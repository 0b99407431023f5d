import { DebugError, FatalError, RunAborted } from '../memory/errors.js';
import { ThreadBlock, UserCodeKind } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Caller, Unraisable } from './gcSlots.js';

/** Runs functions of the program where nobody can catch what they throw: finalisers and callbacks. One a thread. */
export class UserCode {
  private caller!: Caller;
  private unraisable!: Unraisable;
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly block: number;

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.block = context.block;
  }

  /** Set once by the composition: calls need the types, which need this. */
  connect(caller: Caller, unraisable: Unraisable): void {
    this.caller = caller;
    this.unraisable = unraisable;
  }

  /**
   * callee(argument), both borrowed. An error is reported: `kind` says in what, `object` of whom. Passes on what is no
   * error of the program: RunAborted, FatalError, DebugError.
   */
  run(callee: Ref, argument: Ref, kind: UserCodeKind, object: Ref): void {
    const before = enterUserCode(this.i32, this.block, kind, object);
    let result: Ref | undefined;
    try {
      result = this.caller.callWith(callee, argument);
    } catch (error) {
      if (isFatal(error)) throw error;
      this.unraisable.report(error, userCodeText(kind), object);
    }
    leaveUserCode(this.i32, this.block, before);
    if (result !== undefined) this.refs.decref(result);
  }
}

/** Notes for messages what a thread's code of the program is there for; gives `leaveUserCode` what was noted before. */
export function enterUserCode(heap: Int32Array, block: number, kind: UserCodeKind, object: Ref): number {
  const before = heap[block + ThreadBlock.UserCode];
  heap[block + ThreadBlock.UserCode] = object | kind;
  return before;
}

/** The code has come to its end; not called where the run did. */
export function leaveUserCode(heap: Int32Array, block: number, before: number): void {
  heap[block + ThreadBlock.UserCode] = before;
}

/** In front of the object's name. */
export function userCodeText(kind: UserCodeKind): string {
  if (kind === UserCodeKind.Finalizer) return 'the finaliser of';
  return kind === UserCodeKind.WeakrefCallback ? 'the weakref callback' : 'the gc callback';
}

/** No error of the program, but the end of the run. */
export function isFatal(error: unknown): boolean {
  return error instanceof RunAborted || error instanceof FatalError || error instanceof DebugError;
}
