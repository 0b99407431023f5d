import { Control, Counter, ThreadBlock } from '../memory/layout.js';
import { futexWait } from '../sync/futex.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import type { Qsbr } from '../threads/qsbr.js';

/** A chunk of waiting blocks (CPython `_mem_work_chunk`): 254 items of address and goal. */
const enum Chunk {
  Next = 0,
  /** First item that is still waiting. */
  Read = 1,
  /** First item that is not in use. */
  Write = 2,
  Items = 4,
  ItemWords = 2,
  Capacity = 254,
  Words = Items + Capacity * ItemWords,
}

/** How long a thread without memory for a chunk sleeps between two looks at its goal. */
const GRACE_POLL_MS = 1;

/** What the queue needs of the allocator that it belongs to. */
export interface DelayedFreeTarget {
  /** A chunk's memory, 0 if there is none. */
  tryAllocChunk(words: number): number;
  /** Really frees: a queued block, or a chunk. */
  freeNow(address: number): void;
}

/**
 * Blocks that wait for a grace period (CPython `Objects/obmalloc.c`, `_PyMem_FreeDelayed`). Each thread has a
 * queue of chunks in its own words; what a thread leaves behind goes to the interpreter's queue, which whoever
 * processes next also serves. Goals in a thread's queue do not decrease (INV-5.3), so the head decides.
 */
export class DelayedFree {
  constructor(
    private readonly i32: Int32Array,
    private readonly block: number,
    private readonly qsbr: Qsbr,
    private readonly target: DelayedFreeTarget,
  ) {}

  start(): void {
    const heap = this.i32;
    heap[this.block + ThreadBlock.DelayedHead] = 0;
    heap[this.block + ThreadBlock.DelayedTail] = 0;
    heap[this.block + ThreadBlock.DeferredCount] = 0;
    heap[this.block + ThreadBlock.DeferredMemory] = 0;
    heap[this.block + ThreadBlock.DeferredPageMemory] = 0;
  }

  /** Queues a block of `bytes`, to be freed after a grace period. */
  add(address: number, bytes: number): void {
    const heap = this.i32;
    const chunk = this.chunkWithRoom();
    if (chunk === 0) {
      this.freeAfterGrace(address);
      return;
    }
    const index = heap[chunk + Chunk.Write];
    const item = chunk + Chunk.Items + index * Chunk.ItemWords;
    heap[item] = address;
    heap[item + 1] = this.qsbr.deferredAdvance(bytes);
    heap[chunk + Chunk.Write] = index + 1;
    heap[this.block + ThreadBlock.Counters + Counter.DelayedFrees]++;
    if (index + 1 === Chunk.Capacity) this.process();
  }

  /** Frees what is due, of this thread and of those that have left. */
  process(): void {
    const heap = this.i32;
    const headWord = this.block + ThreadBlock.DelayedHead;
    while (heap[headWord] !== 0 && this.drainChunk(heap[headWord])) {
      const chunk = heap[headWord];
      if (heap[chunk + Chunk.Next] === 0) {
        // The last chunk stays, empty, for the next item.
        heap[chunk + Chunk.Read] = 0;
        heap[chunk + Chunk.Write] = 0;
        break;
      }
      heap[headWord] = heap[chunk + Chunk.Next];
      this.target.freeNow(chunk);
    }
    this.processInterpreter();
  }

  /** Hands the queue over at thread exit and serves it at once (gh-130794). Own thread, offline. */
  abandon(): void {
    const heap = this.i32;
    const head = heap[this.block + ThreadBlock.DelayedHead];
    const tail = heap[this.block + ThreadBlock.DelayedTail];
    heap[this.block + ThreadBlock.DelayedHead] = 0;
    heap[this.block + ThreadBlock.DelayedTail] = 0;
    // Deferred goals of this thread become reachable: no later advance of its own will do it.
    this.qsbr.advance();
    if (head !== 0 && heap[head + Chunk.Write] === 0) this.target.freeNow(head);
    else if (head !== 0) this.giveToInterpreter(head, tail);
    this.processInterpreter();
  }

  // --- Steps ---

  /** The last chunk if it has room, else a new one; 0 if there is no memory for it. */
  private chunkWithRoom(): number {
    const heap = this.i32;
    const tail = heap[this.block + ThreadBlock.DelayedTail];
    if (tail !== 0 && heap[tail + Chunk.Write] < Chunk.Capacity) return tail;
    const chunk = this.target.tryAllocChunk(Chunk.Words);
    if (chunk === 0) return 0;
    heap[chunk + Chunk.Next] = 0;
    heap[chunk + Chunk.Read] = 0;
    heap[chunk + Chunk.Write] = 0;
    // Finding memory may have processed this queue: the tail is read again.
    const last = heap[this.block + ThreadBlock.DelayedTail];
    if (last === 0) heap[this.block + ThreadBlock.DelayedHead] = chunk;
    else heap[last + Chunk.Next] = chunk;
    heap[this.block + ThreadBlock.DelayedTail] = chunk;
    return chunk;
  }

  /** Frees from the chunk's head while goals are reached; true if the chunk is drained. */
  private drainChunk(chunk: number): boolean {
    const heap = this.i32;
    while (heap[chunk + Chunk.Read] < heap[chunk + Chunk.Write]) {
      const index = heap[chunk + Chunk.Read];
      const item = chunk + Chunk.Items + index * Chunk.ItemWords;
      if (!this.qsbr.poll(heap[item + 1])) return false;
      // Before freeing: freeing may come back here.
      heap[chunk + Chunk.Read] = index + 1;
      this.target.freeNow(heap[item]);
    }
    return true;
  }

  /**
   * Takes the whole queue, so that nothing is freed under the lock; what is not due goes back. A chunk whose head
   * is not due does not hold up the next: they come from different threads.
   */
  private processInterpreter(): void {
    const heap = this.i32;
    let chunk = this.takeFromInterpreter();
    while (chunk !== 0) {
      const next = heap[chunk + Chunk.Next];
      if (this.drainChunk(chunk)) this.target.freeNow(chunk);
      else this.giveToInterpreter(chunk, chunk);
      chunk = next;
    }
  }

  private takeFromInterpreter(): number {
    const heap = this.i32;
    if (Atomics.load(heap, Control.InterpreterDelayedHead) === 0) return 0;
    rawLock(heap, Control.InterpreterDelayedLock);
    const head = Atomics.exchange(heap, Control.InterpreterDelayedHead, 0);
    rawUnlock(heap, Control.InterpreterDelayedLock);
    return head;
  }

  private giveToInterpreter(head: number, tail: number): void {
    const heap = this.i32;
    rawLock(heap, Control.InterpreterDelayedLock);
    heap[tail + Chunk.Next] = Atomics.load(heap, Control.InterpreterDelayedHead);
    Atomics.store(heap, Control.InterpreterDelayedHead, head);
    rawUnlock(heap, Control.InterpreterDelayedLock);
  }

  /**
   * No memory to remember the block: waits the grace period out, where CPython stops the world. This thread is
   * offline meanwhile, so that two of them do not wait for each other. Throws RunAborted; the block is lost then.
   */
  private freeAfterGrace(address: number): void {
    const heap = this.i32;
    const goal = this.qsbr.advance();
    this.qsbr.detach();
    try {
      while (!this.qsbr.poll(goal)) {
        futexWait(heap, Control.ReadSequence, Atomics.load(heap, Control.ReadSequence), GRACE_POLL_MS);
      }
    } finally {
      this.qsbr.attach();
    }
    this.target.freeNow(address);
  }
}
