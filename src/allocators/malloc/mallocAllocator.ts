import { HeapTag } from '../../memory/layout.js';
import type { Qsbr } from '../../threads/qsbr.js';
import type { Allocator, AllocatorThread, BlockVisitor, DelayedCounter } from '../allocator.js';
import { DelayedFree, type DelayedFreeTarget } from '../delayedFree.js';
import { fitsInPlace, moveWords } from '../resize.js';
import { HeapVisitor } from '../visitor.js';
import { Malloc } from './malloc.js';

/**
 * `malloc` in the place of another domain's allocator (CPython's `PYTHONMALLOC=malloc`). Its blocks are reused at once
 * for any size: in a build with lock-free readers good for tag Mem only, whose blocks go through `freeDelayed`.
 */
export class MallocAllocator implements Allocator, DelayedFreeTarget {
  /** Set once by the composition. */
  counter!: DelayedCounter;
  private readonly i32: Int32Array;
  private readonly malloc: Malloc;
  private readonly qsbr: Qsbr | null;
  private readonly delayed: DelayedFree | null;

  constructor(private readonly thread: AllocatorThread) {
    const { i32, block, qsbr } = thread;
    this.i32 = i32;
    this.malloc = new Malloc(thread);
    this.qsbr = qsbr;
    this.delayed = qsbr === null ? null : new DelayedFree(i32, block, qsbr, this);
  }

  alloc(words: number, tag: HeapTag): number {
    return this.malloc.alloc(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    this.malloc.free(address);
  }

  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    const old = this.malloc.blockWords(address);
    if (fitsInPlace(words, old)) return address;
    const moved = this.malloc.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(old, words));
    this.malloc.free(address);
    return moved;
  }

  freeDelayed(address: number): void {
    if (this.delayed === null) this.malloc.free(address);
    else this.delayed.add(address, this.malloc.blockWords(address) * 4);
  }

  decrefDelayed(object: number): void {
    const delayed = this.delayed;
    if (delayed === null) this.counter.decref(object);
    else delayed.addDecref(object, 0);
  }

  processDelayed(): void {
    this.delayed?.process();
  }

  rawAlloc(words: number): number {
    return this.malloc.alloc(words);
  }

  rawFree(address: number): void {
    this.malloc.free(address);
  }

  blockWords(address: number): number {
    return this.malloc.blockWords(address);
  }

  collect(force: boolean): void {
    this.delayed?.process();
    this.malloc.collect(force);
  }

  visit(visitor: BlockVisitor, tags?: number): void {
    new HeapVisitor(this.thread.memory).visit(visitor, tags);
  }

  start(): void {
    this.malloc.start();
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

  decrefNow(object: number): void {
    this.counter.decref(object);
  }

  tryAllocChunk(words: number): number {
    return this.malloc.tryAlloc(words, HeapTag.Raw);
  }

  freeChunk(chunk: number): void {
    this.malloc.free(chunk);
  }

  freeNow(address: number): void {
    this.malloc.free(address);
  }
}
