import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { median } from '../../src/report/statistics.js';

const PATTERNS = ['lifo', 'random'];
const ROUNDS = 75;
/** Rounds in front that only warm up. */
const WARM = 20;

/** A worker with its cases, see loops.ts. */
interface Bench {
  readonly allocator: string;
  readonly worker: Worker;
  readonly cases: readonly string[];
}

/**
 * Median nanoseconds a pair, by `ALLOCATOR CASE` (`gil lifo`). The cases of all allocators take turns, one at a time,
 * so that a drift of the machine meets them alike. null once the signal is aborted; rejects if a case fails.
 */
export async function measureLoops(
  allocators: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, number> | null> {
  const benches: Bench[] = [];
  try {
    for (const allocator of allocators) {
      for (const pattern of PATTERNS) benches.push(await start(allocator, pattern));
    }
    return await takeTurns(benches, signal);
  } finally {
    for (const { worker } of benches) await worker.terminate();
  }
}

async function start(allocator: string, pattern: string): Promise<Bench> {
  const worker = new Worker(new URL('./loops.js', import.meta.url), { workerData: [allocator, pattern] });
  const [cases] = (await once(worker, 'message')) as [string[]];
  return { allocator, worker, cases };
}

async function takeTurns(
  benches: readonly Bench[],
  signal: AbortSignal,
): Promise<Map<string, number> | null> {
  const times = new Map<string, number[]>();
  for (let round = -WARM; round < ROUNDS; round++) {
    for (const { allocator, worker, cases } of benches) {
      for (const name of cases) {
        if (signal.aborted) return null;
        const answer = once(worker, 'message') as Promise<[number]>;
        worker.postMessage(name);
        const [ns] = await answer;
        if (round < 0) continue;
        const key = `${allocator} ${name}`;
        times.set(key, [...(times.get(key) ?? []), ns]);
      }
    }
  }
  return new Map([...times].map(([name, own]) => [name, median(own)]));
}
