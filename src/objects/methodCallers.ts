import { BuiltinType, GcBits, MethodCallerObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { Strings } from './strings.js';

/**
 * operator.methodcaller, of a method without arguments (CPython `Modules/_operator.c`): an ordinary object, that threads may
 * share. Calling it is in runtime/methodSites.ts.
 */
export class MethodCallers {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly strings: Strings,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** operator.methodcaller(name). Throws MemoryError. */
  create(name: string): Ref {
    const interned = this.strings.intern(name);
    const caller = this.gcHeap.alloc(MethodCallerObject.Words);
    this.refs.init(caller, BuiltinType.MethodCaller, GcBits.Tracked);
    this.i32[caller + MethodCallerObject.Name] = interned;
    this.gcHeap.track(caller);
    return caller;
  }

  /** Name of the method, an interned str, borrowed. */
  nameOf(caller: Ref): Ref {
    return this.i32[caller + MethodCallerObject.Name];
  }
}
