import { MemoryError } from '../memory/errors.js';
import { Control } from '../memory/layout.js';
import type { Thread } from './thread.js';

/** Collections at the end of a run, at most: finalisers may make garbage, and objects that they have kept may go next. */
const ROUNDS = 8;

/**
 * What each thread of a run does when none has a function on its stack any more; behind it only what somebody forgot
 * is alive. Thread 0 is `first`. Attached, holding nothing.
 */
export function endRun(thread: Thread, first: boolean): void {
  if (thread.collects) collectAtEnd(thread, first);
  else releaseAtEnd(thread, first);
}

/**
 * With a collector (CPython `finalize_modules`): caches, code objects, the run's globals go, and then all that is
 * garbage. The thread that collects runs the finalisers; it has its frames and the program's functions still.
 */
function collectAtEnd(thread: Thread, first: boolean): void {
  thread.calls.releaseCodes();
  thread.globals.unbind();
  thread.threadLocals.release();
  if (first) unpublish(thread);
  thread.barrier();
  if (first) collectAll(thread);
  thread.barrier();
}

function collectAll(thread: Thread): void {
  thread.gc.unfreeze();
  thread.gc.raw.dropLists();
  for (let round = 0; round < ROUNDS && collectOnce(thread); round++) {
    thread.calls.releaseCodes();
    thread.gc.raw.dropLists();
  }
}

/** False: nothing is left that another collection could free. */
function collectOnce(thread: Thread): boolean {
  try {
    thread.collector.collect(2, 'shutdown');
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    thread.unraisable.reportWithout(error, 'garbage collection at the end of the run');
    return false;
  }
  const { last } = thread.collector;
  return last !== null && (last.collected > last.uncollectable || last.resurrected > 0);
}

/** Without one: what only a collector could free is freed by name. */
function releaseAtEnd(thread: Thread, first: boolean): void {
  thread.threadLocals.release();
  thread.calls.releaseDefined();
  if (first) unpublish(thread);
  if (first) thread.gc.raw.dropLists();
  thread.barrier();
  if (first) thread.releaseUniqueIds();
}

/** The run's globals are nobody's any more. */
function unpublish(thread: Thread): void {
  const globals = Atomics.exchange(thread.i32, Control.RunGlobals, 0);
  thread.refs.decref(globals);
  thread.types.releaseBuiltins();
}
