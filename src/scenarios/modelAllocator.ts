import type { AllocatorThread, BlockVisitor } from '../allocators/allocator.js';
import { DelayingAllocator } from '../allocators/delayingAllocator.js';
import { moveWords } from '../allocators/resize.js';
import { TagMask } from '../allocators/visitor.js';
import { HeapTag } from '../memory/layout.js';
import { slotOf } from '../threads/evalBreaker.js';
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
export class ModelAllocator extends DelayingAllocator {
  private readonly slot: number;

  constructor(
    thread: AllocatorThread,
    private readonly services: Services,
  ) {
    super(thread);
    this.slot = slotOf(thread.block);
  }

  alloc(words: number, tag: HeapTag): number {
    return this.services.alloc(words, tag, this.slot);
  }

  free(address: number, tag: HeapTag): void {
    this.services.free(address, tag, this.slot);
  }

  /** Always moves: who still holds the old address is found out. */
  override realloc(address: number, words: number, tag: HeapTag): number {
    const moved = this.alloc(words, tag);
    if (address === 0) return moved;
    moveWords(this.i32, address, moved, Math.min(words, this.services.size(address)));
    this.free(address, tag);
    return moved;
  }

  override freeDelayed(address: number): void {
    if (this.delayed === null) this.free(address, HeapTag.Mem);
    else this.delayed.add(address, BYTES_BEYOND_A_BATCH);
  }

  override decrefDelayed(object: number): void {
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

  /** The engine has the blocks of all model threads. In a stopped world. */
  override visit(visitor: BlockVisitor, tags: number = TagMask.Heaps): void {
    const { services } = this;
    for (const address of services.blocksOf(tags)) {
      visitor(address, services.size(address), services.tag(address));
    }
  }

  start(): void {
    this.delayed?.start();
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
}
