import { Control, Counter, Geometry, ThreadBlock } from '../memory/layout.js';
import { futexWait } from '../sync/futex.js';
import { rawLock, rawUnlock } from '../sync/rawMutex.js';
import { isWorldStopped } from '../sync/worldStopped.js';
import { threadBlock } from '../threads/evalBreaker.js';
import type { Qsbr } from '../threads/qsbr.js';

/**
 * A chunk of waiting items (CPython `_mem_work_chunk`): 254 of them, each an address with a tag and a goal.
 * Addresses are multiples of 4.
 */
export const enum Chunk {
  Next = 0,
  /** First item that is still waiting. */
  Read = 1,
  /** First item that is not in use. */
  Write = 2,
  /** 1 if objects are, or have been, among the items. */
  HasObjects = 3,
  Items = 4,
  ItemWords = 2,
  Capacity = 254,
  Words = Items + Capacity * ItemWords,
  /** In an item's address: this is an object, of which one reference is to be dropped; else a block to be freed. */
  ObjectTag = 1,
}

/** How long a thread without memory for a chunk sleeps between two looks at its goal. */
const GRACE_POLL_MS = 1;

/** Whether something waits in the queue of the thread with this `ThreadBlock`. Own thread. */
export function hasDelayed(i32: Int32Array, block: number): boolean {
  const chunk = i32[block + ThreadBlock.DelayedHead];
  return chunk !== 0 && (i32[chunk + Chunk.Next] !== 0 || i32[chunk + Chunk.Read] < i32[chunk + Chunk.Write]);
}

/** What the queue needs of the allocator that it belongs to. */
export interface DelayedFreeTarget {
  /** A chunk's memory, of the raw domain; 0 if there is none. */
  tryAllocChunk(words: number): number;
  freeChunk(chunk: number): void;
  /** Really frees a queued block. */
  freeNow(address: number): void;
  /** Drops a reference that was queued; may run destructors, which may come back here. */
  decrefNow(object: number): void;
}

/**
 * Blocks and references that wait for a grace period (CPython `Objects/obmalloc.c`, `_PyMem_FreeDelayed`,
 * `_PyObject_XDecRefDelayed`). Each thread has a queue of chunks in its own words; what a thread leaves behind goes
 * to the interpreter's queue, which whoever processes next also serves. Goals in a thread's queue do not decrease
 * (INV-5.3), so the head decides.
 *
 * CPython tries the lock of the interpreter's queue and holds it while it frees. Here it is held only to take off a
 * chunk that has something due, or to put one back: no destructor ever runs under it.
 */
export class DelayedFree {
  protected readonly i32: Int32Array;
  /** In `abandon`: this thread is offline, but while a destructor runs. */
  private leaving = false;

  constructor(
    i32: Int32Array,
    protected readonly block: number,
    protected readonly qsbr: Qsbr,
    protected readonly target: DelayedFreeTarget,
  ) {
    this.i32 = i32;
  }

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
    this.enqueue(address, bytes);
  }

  /**
   * Queues an object, of which one reference is to be dropped after a grace period: until then whoever has read its
   * address without a lock may increment it. `bytes`: what this counts against the batch; 0 in CPython.
   */
  addDecref(object: number, bytes: number): void {
    this.enqueue(object | Chunk.ObjectTag, bytes);
  }

  /** Releases what is due, of this thread and of those that have left. Attached, in the table of merge queues. */
  process(): void {
    this.processOwn();
    this.processInterpreter(true);
  }

  /**
   * Releases everything that waits, of all threads and of those that have left: blocks are freed, objects go to `drop`
   * (CPython `process_delayed_frees`). In a stopped world, where nobody holds anything borrowed.
   */
  releaseAll(drop: (object: number) => void): void {
    const heap = this.i32;
    this.qsbr.advance();
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      this.releaseChunks(block + ThreadBlock.DelayedHead, drop);
      heap[block + ThreadBlock.DelayedTail] = 0;
    }
    this.releaseChunks(Control.InterpreterDelayedHead, drop);
  }

  /**
   * Thread exit: hands the queue over and serves it at once (gh-130794). Own thread, offline.
   *
   * `counting`: the thread is still in the table of merge queues. Behind that it must not touch counts, and leaves
   * chunks with objects alone (litmus D29). Whoever goes offline last finds everything due, and nothing in anybody's
   * hands that is not looked at again: so at the end of the last thread nothing is left.
   */
  abandon(counting: boolean): void {
    const heap = this.i32;
    const head = heap[this.block + ThreadBlock.DelayedHead];
    const tail = heap[this.block + ThreadBlock.DelayedTail];
    heap[this.block + ThreadBlock.DelayedHead] = 0;
    heap[this.block + ThreadBlock.DelayedTail] = 0;
    if (head !== 0) this.handOver(head, tail);
    this.leaving = counting;
    this.processInterpreter(counting);
    this.leaving = false;
  }

  // --- Steps ---

  private releaseChunks(head: number, drop: (object: number) => void): void {
    const heap = this.i32;
    for (let chunk = heap[head]; chunk !== 0; chunk = heap[head]) {
      for (let index = heap[chunk + Chunk.Read]; index < heap[chunk + Chunk.Write]; index++) {
        const item = heap[chunk + Chunk.Items + index * Chunk.ItemWords];
        if ((item & Chunk.ObjectTag) === 0) this.target.freeNow(item);
        else drop(item - Chunk.ObjectTag);
      }
      heap[head] = heap[chunk + Chunk.Next];
      this.target.freeChunk(chunk);
    }
  }

  private enqueue(item: number, bytes: number): void {
    const heap = this.i32;
    // Nobody reads: all others are suspended, at points where they hold nothing that was borrowed.
    if (isWorldStopped(heap, this.block)) {
      this.release(item);
      return;
    }
    const chunk = this.chunkWithRoom();
    if (chunk === 0) {
      this.releaseAfterGrace(item);
      return;
    }
    const index = heap[chunk + Chunk.Write];
    const place = chunk + Chunk.Items + index * Chunk.ItemWords;
    heap[place] = item;
    heap[place + 1] = this.qsbr.deferredAdvance(bytes);
    heap[chunk + Chunk.Write] = index + 1;
    if ((item & Chunk.ObjectTag) !== 0) heap[chunk + Chunk.HasObjects] = 1;
    heap[this.block + ThreadBlock.Counters + Counter.DelayedFrees]++;
    if (index + 1 === Chunk.Capacity) this.process();
  }

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
    heap[chunk + Chunk.HasObjects] = 0;
    const last = heap[this.block + ThreadBlock.DelayedTail];
    if (last === 0) heap[this.block + ThreadBlock.DelayedHead] = chunk;
    else heap[last + Chunk.Next] = chunk;
    heap[this.block + ThreadBlock.DelayedTail] = chunk;
    return chunk;
  }

  /** The head is read anew for each item: a destructor may have come here and freed the chunk that it was in. */
  private processOwn(): void {
    const heap = this.i32;
    const headWord = this.block + ThreadBlock.DelayedHead;
    for (let chunk = heap[headWord]; chunk !== 0; chunk = heap[headWord]) {
      if (heap[chunk + Chunk.Read] < heap[chunk + Chunk.Write]) {
        if (!this.releaseNext(chunk)) return;
      } else if (heap[chunk + Chunk.Next] === 0) {
        // The last chunk stays, empty, for the next item.
        heap[chunk + Chunk.Read] = 0;
        heap[chunk + Chunk.Write] = 0;
        return;
      } else {
        heap[headWord] = heap[chunk + Chunk.Next];
        this.target.freeChunk(chunk);
      }
    }
  }

  /** Releases the first item of a chunk with items, if it is due. */
  private releaseNext(chunk: number): boolean {
    if (!this.isDue(chunk)) return false;
    const heap = this.i32;
    const index = heap[chunk + Chunk.Read];
    // Before releasing: that may come back here.
    heap[chunk + Chunk.Read] = index + 1;
    this.release(heap[chunk + Chunk.Items + index * Chunk.ItemWords]);
    return true;
  }

  /** Whether the first item of a chunk with items is due. */
  private isDue(chunk: number): boolean {
    const heap = this.i32;
    return this.qsbr.poll(heap[chunk + Chunk.Items + heap[chunk + Chunk.Read] * Chunk.ItemWords + 1]);
  }

  private release(item: number): void {
    if ((item & Chunk.ObjectTag) === 0) this.target.freeNow(item);
    else if (this.leaving) this.dropOnline(item - Chunk.ObjectTag);
    else this.target.decrefNow(item - Chunk.ObjectTag);
  }

  /** A thread that leaves is offline; destructors and finalisers read what others may free, and polls report for them. */
  private dropOnline(object: number): void {
    this.leaving = false;
    this.qsbr.attach();
    this.target.decrefNow(object);
    this.qsbr.detach();
    this.leaving = true;
  }

  private handOver(head: number, tail: number): void {
    const heap = this.i32;
    // Deferred goals of this thread become reachable: no later advance of its own will do it.
    this.qsbr.advance();
    const empty = heap[head + Chunk.Read] === heap[head + Chunk.Write];
    if (empty && heap[head + Chunk.Next] === 0) this.target.freeChunk(head);
    else this.giveToInterpreter(head, tail);
  }

  /** Ends with a look at what is there, given back or not, that finds nothing due. */
  protected processInterpreter(counting: boolean): void {
    for (let chunk = this.takeDue(counting); chunk !== 0; chunk = this.takeDue(counting)) {
      if (this.drainChunk(chunk)) this.target.freeChunk(chunk);
      else this.giveToInterpreter(chunk, chunk);
    }
  }

  /** Of a chunk that is in no queue; true if it is drained. */
  protected drainChunk(chunk: number): boolean {
    const heap = this.i32;
    while (heap[chunk + Chunk.Read] < heap[chunk + Chunk.Write]) {
      if (!this.releaseNext(chunk)) return false;
    }
    return true;
  }

  /**
   * Takes a chunk whose first item is due off the interpreter's queue, 0 if there is none. A chunk that is not due
   * does not hold up the next: they come from different threads. Without `counting`: one without objects.
   */
  private takeDue(counting: boolean): number {
    const heap = this.i32;
    if (Atomics.load(heap, Control.InterpreterDelayedHead) === 0) return 0;
    rawLock(heap, Control.InterpreterDelayedLock);
    let link: number = Control.InterpreterDelayedHead;
    let chunk = Atomics.load(heap, link);
    while (chunk !== 0 && !this.isReady(chunk, counting)) {
      link = chunk + Chunk.Next;
      chunk = heap[link];
    }
    if (chunk !== 0) Atomics.store(heap, link, heap[chunk + Chunk.Next]);
    rawUnlock(heap, Control.InterpreterDelayedLock);
    return chunk;
  }

  private isReady(chunk: number, counting: boolean): boolean {
    const heap = this.i32;
    if (!counting && heap[chunk + Chunk.HasObjects] !== 0) return false;
    return heap[chunk + Chunk.Read] === heap[chunk + Chunk.Write] || this.isDue(chunk);
  }

  protected giveToInterpreter(head: number, tail: number): void {
    const heap = this.i32;
    rawLock(heap, Control.InterpreterDelayedLock);
    heap[tail + Chunk.Next] = Atomics.load(heap, Control.InterpreterDelayedHead);
    Atomics.store(heap, Control.InterpreterDelayedHead, head);
    rawUnlock(heap, Control.InterpreterDelayedLock);
  }

  /**
   * No memory to remember the item: waits the grace period out, where CPython stops the world. This thread is
   * offline meanwhile, so that two of them do not wait for each other. Throws RunAborted; the item is lost then.
   */
  private releaseAfterGrace(item: number): void {
    const heap = this.i32;
    const goal = this.qsbr.advance();
    heap[this.block + ThreadBlock.Counters + Counter.GraceWaits]++;
    this.qsbr.detach();
    try {
      while (!this.qsbr.poll(goal)) {
        futexWait(heap, Control.ReadSequence, Atomics.load(heap, Control.ReadSequence), GRACE_POLL_MS);
      }
    } finally {
      this.qsbr.attach();
    }
    this.release(item);
  }
}
