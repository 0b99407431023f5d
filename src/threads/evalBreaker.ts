import { Control, type EvalBreaker, ThreadBlock } from '../memory/layout.js';

/** Address of the block of the thread in this slot. */
export function threadBlock(slot: number): number {
  return Control.Threads + slot * ThreadBlock.Words;
}

/** Owner id of the objects of the thread with this block: odd, never a multiple of 4 as addresses are, never 0. */
export function ownerId(block: number): number {
  return 2 * slotOf(block) + 1;
}

/** Slot of the thread with this block. */
export function slotOf(block: number): number {
  return (block - Control.Threads) / ThreadBlock.Words;
}

/** Asks a thread to do something at its next safepoint. Any thread, any state. */
export function setBreaker(heap: Int32Array, block: number, bit: EvalBreaker): void {
  Atomics.or(heap, block + ThreadBlock.Breaker, bit);
}

/** Takes a request back, or notes that it is being served. */
export function clearBreaker(heap: Int32Array, block: number, bit: EvalBreaker): void {
  Atomics.and(heap, block + ThreadBlock.Breaker, ~bit);
}
