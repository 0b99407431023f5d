import { Worker } from 'node:worker_threads';
import type { MemoryHandle } from '#ungil/memory/sharedMemory.js';

/** What a fixture's default export is called with. */
export interface WorkerContext {
  handle: MemoryHandle;
  /** 0 to `n - 1`. */
  index: number;
  n: number;
  args: unknown;
}

const MAIN = new URL('./workerMain.mjs', import.meta.url);

/**
 * Runs `test/fixtures/NAME.mjs` in `n` workers at once; resolves to their results, in the order of their indexes.
 * Rejects with the first error, or when `limitMs` has passed; in any case no worker is left.
 */
export async function runWorkers<T>(
  name: string,
  handle: MemoryHandle,
  n: number,
  args: unknown = {},
  limitMs = 20_000,
): Promise<T[]> {
  const fixture = new URL(`../fixtures/${name}.mjs`, import.meta.url).href;
  const workers: Worker[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: workers not done in ${limitMs} ms`)), limitMs);
  });
  try {
    const results: Promise<T>[] = [];
    for (let index = 0; index < n; index++) {
      const context: WorkerContext = { handle, index, n, args };
      const worker = new Worker(MAIN, { workerData: { fixture, context } });
      workers.push(worker);
      results.push(resultOf<T>(worker));
    }
    return await Promise.race([Promise.all(results), late]);
  } finally {
    clearTimeout(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Looks at shared memory until `condition` holds; rejects after `limitMs`. */
export async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`condition not reached in ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function resultOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: { result?: T; error?: unknown }) => {
      if ('error' in message) reject(message.error);
      else resolve(message.result as T);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`worker exited with ${code} before its result`)));
  });
}
