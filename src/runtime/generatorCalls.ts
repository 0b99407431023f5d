import { FunctionObject } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Calls } from './calls.js';
import type { ObjectThread } from './objectThread.js';

/**
 * Functions with `yield` (CPython `RETURN_GENERATOR`, `FOR_ITER_GEN`). In a program such a function is two bodies: the one that
 * is called makes the generator, the other runs it from one yield to the next; it gets the generator as its argument, and
 * returns what it yields, or nothing at its end.
 */
export class GeneratorCalls {
  constructor(
    private readonly t: ObjectThread,
    private readonly calls: Calls,
  ) {}

  /** A generator of the function that is being called. `body`: see `Calls.bodyNumber`. Throws MemoryError. */
  make(body: number, locals: number): Ref {
    const code = this.t.i32[this.calls.running() + FunctionObject.Code];
    return this.t.generators.create(body, code, locals);
  }

  /**
   * next(generator): a new reference, 0 at its end. The generator is borrowed. Throws ValueError while anybody runs it, and
   * what the body throws, behind which it has ended.
   */
  next(generator: Ref): Ref {
    const { generators } = this.t;
    if (!generators.enter(generator)) return 0;
    let value: Ref;
    try {
      value = this.calls.callWith(generator, generator) ?? 0;
    } catch (error) {
      generators.finish(generator);
      throw error;
    }
    if (value === 0) generators.finish(generator);
    else generators.suspend(generator);
    return value;
  }
}
