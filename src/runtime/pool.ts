import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { RunTask, TaskResult } from './program.js';

/** JavaScript heap of a worker: a runaway program dies within seconds, not when the machine is full. */
const WORKER_HEAP_MB = 1024;

/**
 * The workers of one runtime: exactly as many as threads, each with at most one task, so that no thread is ever
 * queued behind a blocked one. Workers live as long as the pool and are used again from run to run.
 */
export class WorkerPool {
  private readonly pool: Piscina<RunTask, TaskResult>;

  constructor(memory: SharedMemory, build: string, threads: number) {
    this.pool = new Piscina<RunTask, TaskResult>({
      filename: new URL('../../workers/thread.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { handle: memory.handle, build },
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
  }

  /** Runs a thread's part; rejects if its worker dies. */
  run(task: RunTask): Promise<TaskResult> {
    return this.pool.run(task);
  }

  /** Ends all workers, wherever they are. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}

/** Threads that this machine runs at once. */
export function processors(): number {
  return availableParallelism();
}
