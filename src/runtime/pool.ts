import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Build } from './builds.js';
import type { RunTask, TaskResult } from './program.js';

/**
 * The workers of one runtime: exactly as many as threads, each with at most one task, so that no thread is ever
 * queued behind a blocked one. Workers live as long as the pool and are used again from run to run.
 */
export class WorkerPool {
  private readonly pool: Piscina<RunTask, TaskResult>;
  private destroyed: Promise<void> | undefined;

  /** `heapMB`: JavaScript heap of a worker. */
  constructor(memory: SharedMemory, build: Build, threads: number, heapMB: number) {
    this.pool = new Piscina<RunTask, TaskResult>({
      filename: new URL('../../workers/thread.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // With Piscina's own waiting, an idle worker would run nothing that a program left behind before the next
      // run has begun, and the next program would be blamed for it.
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { handle: memory.handle, build },
      resourceLimits: { maxOldGenerationSizeMb: heapMB },
    });
    // A worker that ends without a task (a timer that an earlier program left behind threw) harms nobody: its
    // thread has exited, and the pool has put another worker in its place.
    this.pool.on('error', () => {});
  }

  /** Runs a thread's part; rejects if its worker dies. */
  run(task: RunTask): Promise<TaskResult> {
    return this.pool.run(task);
  }

  /** Ends all workers, wherever they are. Harmless when done already, or under way. */
  destroy(): Promise<void> {
    this.destroyed ??= this.pool.destroy();
    return this.destroyed;
  }
}

/** Threads that this machine runs at once. */
export function processors(): number {
  return availableParallelism();
}
