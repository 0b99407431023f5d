import { RunAborted } from '../memory/errors.js';
import type { GcOptions } from '../runtime/gcOptions.js';
import { Runtime } from '../runtime/runtime.js';
import type { ThreadRecording } from '../runtime/tracing/recording.js';
import type { WorkloadArgs } from './program.js';

/** What to record. */
export interface TraceOptions {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  /** Milliseconds of the stretch, and of the same work in front of it, unrecorded. */
  readonly timeMs: number;
  readonly warmupMs: number;
  /** Bytes of the shared memory. */
  readonly memoryBytes: number;
  /** The GIL's switch interval in milliseconds; CPython's if left out. */
  readonly switchInterval?: number;
  /** The collector's settings; CPython's if left out. */
  readonly gc?: GcOptions;
}

/** What came of it. */
export interface TraceRun {
  readonly options: TraceOptions;
  /** Of the threads that got so far. */
  readonly recordings: readonly ThreadRecording[];
  /** False: the run was interrupted; the recordings end there. */
  readonly complete: boolean;
  /** What was wrong with the workload's own result; null if it was right. */
  readonly wrong: string | null;
  /** Errors that nobody could catch, each with its thread and object. */
  readonly unraisable: readonly string[];
}

const PROGRAM = new URL('./traceProgram.js', import.meta.url);

/** Runs a workload on a build that records. Aborting `signal` ends the run and resolves. Throws what a run throws. */
export async function traceRun(options: TraceOptions, signal: AbortSignal): Promise<TraceRun> {
  const { workload, build, threads, timeMs, warmupMs } = options;
  const runtime = await Runtime.start({
    build,
    threads,
    memory: options.memoryBytes,
    instruments: 'traced',
    switchInterval: options.switchInterval ?? 5,
    gc: options.gc ?? {},
  });
  try {
    const args: WorkloadArgs = { workload, timeMs, warmupMs, repeats: 1 };
    const { results, teardown, unraisable } = await runtime.run(PROGRAM, { args, signal });
    const wrong = [...results, teardown].find((complaint) => complaint !== null) ?? null;
    return {
      options,
      recordings: runtime.recordings(),
      complete: true,
      wrong: wrong as string | null,
      unraisable,
    };
  } catch (error) {
    if (!(error instanceof RunAborted && signal.aborted)) throw error;
    return { options, recordings: runtime.recordings(), complete: false, wrong: null, unraisable: [] };
  } finally {
    await runtime.shutdown();
  }
}
