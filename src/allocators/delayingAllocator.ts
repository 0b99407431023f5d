import { HeapTag } from '../memory/layout.js';
import type { Qsbr } from '../threads/qsbr.js';
import type { Allocator, AllocatorThread, BlockVisitor, DelayedCounter } from './allocator.js';
import { DelayedFree, type DelayedFreeTarget } from './delayedFree.js';
import { fitsInPlace, moveWords } from './resize.js';
import { HeapVisitor } from './visitor.js';

/** What allocators with a queue of delayed frees have in common: all but where blocks come from and go to. */
export abstract class DelayingAllocator implements Allocator, DelayedFreeTarget {
  /** Set once by the composition. */
  counter!: DelayedCounter;
  protected readonly i32: Int32Array;
  protected readonly qsbr: Qsbr | null;
  /** null: nobody reads without a lock, and nothing is delayed. */
  protected readonly delayed: DelayedFree | null;

  /** `delayed`: the queue of a composition that this allocator is a part of; its own if there is none. */
  constructor(
    protected readonly thread: AllocatorThread,
    delayed: DelayedFree | null = null,
  ) {
    const { i32, qsbr } = thread;
    this.i32 = i32;
    this.qsbr = qsbr;
    this.delayed = delayed ?? (qsbr === null ? null : this.makeDelayed(thread, qsbr));
  }

  abstract alloc(words: number, tag: HeapTag): number;
  abstract free(address: number, tag: HeapTag): void;
  abstract rawAlloc(words: number): number;
  abstract rawFree(address: number): void;
  abstract blockWords(address: number, tag?: HeapTag): number;
  abstract processDelayed(): void;
  abstract collect(force: boolean): void;
  abstract start(): void;
  abstract exit(): void;
  abstract tryAllocChunk(words: number): number;
  abstract freeChunk(chunk: number): void;
  abstract freeNow(address: number): void;

  /** A step of the constructor: its answer depends on the arguments alone. */
  protected makeDelayed({ i32, block }: AllocatorThread, qsbr: Qsbr): DelayedFree {
    return new DelayedFree(i32, block, qsbr, this);
  }

  /** In place if the block is at least half used then (mimalloc's `_mi_heap_realloc_zero`). */
  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    const old = this.blockWords(address);
    if (fitsInPlace(words, old)) return address;
    const moved = this.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(old, words));
    this.free(address, tag);
    return moved;
  }

  freeDelayed(address: number): void {
    const delayed = this.delayed;
    if (delayed === null) this.free(address, HeapTag.Mem);
    else delayed.add(address, this.blockWords(address) * 4);
  }

  decrefDelayed(object: number): void {
    const delayed = this.delayed;
    if (delayed === null) this.counter.decref(object);
    else delayed.addDecref(object, 0);
  }

  releaseDelayed(drop: (object: number) => void): void {
    this.delayed?.releaseAll(drop);
  }

  decrefNow(object: number): void {
    this.counter.decref(object);
  }

  visit(visitor: BlockVisitor, tags?: number): void {
    new HeapVisitor(this.thread.memory).visit(visitor, tags);
  }

  /** Throws RunAborted. */
  abandonDelayed(): void {
    // Offline: nothing is borrowed any more, and what this thread leaves need not wait for it.
    this.qsbr?.detach();
    this.delayed?.abandon(true);
  }
}
