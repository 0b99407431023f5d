import { FatalError, PythonError } from '../memory/errors.js';
import { BuiltinType, FunctionObject, Header, HeapTag, MethodObject, ThreadBlock } from '../memory/layout.js';
import type { Caller } from '../objects/gcSlots.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ThreadState } from '../threads/threadState.js';
import type { ObjectThread } from './objectThread.js';

/**
 * A function's body: gets its arguments borrowed (the frame owns them), returns a new reference. One that returns nothing
 * returns None, where a handle calls it, or the runtime: as `__init__`, finaliser or callback. Callers at the raw level
 * take what it returns for a reference.
 */
export type Body = (...args: Ref[]) => Ref | undefined;

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
 * Low bits of a stack reference (CPython 3.14 `_PyStackRef`). Addresses are multiples of four: a reference without
 * the tag is counted, the frame owns it.
 */
const enum StackTag {
  /** Borrowed: whoever lent it outlives the frame. */
  Borrowed = 1,
  Mask = 3,
}

/**
 * Calls of Python functions: frames on the thread's shadow stack, in heap words, where a collector can see what
 * they hold. The function itself is held by a stack reference: not counted where it has deferred counts
 * (CPython `_PyStackRef`), counted elsewhere.
 */
export class Calls implements Caller {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly state: ThreadState;
  /** Folded by V8 where the thread is a constant. */
  private readonly borrows: boolean;
  private bodies: readonly Body[] = [];
  private names: readonly string[] = [];
  /** Code objects of the program's functions, made when they are first needed; 0 before. */
  private codes: Ref[] = [];
  /** Their places in the table of roots. */
  private codeRoots: number[] = [];
  /**
   * Without a collector: functions of this thread that only one could free, each with a reference: they end with the
   * run.
   */
  private defined: Ref[] = [];
  private stack = 0;
  private top = 0;
  private depth = 0;

  constructor(private readonly thread: ObjectThread) {
    this.i32 = thread.i32;
    this.refs = thread.refs;
    this.state = thread.state;
    this.borrows = thread.build.mechanisms.borrowed;
  }

  /** The program's bodies; the same table in every worker. Attached. Throws MemoryError. */
  start(bodies: Bodies): void {
    this.names = Object.keys(bodies);
    // Behind the program's own the one that calls bound methods.
    this.bodies = [...Object.values(bodies), this.methodBody];
    this.thread.methods.body = this.names.length;
    this.codes = this.names.map(() => 0);
    this.codeRoots = this.names.map(() => -1);
    this.defined = [];
    this.stack = this.thread.allocator.alloc(Stack.Words, HeapTag.Mem);
    this.top = this.stack;
    this.depth = 0;
  }

  exit(): void {
    this.thread.allocator.free(this.stack, HeapTag.Mem);
    this.stack = 0;
    this.top = 0;
    this.publishStack();
  }

  /** Shows the frames to a collector; from here to the next push the published ones are right. */
  publishStack(): void {
    const heap = this.i32;
    const { block } = this.state;
    heap[block + ThreadBlock.StackBase] = this.stack;
    heap[block + ThreadBlock.StackTop] = this.top;
  }

  /**
   * A function object for the program's function of this name. `globals`: dict or 0, borrowed. Throws AttributeError
   * if there is none, MemoryError.
   */
  define(name: string, globals: Ref = 0): Ref {
    const body = this.names.indexOf(name);
    if (body < 0) {
      const known = this.names.length === 0 ? 'none' : this.names.join(', ');
      throw new PythonError('AttributeError', `the program has no function '${name}'; it exports ${known}`);
    }
    if (globals !== 0) this.thread.dicts.enablePerThread(globals);
    const object = this.thread.functions.create(this.codeOf(body), globals);
    if (globals !== 0 || this.refs.isDeferred(object)) this.keep(object);
    return object;
  }

  /**
   * Without a collector: the object, a function, module or what else may be in a cycle or has deferred counts, lives to
   * the end of the run, when this thread takes it apart. With one nothing is done.
   */
  keep(object: Ref): void {
    if (this.thread.collects) return;
    this.refs.incref(object);
    this.defined.push(object);
  }

  /** The number of the program's function of this name, -1 if there is none. The same for all threads of a run. */
  bodyNumber(name: string): number {
    return this.names.indexOf(name);
  }

  /** What the innermost call calls, borrowed from its frame. Within a call only. */
  running(): Ref {
    return this.i32[this.top - Stack.FrameWords];
  }

  /**
   * End of the run, in builds without a collector; no thread has a function on its stack: ends the deferred counting of this thread's functions, and
   * their cycles with their globals, which only a collector could do earlier. Drops the code objects.
   */
  releaseDefined(): void {
    for (const object of this.defined) {
      this.takeApart(object);
      this.refs.disableDeferred(object);
      this.refs.decref(object);
    }
    this.defined = [];
    this.releaseCodes();
  }

  /** Ends the cycles that the object may be in. */
  private takeApart(object: Ref): void {
    const { dicts, functions, i32, modules } = this.thread;
    const type = i32[object + Header.Type];
    if (type === BuiltinType.Function) functions.clear(object);
    else if (type === BuiltinType.Module) dicts.clear(modules.dictOf(object));
  }

  /** End of the run: drops the code objects; whoever defines a function all the same makes them anew. */
  releaseCodes(): void {
    for (let body = 0; body < this.codes.length; body++) {
      const code = this.codes[body];
      if (code === 0) continue;
      this.codes[body] = 0;
      this.thread.roots.remove(this.codeRoots[body]);
      this.refs.decref(code);
    }
  }

  private codeOf(body: number): Ref {
    const known = this.codes[body];
    if (known !== 0) return known;
    const { codes, strings } = this.thread;
    const code = codes.create(body, strings.intern(this.names[body]), this.bodies[body].length);
    try {
      this.codeRoots[body] = this.thread.roots.add(code);
    } catch (error) {
      this.refs.decref(code);
      throw error;
    }
    this.codes[body] = code;
    return code;
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

  /**
   * A local of the running function, read for an operand (CPython 3.14 `LOAD_FAST_BORROW`): the local outlives the
   * operation, so that nothing is counted. Where the build does not borrow, a stack reference as of any other
   * object (`LOAD_FAST`). What the operation stores becomes counted there. Ends with `unborrow`.
   */
  borrow(object: Ref): Ref {
    return this.borrows ? object : this.open(object);
  }

  /** The operation has used its operand. */
  unborrow(object: Ref): void {
    if (!this.borrows) this.close(object);
  }

  /** A local, read as an argument of a call: the callee's frame holds it borrowed, or steals it. */
  lend(object: Ref): Ref {
    if (this.borrows) return object | StackTag.Borrowed;
    this.refs.incref(object);
    return object;
  }

  /** callee(). Steals the stack reference to the callee, as all calls do. */
  call0(callee: Ref): Ref {
    const frame = this.push(callee, 0, 0);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Body]]() as Ref;
    } finally {
      this.pop(frame, callee);
    }
    return result;
  }

  /** callee(argument); steals the argument, which may be a lent one. */
  call1(callee: Ref, argument: Ref): Ref {
    const frame = this.push(callee, argument, 0);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Body]](argument & ~StackTag.Mask) as Ref;
    } finally {
      this.pop(frame, callee);
      this.drop(argument);
    }
    return result;
  }

  /** callee(first, second); steals both, which may be lent ones. */
  call2(callee: Ref, first: Ref, second: Ref): Ref {
    const frame = this.push(callee, first, second);
    let result: Ref;
    try {
      this.state.poll();
      result = this.bodies[this.i32[callee + FunctionObject.Body]](
        first & ~StackTag.Mask,
        second & ~StackTag.Mask,
      ) as Ref;
    } finally {
      this.pop(frame, callee);
      this.drop(first);
      this.drop(second);
    }
    return result;
  }

  /**
   * callee(argument), both borrowed; a function or bound method of any kind. For finalisers and callbacks. Throws
   * RuntimeError in a thread that runs no program.
   */
  callWith(callee: Ref, argument: Ref): Ref | undefined {
    if (this.bodies[this.i32[callee + FunctionObject.Body]] === undefined) {
      throw new PythonError(
        'RuntimeError',
        'this thread does not run the program that the function belongs to',
      );
    }
    return this.call1(this.open(callee), argument | StackTag.Borrowed);
  }

  /** The body of bound methods: calls the function with the object in front, which the frame's callee keeps alive. */
  private readonly methodBody: Body = (...args) => this.callMethod(args);

  private callMethod(args: Ref[]): Ref {
    const heap = this.i32;
    const method = heap[this.top - Stack.FrameWords];
    const callee = this.open(heap[method + MethodObject.Function]);
    const self = heap[method + MethodObject.Self] | StackTag.Borrowed;
    if (args.length === 0) return this.call1(callee, self);
    if (args.length === 1) return this.call2(callee, self, args[0] | StackTag.Borrowed);
    this.close(callee);
    throw new PythonError('TypeError', 'a bound method takes at most one argument here');
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

  /** Ends an argument of the frame. */
  private drop(argument: Ref): void {
    if ((argument & StackTag.Borrowed) === 0) this.refs.decref(argument);
  }

  /** The frame was never entered: what the call has stolen is dropped here. */
  private tooDeep(callee: Ref, first: Ref, second: Ref): never {
    this.depth--;
    this.close(callee);
    if (first !== 0) this.drop(first);
    if (second !== 0) this.drop(second);
    if (this.stack === 0) throw new FatalError('a call before the thread started');
    throw new PythonError('RuntimeError', `maximum recursion depth of ${RECURSION_LIMIT} exceeded`);
  }
}
