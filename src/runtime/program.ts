import { RunAborted } from '../memory/errors.js';
import { AbortReason, Control, EvalBreaker, Geometry } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Ref } from '../refcount/refCounter.js';
import { futexWake } from '../sync/futex.js';
import { setBreaker, threadBlock } from '../threads/evalBreaker.js';
import type { Bodies } from './calls.js';
import { Handle } from './handles.js';
import type { Thread } from './thread.js';

/** What `setup` makes for all threads, by name: handles, or raw references whose counts it gives away. */
export type Shared = Record<string, Handle | Ref>;

/**
 * What a program module exports, or what the function that it exports as default returns. That function is called
 * once in each worker with the worker's thread: code that captures the thread there lets V8 see it, and all that
 * hangs off it, as constants, which makes raw-level loops about three times as fast as code that gets it as an
 * argument.
 *
 * Every function runs attached in a worker and must not be async: while it runs, its thread is a thread of the
 * runtime.
 */
export interface Program {
  /** Thread 0, before the others start. */
  // biome-ignore lint/suspicious/noExplicitAny: the host chooses the arguments
  setup?(t: Thread, args: any): Shared | undefined;
  /** Every thread. What it returns must be cloneable. */
  // biome-ignore lint/suspicious/noExplicitAny: a program declares the names that its own setup makes
  run(t: Thread, shared: any, args: any): unknown;
  /** Thread 0, after all threads have returned from `run`; its result comes with the run's report. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  teardown?(t: Thread, shared: any, args: any): unknown;
  /** Bodies of Python functions, for `t.function(name)`; made once in each worker. */
  functions?(t: Thread): Bodies;
  /** `raw`: `shared` holds references (numbers), borrowed for the run. Default: handles. */
  level?: 'raw' | 'handles';
}

/** What a worker is asked to do. */
export interface RunTask {
  readonly program: string;
  /** Number of the thread in this run, from 0. */
  readonly index: number;
  readonly args: unknown;
}

export type TaskResult =
  | {
      readonly kind: 'done';
      readonly result: unknown;
      readonly teardown: unknown;
      readonly counters: number[];
    }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'error'; readonly error: { name: string; message: string; stack: string } };

/**
 * One thread's part of a run. Never throws: an error of the program ends the run for everybody and comes back as
 * a result. After an error or an abort the thread does not exit in order: the runtime is shut down.
 */
export function runProgram(thread: Thread, program: Program, task: RunTask): TaskResult {
  try {
    return execute(thread, program, task);
  } catch (error) {
    if (error instanceof RunAborted) return { kind: 'aborted' };
    return failProgram(thread.memory, task.index, error);
  }
}

/** A program that could not even be loaded ends the run as one that threw. */
export function failProgram(memory: SharedMemory, index: number, error: unknown): TaskResult {
  abortRun(memory, AbortReason.Error, index);
  return { kind: 'error', error: describe(error) };
}

/** Tells every thread of the run to leave: at its next safepoint, or out of whatever it waits for. Any thread. */
export function abortRun(memory: SharedMemory, reason: AbortReason, index: number): void {
  const heap = memory.i32;
  if (Atomics.compareExchange(heap, Control.Abort, AbortReason.None, reason) !== AbortReason.None) return;
  Atomics.store(heap, Control.AbortThread, index);
  for (let other = 0; other < Geometry.ThreadSlots; other++) {
    setBreaker(heap, threadBlock(other), EvalBreaker.AsyncException);
  }
  futexWake(heap, Control.GilLocked, Number.POSITIVE_INFINITY);
}

function execute(thread: Thread, program: Program, task: RunTask): TaskResult {
  const first = task.index === 0;
  thread.start(task.index, bodiesOf(thread, program));
  if (first) thread.scope(() => publish(thread, program.setup?.(thread, task.args) ?? {}));
  thread.barrier();
  const result = thread.scope(() => program.run(thread, importShared(thread, program), task.args));
  if (result instanceof Promise) {
    throw new TypeError(
      "a program's functions must not be async: a thread that waits for JavaScript is lost",
    );
  }
  thread.barrier();
  const teardown =
    first && program.teardown !== undefined
      ? thread.scope(() => program.teardown?.(thread, importShared(thread, program), task.args))
      : undefined;
  thread.calls.releaseDefined();
  thread.barrier();
  if (first) unpublish(thread);
  const counters = thread.counters();
  thread.exit();
  return { kind: 'done', result, teardown, counters };
}

function bodiesOf(thread: Thread, program: Program): Bodies {
  return thread.memo(program, () => program.functions?.(thread) ?? {});
}

/** Thread 0: the shared names become a dict, as a module's globals are; the dict keeps them for the run. */
function publish(thread: Thread, shared: Shared): void {
  const globals = thread.dicts.create();
  for (const [name, value] of Object.entries(shared)) {
    const key = thread.strings.intern(name);
    const ref = value instanceof Handle ? value.ref : value;
    thread.dicts.set(globals, key, ref);
    if (!(value instanceof Handle)) thread.refs.decref(ref);
  }
  Atomics.store(thread.i32, Control.RunGlobals, globals);
}

/** The shared names as this thread's program wants them; the references live as long as the current scope. */
function importShared(thread: Thread, program: Program): Record<string, unknown> {
  const globals = Atomics.load(thread.i32, Control.RunGlobals);
  const shared: Record<string, unknown> = {};
  for (let at = thread.dicts.next(globals, 0); at >= 0; at = thread.dicts.next(globals, at)) {
    const name = thread.strings.text(thread.dicts.lastKey);
    thread.refs.decref(thread.dicts.lastKey);
    const value = thread.dicts.lastValue;
    if (program.level === 'raw') {
      thread.handles.adopt(value);
      shared[name] = value;
    } else {
      shared[name] = thread.handles.take(value);
    }
  }
  return shared;
}

function unpublish(thread: Thread): void {
  const globals = Atomics.exchange(thread.i32, Control.RunGlobals, 0);
  thread.refs.decref(globals);
}

function describe(error: unknown): { name: string; message: string; stack: string } {
  if (error instanceof Error) {
    return { name: error.name, message: error.message, stack: error.stack ?? String(error) };
  }
  return { name: 'thrown value', message: String(error), stack: `    ${String(error)}` };
}
