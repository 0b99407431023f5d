import { HeapTag } from '../../memory/layout.js';
import type { AllocatorThread } from '../allocator.js';
import { checkHeapAddress, checkSize } from '../checks.js';
import type { DelayedFree } from '../delayedFree.js';
import { HeapsAllocator } from './heapsAllocator.js';
import { hugeRun } from './huge.js';
import { Segment, SharedHeaps } from './layout.js';
import { LockedHeaps } from './lockedHeaps.js';
import { segmentOf } from './page.js';

/**
 * The heaps of `MimallocAllocator` without the threads: one set for all, under a lock (`threadHeaps` off). To be
 * compared with, so all that does not follow from the lock is the same: tags and sizes have pages of their own, empty
 * pages of objects wait for a grace period, in one list for all threads; huge blocks belong to nobody. Nothing is
 * foreign, and a thread that exits abandons nothing.
 */
export class SharedHeapAllocator extends HeapsAllocator {
  protected readonly set: LockedHeaps;

  constructor(thread: AllocatorThread, delayed: DelayedFree | null = null) {
    super(thread, delayed);
    const { i32, atomics, qsbr } = thread;
    this.set = new LockedHeaps({
      i32,
      atomics,
      heaps: SharedHeaps.Heaps,
      count: HeapTag.Count,
      spans: SharedHeaps.Spans,
      lock: SharedHeaps.Lock,
      started: SharedHeaps.Started,
      id: SharedHeaps.Id,
      block: SharedHeaps.Block,
      qsbr,
      abandons: false,
    });
  }

  alloc(words: number, tag: HeapTag): number {
    checkSize(words);
    const block = this.set.tryAlloc(words, tag);
    return block !== 0 ? block : this.allocUnderPressure(words, tag);
  }

  free(address: number, _tag: HeapTag): void {
    if (this.i32[segmentOf(address) + Segment.ThreadId] === SharedHeaps.Id) this.set.free(address);
    else this.freeOther(address);
  }

  /** The heaps stay. The goals of their empty pages become reachable: no thread that leaves later need advance. */
  exit(): void {
    this.qsbr?.detach();
    this.qsbr?.advance();
    this.delayed?.abandon(false);
  }

  /** Huge, or `malloc`'s. */
  private freeOther(address: number): void {
    const heap = this.i32;
    checkHeapAddress(heap, address);
    if (hugeRun(heap, address) !== 0) this.freeHuge(address);
    else this.malloc.free(address);
  }
}
