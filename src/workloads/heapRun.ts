import type { DomainNames } from '../allocators/domains/spec.js';
import type { HeapExamination } from '../runtime/examine.js';
import type { LeakRecord } from '../runtime/leaks.js';
import { Runtime } from '../runtime/runtime.js';
import type { WorkloadArgs } from './program.js';

/** A program to run, and how. */
export interface HeapRequest {
  /** A workload's name, or a program module's path. */
  readonly program: { readonly workload: string } | { readonly file: string };
  readonly build: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** Milliseconds that a workload runs. */
  readonly timeMs: number;
  /** Given to a program module's functions. */
  readonly args: readonly string[];
  readonly check: boolean;
  readonly debug: boolean;
  /** Other allocators than the build's own. */
  readonly allocators?: DomainNames;
}

/** The heap of one run. */
export interface HeapRun {
  readonly build: string;
  readonly threads: number;
  /** At the end of `run`: all threads wait, everything is alive. */
  readonly during: HeapExamination;
  /** When all threads have exited: caches, what waits, what was forgotten. */
  readonly after: HeapExamination;
  readonly leaks: readonly LeakRecord[];
  /** Errors that nobody could catch, each with its thread and object. */
  readonly unraisable?: readonly string[];
}

const WORKLOAD_PROGRAM = new URL('./program.js', import.meta.url);

/** Runs the program once and looks at its heap. Throws what the run throws; RunAborted when `signal` is aborted. */
export async function heapRun(request: HeapRequest, signal: AbortSignal): Promise<HeapRun> {
  const { build, threads, debug, check } = request;
  const runtime = await Runtime.start({
    build,
    threads,
    memory: request.memoryBytes,
    debug,
    allocators: request.allocators ?? 'default',
  });
  try {
    const [program, args] = programOf(request);
    const { heap, unraisable } = await runtime.run(program, { args, signal, examine: { check } });
    if (heap === undefined) throw new Error('the run came back without the state of its heap');
    const after = await runtime.examine(check);
    return { build, threads, during: heap, after, leaks: runtime.leaks(), unraisable };
  } finally {
    await runtime.shutdown();
  }
}

function programOf({ program, args, timeMs }: HeapRequest): [string | URL, unknown] {
  if ('file' in program) return [program.file, args];
  const workload: WorkloadArgs = { workload: program.workload, timeMs, warmupMs: 0, repeats: 1 };
  return [WORKLOAD_PROGRAM, workload];
}
