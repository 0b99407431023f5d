import { PythonError } from '../memory/errors.js';
import type { Ref } from '../refcount/refCounter.js';
import { Handle, type Value } from './handle.js';

/** A function of the program. */
export class FunctionHandle extends Handle {
  /** func(args), two at most. Throws what it throws; TypeError. */
  call(...args: Value[]): Value {
    const { handles, calls } = this.t;
    if (args.length > 2) throw new PythonError('TypeError', 'a function takes at most two arguments here');
    const callee = this.live();
    const refs = handles.toRefs(args);
    calls.open(callee);
    switch (args.length) {
      case 0:
        return this.taken(calls.call0(callee));
      case 1:
        return this.taken(calls.call1(callee, refs[0]));
      default:
        return this.taken(calls.call2(callee, refs[0], refs[1]));
    }
  }

  /** A body that returns nothing returns None. */
  private taken(result: Ref | undefined): Value {
    return result === undefined ? null : this.t.handles.take(result);
  }
}

/** A function together with its first argument; `call` takes at most one more. */
export class MethodHandle extends FunctionHandle {
  /** What the function is bound to. */
  get self(): Value {
    const { refs, methods, handles } = this.t;
    const self = methods.selfOf(this.live());
    refs.incref(self);
    return handles.take(self);
  }
}
