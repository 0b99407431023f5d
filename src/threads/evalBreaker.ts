import { Control, type EvalBreaker, ThreadBlock } from '../memory/layout.js';

/** Address of the block of the thread in this slot. */
export function threadBlock(slot: number): number {
  return Control.Threads + slot * ThreadBlock.Words;
}

/** Asks a thread to do something at its next safepoint. Any thread, any state. */
export function setBreaker(heap: Int32Array, block: number, bit: EvalBreaker): void {
  Atomics.or(heap, block + ThreadBlock.Breaker, bit);
}

/** Takes a request back, or notes that it is being served. */
export function clearBreaker(heap: Int32Array, block: number, bit: EvalBreaker): void {
  Atomics.and(heap, block + ThreadBlock.Breaker, ~bit);
}
