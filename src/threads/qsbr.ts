import { Control, Counter, EvalBreaker, ThreadBlock } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { setBreaker, slotOf, threadBlock } from './evalBreaker.js';

/** Batching of goals, CPython 3.14 (gh-133136). */
const enum QsbrLimit {
  Items = 127,
  Bytes = 1 << 20,
  PageBytes = 20 * 4096,
}

/**
 * Quiescent-state-based reclamation (CPython `Python/qsbr.c`, after FreeBSD's Global Unbounded Sequences), seen by
 * one thread. The shared write sequence is odd and grows by 2; each thread publishes the last one it has observed
 * at a point where it held no borrowed pointer, 0 while it is offline. A goal is reached once every online thread
 * has observed it.
 *
 * Writer: unlink, take a goal, free when `poll(goal)`. Reader: carry no raw pointer across a quiescent point.
 * Sequences are 32-bit and wrap; they are compared by the sign of their difference, which is right as long as no
 * goal waits for 2^30 advances.
 */
export class Qsbr {
  protected readonly i32: Int32Array;
  protected readonly slot: number;
  /**
   * The write sequence this thread has last observed, also published in its slot while it is online. The poll of
   * the interpreter loop compares it with a racy read of `Control.WriteSequence`.
   */
  observed = 0;

  /** `block`: address of the thread's `ThreadBlock`. */
  constructor(
    memory: SharedMemory,
    protected readonly block: number,
  ) {
    this.i32 = memory.i32;
    this.slot = block + ThreadBlock.QsbrSequence;
  }

  /** The write sequence now. */
  current(): number {
    return Atomics.load(this.i32, Control.WriteSequence);
  }

  /** Starts a new grace period; returns its goal. After the data was unlinked. */
  advance(): number {
    this.i32[this.block + ThreadBlock.Counters + Counter.GracePeriods]++;
    return (Atomics.add(this.i32, Control.WriteSequence, 2) + 2) | 0;
  }

  /**
   * The goal for one item of `bytes`. The sequence itself advances only once for a batch (more than 127 items or
   * 1 MiB); until then the goal lies in the future (PIT-5.4), and somebody's next advance makes it reachable.
   */
  deferredAdvance(bytes: number): number {
    const heap = this.i32;
    const block = this.block;
    const count = heap[block + ThreadBlock.DeferredCount] + 1;
    const memory = heap[block + ThreadBlock.DeferredMemory] + bytes;
    const due = count > QsbrLimit.Items || memory > QsbrLimit.Bytes;
    heap[block + ThreadBlock.DeferredCount] = due ? 0 : count;
    heap[block + ThreadBlock.DeferredMemory] = due ? 0 : memory;
    return due ? this.advanceAndProcess() : this.next();
  }

  /** The goal for an empty page of `bytes`; these have a budget of their own (80 KiB). */
  deferredAdvanceForPage(bytes: number): number {
    const heap = this.i32;
    const word = this.block + ThreadBlock.DeferredPageMemory;
    const memory = heap[word] + bytes;
    const due = memory > QsbrLimit.PageBytes;
    heap[word] = due ? 0 : memory;
    return due ? this.advanceAndProcess() : this.next();
  }

  /** Reports that this thread holds no pointer borrowed before now. Own thread, online. */
  quiescentState(): void {
    const heap = this.i32;
    const sequence = Atomics.load(heap, Control.WriteSequence);
    Atomics.store(heap, this.slot, sequence);
    this.observed = sequence;
  }

  /** Comes online. Later reads see everything that was unlinked before a goal that did not count this thread. */
  attach(): void {
    const heap = this.i32;
    this.raiseSlots();
    const sequence = Atomics.load(heap, Control.WriteSequence);
    // The store and the scanner's loads are in one total order (PIT-5.1): a scanner that misses this thread had
    // its data unlinked before this thread's first read.
    Atomics.store(heap, this.slot, sequence);
    this.observed = sequence;
  }

  /** Goes offline: nobody waits for this thread. It holds no borrowed pointer. */
  detach(): void {
    Atomics.store(this.i32, this.slot, 0);
  }

  /** True once every thread has been offline or has observed the goal since it was set. Any thread state. */
  poll(goal: number): boolean {
    const heap = this.i32;
    if (reached(goal, Atomics.load(heap, Control.ReadSequence))) return true;
    const sequence = Atomics.load(heap, Control.WriteSequence);
    // A deferred goal that nobody has advanced to: no scan can reach it.
    if (!reached(goal, sequence)) return false;
    const minimum = this.scan(sequence);
    this.publish(minimum);
    return reached(goal, minimum);
  }

  // --- Steps ---

  /** The first sequence that nobody can have observed yet. */
  protected next(): number {
    return (this.current() + 2) | 0;
  }

  private advanceAndProcess(): number {
    setBreaker(this.i32, this.block, EvalBreaker.ProcessDelayed);
    return this.advance();
  }

  /** Before the slot first becomes visible: scanners look at slots below the mark only. */
  protected raiseSlots(): void {
    const heap = this.i32;
    const needed = slotOf(this.block) + 1;
    let slots = Atomics.load(heap, Control.QsbrSlots);
    while (slots < needed) {
      const seen = Atomics.compareExchange(heap, Control.QsbrSlots, slots, needed);
      if (seen === slots) return;
      slots = seen;
    }
  }

  /** The least sequence that an online thread has observed, at most `minimum`. */
  protected scan(minimum: number): number {
    const heap = this.i32;
    const slots = Atomics.load(heap, Control.QsbrSlots);
    for (let slot = 0; slot < slots; slot++) {
      const sequence = Atomics.load(heap, threadBlock(slot) + ThreadBlock.QsbrSequence);
      if (sequence !== 0 && ((sequence - minimum) | 0) < 0) minimum = sequence;
    }
    return minimum;
  }

  /** Raises the cached minimum; one failure means that somebody else has just done so. */
  private publish(minimum: number): void {
    const heap = this.i32;
    const known = Atomics.load(heap, Control.ReadSequence);
    if (((minimum - known) | 0) > 0) Atomics.compareExchange(heap, Control.ReadSequence, known, minimum);
  }
}

/** goal <= sequence, on the circle of 32-bit numbers. */
export function reached(goal: number, sequence: number): boolean {
  return ((goal - sequence) | 0) <= 0;
}
