/**
 * What two threads can do on this machine at best: bare loops over memory of their own, alone and side by side. A
 * program of the runtime, run with one thread and with two.
 */
import type { Thread } from '../../src/runtime/thread.js';

export const level = 'raw';

const WORDS = 4096;
const CALL = 100_000;

/** Rounds of the loop a second. */
export function run(t: Thread, _shared: unknown, args: { timeMs: number }): number {
  const own = new Int32Array(WORDS);
  spin(own, args.timeMs / 2);
  t.barrier();
  return spin(own, args.timeMs);
}

function spin(own: Int32Array, timeMs: number): number {
  const start = performance.now();
  let rounds = 0;
  let elapsed = 0;
  while (elapsed < timeMs) {
    turn(own);
    rounds += CALL;
    elapsed = performance.now() - start;
  }
  if (own.reduce((sum, value) => sum + value, 0) !== rounds) own[0] += 1;
  return (rounds / elapsed) * 1000;
}

function turn(own: Int32Array): void {
  for (let i = 0; i < CALL; i++) own[i % WORDS]++;
}
