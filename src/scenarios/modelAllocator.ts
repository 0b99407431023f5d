import type { Allocator, AllocatorThread, DelayedCounter } from '../allocators/allocator.js';
import { DelayedFree, type DelayedFreeTarget } from '../allocators/delayedFree.js';
import { moveWords } from '../allocators/resize.js';
import { FatalError } from '../memory/errors.js';
import { HeapTag } from '../memory/layout.js';
import { slotOf } from '../threads/evalBreaker.js';
import type { Qsbr } from '../threads/qsbr.js';
import type { Services } from './services.js';

/**
 * Told to QSBR as the size of each delayed block: more than a batch (1 MiB), so that each one starts a grace period
 * of its own. An execution ends long before a batch of production is full, and then nothing would ever be due.
 */
const BYTES_BEYOND_A_BATCH = 1 << 21;

/**
 * The allocator of a model thread. Blocks come from the engine, which knows the state of each one and takes every
 * `free` for a write over all of it; what waits for a grace period waits in production's queue.
 */
export class ModelAllocator implements Allocator, DelayedFreeTarget {
  private readonly i32: Int32Array;
  private readonly slot: number;
  private readonly qsbr: Qsbr | null;
  private readonly delayed: DelayedFree | null;
  counter!: DelayedCounter;

  constructor(
    thread: AllocatorThread,
    private readonly services: Services,
  ) {
    const { i32, block, qsbr } = thread;
    this.i32 = i32;
    this.slot = slotOf(block);
    this.qsbr = qsbr;
    this.delayed = qsbr === null ? null : new DelayedFree(i32, block, qsbr, this);
  }

  alloc(words: number, tag: HeapTag): number {
    return this.services.alloc(words, tag, this.slot);
  }

  free(address: number, tag: HeapTag): void {
    this.services.free(address, tag, this.slot);
  }

  /** Always moves: who still holds the old address is found out. */
  realloc(address: number, words: number, tag: HeapTag): number {
    const moved = this.alloc(words, tag);
    if (address === 0) return moved;
    moveWords(this.i32, address, moved, Math.min(words, this.services.size(address)));
    this.free(address, tag);
    return moved;
  }

  freeDelayed(address: number): void {
    if (this.delayed === null) this.free(address, HeapTag.Mem);
    else this.delayed.add(address, BYTES_BEYOND_A_BATCH);
  }

  decrefDelayed(object: number): void {
    if (this.delayed === null) this.counter.decref(object);
    else this.delayed.addDecref(object, BYTES_BEYOND_A_BATCH);
  }

  processDelayed(): void {
    this.delayed?.process();
  }

  rawAlloc(words: number): number {
    return this.alloc(words, HeapTag.Raw);
  }

  rawFree(address: number): void {
    this.free(address, HeapTag.Raw);
  }

  blockWords(address: number): number {
    return this.services.size(address);
  }

  /** Nothing is kept back but what waits for a grace period. */
  collect(_force: boolean): void {
    this.delayed?.process();
  }

  /** The engine has the blocks of all model threads; nobody asks for them here. */
  visit(): void {
    throw new FatalError('the blocks of a scenario are visited through its engine');
  }

  start(): void {
    this.delayed?.start();
  }

  abandonDelayed(): void {
    this.qsbr?.detach();
    this.delayed?.abandon(true);
  }

  exit(): void {
    this.qsbr?.detach();
    this.delayed?.abandon(false);
  }

  // --- DelayedFreeTarget ---

  tryAllocChunk(words: number): number {
    return this.rawAlloc(words);
  }

  freeChunk(chunk: number): void {
    this.rawFree(chunk);
  }

  /** Only blocks of tag Mem are delayed here. */
  freeNow(address: number): void {
    this.free(address, HeapTag.Mem);
  }

  decrefNow(object: number): void {
    this.counter.decref(object);
  }
}
