import { Worker } from 'node:worker_threads';
import type { WorkerAnswer, WorkerRequest } from './workerJob.js';

const ENTRY = new URL('../../workers/race.js', import.meta.url);

/** Loading a scenario's modules takes a tenth of this on a slow machine. */
const READY_MS = 30_000;

/** Workers that serve one setting after the other: to start one costs some 50 ms. */
export class WorkerCrew {
  private workers: Worker[] = [];

  /**
   * Gives each job to a worker of its own, and waits until all are ready. Throws Error where one cannot be: what
   * it says, or that it has died. Then the crew has been ended.
   */
  async assign(jobs: readonly WorkerRequest[]): Promise<void> {
    while (this.workers.length < jobs.length) this.workers.push(startWorker());
    try {
      await Promise.all(jobs.map((job, i) => this.send(this.workers[i], job)));
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Calls `hear` with what these workers say, until they end or the returned function is called. */
  listen(count: number, hear: (answer: WorkerAnswer) => void): () => void {
    const workers = this.workers.slice(0, count);
    for (const worker of workers) worker.on('message', hear);
    return () => {
      for (const worker of workers) worker.off('message', hear);
    };
  }

  /**
   * Resolves when these workers have answered that they have left their job. Rejects where one fails, dies, or takes
   * longer than `ms`.
   */
  async left(count: number, ms = READY_MS): Promise<void> {
    const workers = this.workers.slice(0, count);
    await Promise.all(
      workers.map((worker, t) => expectAnswer(worker, 'left', `the worker of thread ${t}`, ms)),
    );
  }

  /** Ends all workers, whatever they do. The crew can be used again. */
  async end(): Promise<void> {
    const { workers } = this;
    this.workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  private send(worker: Worker, job: WorkerRequest): Promise<void> {
    const ready = expectAnswer(worker, 'ready', `the worker of thread ${job.thread}`);
    worker.postMessage(job);
    return ready;
  }
}

function startWorker(): Worker {
  const worker = new Worker(ENTRY);
  worker.unref();
  // Errors are answers to whoever waits; one that comes between two jobs shows in the next.
  worker.on('error', () => {});
  worker.setMaxListeners(0);
  return worker;
}

/** Resolves when the worker sends this answer; rejects when it fails, dies or is silent. */
function expectAnswer(worker: Worker, kind: WorkerAnswer['kind'], who: string, ms = READY_MS): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error(`${who} does not answer`)), ms);
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.kind === 'failed') end(new Error(`${who} cannot run the scenario: ${answer.text}`));
      else if (answer.kind === kind) end(null);
    };
    const onExit = (): void => end(new Error(`${who} has died`));
    const onError = (error: Error): void => end(new Error(`${who} has died: ${error.message}`));
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('exit', onExit).off('error', onError);
      if (error === null) resolve();
      else reject(error);
    };
    worker.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}
