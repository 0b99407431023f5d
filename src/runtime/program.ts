import type { GcJournalData } from '../gc/journal.js';
import { AbortReason, Control, EvalBreaker, Geometry } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { futexWake } from '../sync/futex.js';
import { setBreaker, threadBlock } from '../threads/evalBreaker.js';
import type { Bodies } from './calls.js';
import { endRun } from './endOfRun.js';
import type { ExamineHeap, HeapExamination } from './examine.js';
import type { Value } from './handle.js';
import type { Thread } from './thread.js';
import type { ThreadRecording } from './tracing/recording.js';

/**
 * What `setup` makes for all threads, by name: values and handles; at the raw level numbers are references, whose
 * counts it gives away.
 */
export type Shared = Record<string, Value>;

/**
 * What a program module exports, or what the function that it exports as default returns. That function is called
 * once in each worker with the worker's thread, before that is attached: it may keep the thread, not use it yet.
 * Code that captures the thread there lets V8 see it, and all that hangs off it, as constants, which makes raw-level
 * loops about three times as fast as code that gets it as an argument.
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
  /** Thread 0 looks at the heap when all have returned from `run` and what they hold is alive; with a check or not. */
  readonly examine?: { readonly check: boolean } | undefined;
}

/** `trace`: in builds that record what threads do. */
export type TaskResult = Outcome & { readonly trace?: ThreadRecording };

type Outcome =
  | {
      readonly kind: 'done';
      readonly result: unknown;
      readonly teardown: unknown;
      readonly counters: number[];
      readonly gilWaits: number[];
      readonly gc: GcJournalData;
      readonly unraisable: string[];
      readonly heap?: HeapExamination;
    }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'error'; readonly error: { name: string; message: string; stack: string } };

/**
 * One thread's part of a run. Never throws: an error of the program ends the run for everybody and comes back as
 * a result. After an error or an abort the thread does not exit in order: the runtime is shut down. `examine`: for
 * a task that asks for it.
 */
export function runProgram(
  thread: Thread,
  program: Program,
  task: RunTask,
  examine?: ExamineHeap,
): TaskResult {
  const outcome = attempt(thread, program, task, examine);
  const trace = thread.recorder?.take(task.index) ?? null;
  return trace === null ? outcome : { ...outcome, trace };
}

function attempt(thread: Thread, program: Program, task: RunTask, examine?: ExamineHeap): Outcome {
  try {
    return execute(thread, program, task, examine);
  } catch (error) {
    return failProgram(thread.memory, task.index, error);
  }
}

/**
 * Ends the run because this thread's program threw, or could not even be loaded. An error in a run that has ended
 * already is no cause but a consequence: clean-up that found things half done.
 */
export function failProgram(memory: SharedMemory, index: number, error: unknown): TaskResult {
  if (!abortRun(memory, AbortReason.Error, index)) return { kind: 'aborted' };
  return { kind: 'error', error: describe(error) };
}

/**
 * Tells every thread of the run to leave: at its next safepoint, or out of whatever it waits for. Any thread.
 * False: the run had been told before, for another reason.
 */
export function abortRun(memory: SharedMemory, reason: AbortReason, index: number): boolean {
  const heap = memory.i32;
  if (Atomics.compareExchange(heap, Control.Abort, AbortReason.None, reason) !== AbortReason.None) {
    return false;
  }
  Atomics.store(heap, Control.AbortThread, index);
  for (let other = 0; other < Geometry.ThreadSlots; other++) {
    setBreaker(heap, threadBlock(other), EvalBreaker.AsyncException);
  }
  futexWake(heap, Control.GilLocked, Number.POSITIVE_INFINITY);
  return true;
}

function execute(thread: Thread, program: Program, task: RunTask, examine?: ExamineHeap): Outcome {
  const first = task.index === 0;
  thread.start(task.index, bodiesOf(thread, program));
  if (first) thread.scope(() => publish(thread, program, setUp(thread, program, task.args)));
  thread.barrier();
  let heap: HeapExamination | undefined;
  const result = thread.scope(() => {
    const returned = program.run(thread, importShared(thread, program), task.args);
    heap = lookAtHeap(thread, task, examine);
    return returned;
  });
  refusePromise(result, 'run');
  checkCloneable(result);
  thread.barrier();
  const teardown = first ? tearDown(thread, program, task.args) : undefined;
  // From here no thread has a function on its stack.
  thread.barrier();
  endRun(thread, first);
  const counters = thread.counters();
  const gilWaits = thread.gilWaits();
  thread.exit();
  const gc = thread.collector.journal.data();
  const unraisable = thread.unraisable.texts();
  return {
    kind: 'done',
    result,
    teardown,
    counters,
    gilWaits,
    gc,
    unraisable,
    ...(heap === undefined ? {} : { heap }),
  };
}

/** Within the scope of `run`, so that its handles are alive. The others wait at the second barrier. */
function lookAtHeap(thread: Thread, task: RunTask, examine?: ExamineHeap): HeapExamination | undefined {
  if (task.examine === undefined) return undefined;
  thread.barrier();
  const first = task.index === 0 && examine !== undefined;
  const heap = first ? examine(thread.memory, thread.build, task.examine.check) : undefined;
  thread.barrier();
  return heap;
}

function setUp(thread: Thread, program: Program, args: unknown): Shared {
  const shared: Shared = program.setup?.(thread, args) ?? {};
  refusePromise(shared, 'setup');
  return shared;
}

function tearDown(thread: Thread, program: Program, args: unknown): unknown {
  if (program.teardown === undefined) return undefined;
  const result = thread.scope(() => program.teardown?.(thread, importShared(thread, program), args));
  refusePromise(result, 'teardown');
  checkCloneable(result);
  return result;
}

/** Throws DataCloneError here, with the thread's stack; the pool would lose the worker over it. */
function checkCloneable(result: unknown): void {
  const kind = typeof result;
  if (kind === 'object' || kind === 'function' || kind === 'symbol') structuredClone(result);
}

/** Whatever the promise comes to is nobody's: an unhandled rejection would end the worker. */
function refusePromise(result: unknown, name: string): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {});
  throw new TypeError(
    `the program's function '${name}' must not be async: its thread cannot wait for JavaScript`,
  );
}

function bodiesOf(thread: Thread, program: Program): Bodies {
  return thread.memo(program, () => program.functions?.(thread) ?? {});
}

/** Thread 0: the shared names become a dict, as a module's globals are; the dict keeps them for the run. */
function publish(thread: Thread, program: Program, shared: Shared): void {
  const globals = thread.dicts.create();
  for (const [name, value] of Object.entries(shared)) {
    const key = thread.strings.intern(name);
    const given = program.level === 'raw' && typeof value === 'number';
    const ref = given ? value : thread.handles.toRef(value);
    thread.dicts.set(globals, key, ref);
    thread.refs.decref(ref);
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

function describe(error: unknown): { name: string; message: string; stack: string } {
  if (error instanceof Error) {
    return { name: error.name, message: error.message, stack: error.stack ?? String(error) };
  }
  return { name: 'thrown value', message: String(error), stack: `    ${String(error)}` };
}
