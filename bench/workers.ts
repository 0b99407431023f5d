import { Worker } from 'node:worker_threads';

/**
 * What the module at `url` posts, run in a worker of its own, so that V8 compiles its loops by nothing else. null once
 * the signal is aborted; rejects if the worker fails, or ends without a word.
 */
export function runWorker<T>(url: URL, data: unknown, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { workerData: data });
    const end = (): void => {
      resolve(null);
      void worker.terminate();
    };
    signal.addEventListener('abort', end, { once: true });
    worker.once('message', (message: T) => resolve(message));
    worker.once('error', reject);
    worker.once('exit', (code) => {
      signal.removeEventListener('abort', end);
      reject(new Error(`the worker of ${url.pathname} ended with status ${code} and no result`));
    });
  });
}
