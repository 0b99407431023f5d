/** Every error class of the runtime, with the code that scripts can test. */

/** An allocation could not be served. The heap stays consistent; the request had no effect. */
export class MemoryError extends Error {
  readonly code = 'UNGIL_MEMORY';
  override readonly name = 'MemoryError';
  constructor(
    /** Bytes asked for. */
    readonly requested: number,
    /** The arena that was full: 'segments', 'pymalloc', ... */
    readonly arena: string,
    /** Bytes handed out when the request came. */
    readonly inUse: number,
    /** Bytes that the arena can hand out in all. */
    readonly limit: number,
  ) {
    super(
      `out of memory: ${requested} bytes requested from ${arena}, ${inUse} of ${limit} bytes in use; ` +
        'a larger memory (option memory, --memory) may help',
    );
  }
}

/** The run was ended from outside: another thread failed, a worker died, or the host interrupted. */
export class RunAborted extends Error {
  readonly code = 'UNGIL_ABORTED';
  override readonly name = 'RunAborted';
  constructor(
    readonly reason: 'error' | 'died' | 'interrupt',
    /** What threads were doing that may have held it up, with the threads and objects; empty if nothing. */
    readonly during = '',
  ) {
    const text =
      reason === 'interrupt'
        ? 'the run was interrupted'
        : reason === 'died'
          ? 'the run was ended because a worker died'
          : 'the run was ended because another thread failed';
    super(during === '' ? text : `${text}; ${during}`);
  }
}

/** An operation of Python's semantics failed: the class of error is in `kind`. */
export class PythonError extends Error {
  readonly code = 'UNGIL_PYTHON';
  constructor(
    readonly kind:
      | 'IndexError'
      | 'KeyError'
      | 'TypeError'
      | 'ValueError'
      | 'AttributeError'
      | 'OverflowError'
      | 'RuntimeError',
    message: string,
  ) {
    super(message);
    this.name = kind;
  }
}

/** An internal invariant does not hold: a bug in the runtime or in a raw-level program. */
export class FatalError extends Error {
  readonly code = 'UNGIL_FATAL';
  override readonly name = 'FatalError';
}

/** What a debug hook can find. */
export type DebugFinding =
  | 'double free'
  | 'foreign-domain free'
  | 'underrun'
  | 'overrun'
  | 'use after free'
  | 'free of no block';

/** What is known of the block that a debug hook complains about; null where the block does not tell any more. */
export interface DebugDetails {
  readonly finding: DebugFinding;
  /** One phrase: what happened to which bytes. */
  readonly what: string;
  /** Word address, as the program knows it. */
  readonly address: number;
  /** Bytes asked for. */
  readonly bytes: number | null;
  readonly serial: number | null;
  /** Where it was allocated, and by whom. */
  readonly place: string | null;
  readonly allocatedBy: string | null;
  /** By whom it was freed, if it was. */
  readonly freedBy: string | null;
  /** The thread that found out. */
  readonly detectedBy: string;
}

/** A debug hook (`--allocator debug`) found memory corrupted: a bug in the runtime or in a raw-level program. */
export class DebugError extends Error {
  readonly code = 'UNGIL_DEBUG';
  override readonly name = 'DebugError';
  constructor(readonly details: DebugDetails) {
    const { finding, what, address, bytes, serial, place, allocatedBy, freedBy } = details;
    const block = [
      `block ${Number.isInteger(address) && address >= 0 ? `0x${address.toString(16)}` : address}`,
      bytes === null ? 'size unknown' : `${bytes} bytes`,
      serial === null ? '' : `serial number ${serial}`,
      place === null ? 'place of allocation unknown' : `allocated by ${allocatedBy} at ${place}`,
      freedBy === null ? '' : `freed by ${freedBy}`,
    ].filter((part) => part !== '');
    super(`${finding}: ${what}; ${block.join(', ')}; found by ${details.detectedBy}`);
  }
}

/** A program of a run threw. The run is over and the runtime shut down; `cause` is what was thrown. */
export class ProgramError extends Error {
  readonly code = 'UNGIL_PROGRAM';
  override readonly name = 'ProgramError';
  constructor(
    /** Number of the thread that failed, from 0. */
    readonly thread: number,
    /** Name, message and stack as the thread saw them. */
    readonly original: { readonly name: string; readonly message: string; readonly stack: string },
  ) {
    super(`thread ${thread} failed: ${original.name}: ${original.message}`);
    this.stack = `${this.name}: ${this.message}\n  in thread ${thread}:\n${original.stack}`;
  }
}

/** A worker ended in the middle of a run (exit, out of memory, crash). The runtime is shut down. */
export class WorkerDied extends Error {
  readonly code = 'UNGIL_WORKER_DIED';
  override readonly name = 'WorkerDied';
  constructor(
    readonly thread: number,
    readonly reason: string,
  ) {
    super(`the worker of thread ${thread} died: ${reason}`);
  }
}

/** The runtime cannot do this now: it was shut down, or a run is in progress. */
export class RuntimeStateError extends Error {
  readonly code = 'UNGIL_STATE';
  override readonly name = 'RuntimeStateError';
}
