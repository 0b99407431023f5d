import { describe, expect, it } from 'vitest';
import type { Result } from '#ungil/report/results.js';
import { countForeignFrees } from '../../dist/bench/allocators/countFrees.js';
import { priceOfHeaps } from '../../dist/bench/allocators/scaling.js';
import { SUITES } from '../../dist/bench/suites.js';
import { runWorker } from '../../dist/bench/workers.js';

function result(workload: string, build: string, nsPerOp: number): Result {
  return { workload, build, threads: 1, nsPerOp } as Result;
}

describe('the suites', () => {
  it('have names and say what they measure', () => {
    const names = SUITES.map(({ name }) => name);
    expect(names).toContain('primitives');
    expect(names).toContain('allocators');
    expect(new Set(names).size).toBe(names.length);
    for (const { about } of SUITES) expect(about).not.toBe('');
  });
});

describe('the count of atomic operations', () => {
  it('finds a load and an exchange in a usual free of a foreign block, and puts Atomics back', () => {
    const real = globalThis.Atomics;
    const counts = countForeignFrees();
    expect(globalThis.Atomics).toBe(real);
    // Fewer cannot be: the page's list belongs to two threads.
    expect(counts.median).toBeGreaterThanOrEqual(2);
    expect(counts.median).toBeLessThanOrEqual(3);
    expect(counts.mean).toBeLessThan(3);
    // The first free to a full page tells the heap.
    expect(counts.most).toBeGreaterThan(3);
  });
});

describe('the price of heaps', () => {
  it('is a geometric mean over the workloads that both builds ran', () => {
    const results = [
      result('larson', 'gil', 10),
      result('larson', 'free-threaded', 20),
      result('mstress', 'gil', 10),
      result('mstress', 'free-threaded', 5),
      result('rptest', 'gil', 10),
    ];
    expect(priceOfHeaps(results)).toEqual({ mean: 1, worst: 'worst larson with 2.00' });
  });
});

describe('a worker of a suite', () => {
  const module = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
  const never = new AbortController().signal;

  it('gives what it posts', async () => {
    const url = module(`import { parentPort, workerData } from 'node:worker_threads';
      parentPort.postMessage(workerData + 1);`);
    expect(await runWorker<number>(url, 41, never)).toBe(42);
  });

  it('rejects with its error, and where it ends without a word', async () => {
    await expect(runWorker(module('throw new Error("broken loop")'), 0, never)).rejects.toThrow(
      'broken loop',
    );
    await expect(runWorker(module('process.exit(3)'), 0, never)).rejects.toThrow('ended with status 3');
  });

  it('is ended by the signal', async () => {
    const controller = new AbortController();
    const running = runWorker(module('setInterval(() => {}, 1000)'), 0, controller.signal);
    controller.abort();
    expect(await running).toBeNull();
    expect(await runWorker(module('0'), 0, controller.signal)).toBeNull();
  });
});
