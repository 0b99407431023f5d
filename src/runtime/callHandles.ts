import { PythonError } from '../memory/errors.js';
import { Handle, type Value } from './handle.js';

/** A function of the program. */
export class FunctionHandle extends Handle {
  call(...args: Value[]): Value {
    const { handles, calls } = this.t;
    if (args.length > 2) throw new PythonError('TypeError', 'a function takes at most two arguments here');
    const callee = this.live();
    const refs = handles.toRefs(args);
    calls.open(callee);
    switch (args.length) {
      case 0:
        return handles.take(calls.call0(callee));
      case 1:
        return handles.take(calls.call1(callee, refs[0]));
      default:
        return handles.take(calls.call2(callee, refs[0], refs[1]));
    }
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
