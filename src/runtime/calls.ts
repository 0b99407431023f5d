import { FatalError, PythonError } from '../memory/errors.js';
import { FunctionObject, HeapTag } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ThreadState } from '../threads/threadState.js';
import type { ObjectThread } from './objectThread.js';

/** A function's body: gets its arguments borrowed (the frame owns them), returns a new reference. */
export type Body = (...args: Ref[]) => Ref;

/** A program's functions by name. The order of the names numbers them, alike in every worker. */
export type Bodies = Readonly<Record<string, Body>>;

/** Words of the data stack: CPython's first chunk is 16 KiB. */
const enum Stack {
  Words = 16384,
  /** Function and two arguments. */
  FrameWords = 3,
}

/** CPython's default recursion limit. */
const RECURSION_LIMIT = 1000;

/**
 * Calls of Python functions: frames on the thread's shadow stack, in heap words, where a collector can see what
 * they hold. The function itself is held by a stack reference: not counted where it has deferred counts
 * (CPython `_PyStackRef`), counted elsewhere.
 */
export class Calls {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly state: ThreadState;
  private bodies: readonly Body[] = [];
  private names: readonly string[] = [];
  /** Functions that this thread made: their deferred counts end with the run. */
  private defined: Ref[] = [];
  private stack = 0;
  private top = 0;
  private depth = 0;

  constructor(private readonly thread: ObjectThread) {
    this.i32 = thread.i32;
    this.refs = thread.refs;
    this.state = thread.state;
  }

  /** The program's bodies; the same table in every worker. Attached. Throws MemoryError. */
  start(bodies: Bodies): void {
    this.names = Object.keys(bodies);
    this.bodies = Object.values(bodies);
    this.defined = [];
    this.stack = this.thread.allocator.alloc(Stack.Words, HeapTag.Mem);
    this.top = this.stack;
    this.depth = 0;
  }

  exit(): void {
    this.thread.allocator.free(this.stack, HeapTag.Mem);
    this.stack = 0;
  }

  /** A function object for the program's function of this name. Throws AttributeError if there is none. */
  define(name: string, globals: Ref = 0): Ref {
    const code = this.names.indexOf(name);
    if (code < 0) {
      const known = this.names.length === 0 ? 'none' : this.names.join(', ');
      throw new PythonError('AttributeError', `the program has no function '${name}'; it exports ${known}`);
    }
    const object = this.thread.functions.create(
      code,
      this.thread.strings.intern(name),
      globals,
      this.bodies[code].length,
    );
    if (this.refs.isDeferred(object)) {
      this.refs.incref(object);
      this.defined.push(object);
    }
    return object;
  }

  /**
   * End of the run, no thread has a function on its stack: ends the deferred counting of this thread's functions,
   * which only a collector could do earlier.
   */
  releaseDefined(): void {
    for (const object of this.defined) {
      this.refs.disableDeferred(object);
      this.refs.decref(object);
    }
    this.defined = [];
  }

  /** A stack reference to what the caller holds: counted unless the object has deferred counts. */
  open(object: Ref): Ref {
    if (!this.refs.isDeferred(object)) this.refs.incref(object);
    return object;
  }

  /** Ends a stack reference. */
  close(object: Ref): void {
    if (!this.refs.isDeferred(object)) this.refs.decref(object);
  }

  /** callee(). Steals the stack reference to the callee, as all calls do. */
  call0(callee: Ref): Ref {
    const frame = this.push(callee, 0, 0);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Code]]();
    } finally {
      this.pop(frame, callee);
    }
    return result;
  }

  /** callee(argument); steals the argument. */
  call1(callee: Ref, argument: Ref): Ref {
    const frame = this.push(callee, argument, 0);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Code]](argument);
    } finally {
      this.pop(frame, callee);
      this.refs.decref(argument);
    }
    return result;
  }

  /** callee(first, second); steals both. */
  call2(callee: Ref, first: Ref, second: Ref): Ref {
    const frame = this.push(callee, first, second);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Code]](first, second);
    } finally {
      this.pop(frame, callee);
      this.refs.decref(first);
      this.refs.decref(second);
    }
    return result;
  }

  private push(callee: Ref, first: Ref, second: Ref): number {
    const heap = this.i32;
    const frame = this.top;
    if (++this.depth > RECURSION_LIMIT) this.tooDeep(callee, first, second);
    heap[frame] = callee;
    heap[frame + 1] = first;
    heap[frame + 2] = second;
    this.top = frame + Stack.FrameWords;
    return frame;
  }

  private pop(frame: number, callee: Ref): void {
    this.top = frame;
    this.depth--;
    this.close(callee);
  }

  /** The frame was never entered: what the call has stolen is dropped here. */
  private tooDeep(callee: Ref, first: Ref, second: Ref): never {
    this.depth--;
    this.close(callee);
    if (first !== 0) this.refs.decref(first);
    if (second !== 0) this.refs.decref(second);
    if (this.stack === 0) throw new FatalError('a call before the thread started');
    throw new PythonError('RuntimeError', `maximum recursion depth of ${RECURSION_LIMIT} exceeded`);
  }
}
