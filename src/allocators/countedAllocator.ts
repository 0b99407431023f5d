import type { HeapTag } from '../memory/layout.js';
import type { Tally } from '../memory/tally.js';
import type { Allocator, BlockVisitor, DelayedCounter } from './allocator.js';

/** An allocator that says what it was asked for. What it frees by itself, after a grace period, is not in it. */
export class CountedAllocator implements Allocator {
  constructor(
    private readonly inner: Allocator,
    private readonly tally: Tally,
  ) {}

  alloc(words: number, tag: HeapTag): number {
    this.tally.allocations++;
    return this.inner.alloc(words, tag);
  }

  free(address: number, tag: HeapTag): void {
    this.tally.frees++;
    this.inner.free(address, tag);
  }

  /** A block that is resized stays one block. */
  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) this.tally.allocations++;
    return this.inner.realloc(address, words, tag);
  }

  freeDelayed(address: number): void {
    this.tally.frees++;
    this.inner.freeDelayed(address);
  }

  decrefDelayed(object: number): void {
    this.inner.decrefDelayed(object);
  }

  rawAlloc(words: number): number {
    this.tally.allocations++;
    return this.inner.rawAlloc(words);
  }

  rawFree(address: number): void {
    this.tally.frees++;
    this.inner.rawFree(address);
  }

  blockWords(address: number, tag?: HeapTag): number {
    return this.inner.blockWords(address, tag);
  }

  collect(force: boolean): void {
    this.inner.collect(force);
  }

  releaseDelayed(drop: (object: number) => void): void {
    this.inner.releaseDelayed(drop);
  }

  processDelayed(): void {
    this.inner.processDelayed();
  }

  get counter(): DelayedCounter {
    return this.inner.counter;
  }

  set counter(counter: DelayedCounter) {
    this.inner.counter = counter;
  }

  visit(visitor: BlockVisitor, tags?: number): void {
    this.inner.visit(visitor, tags);
  }

  start(): void {
    this.inner.start();
  }

  abandonDelayed(): void {
    this.inner.abandonDelayed();
  }

  exit(): void {
    this.inner.exit();
  }
}
