import type { AtomicOps } from '../../memory/atomicOps.js';
import { Control, HeapTag } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import { checkHeapAddress, checkSize, notABlock } from '../checks.js';
import { hugeRun, releaseHuge } from '../mimalloc/huge.js';
import { Page, RawHeaps, Segment } from '../mimalloc/layout.js';
import { LockedHeaps } from '../mimalloc/lockedHeaps.js';
import { pageOf, segmentOf } from '../mimalloc/page.js';

/** What `malloc` needs of a thread; it need not be attached. */
export interface MallocThread {
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  readonly block: number;
}

/**
 * The allocator that all threads share: what libc's is to CPython. It serves the raw domain in every build, large
 * blocks of pymalloc, and whatever domain is told to use it. Freed memory is reused at once, nobody leaves it: a block
 * that lock-free readers may look at must not be freed here before its grace period is over.
 *
 * All methods but the constructor: any thread, attached or not; with any other raw mutex held but its own. There is
 * no quiescent point in them. Throw RunAborted, with nothing done.
 */
export class Malloc {
  private readonly i32: Int32Array;
  private readonly heaps: LockedHeaps;

  constructor(thread: MallocThread) {
    const { i32, atomics, block } = thread;
    this.i32 = i32;
    this.heaps = new LockedHeaps({
      i32,
      atomics,
      block,
      heaps: RawHeaps.Heaps,
      count: RawHeaps.Count,
      spans: RawHeaps.Spans,
      started: RawHeaps.Started,
      lock: Control.MallocLock,
      id: RawHeaps.Id,
      qsbr: null,
      abandons: false,
    });
  }

  /** Sets the heaps up, if no thread has done so yet. Before any other method. */
  start(): void {
    this.heaps.start();
  }

  /** A block of at least `words` words. Throws RangeError for what is no size, MemoryError when memory is full. */
  alloc(words: number, tag: HeapTag = HeapTag.Raw): number {
    const block = this.tryAlloc(words, tag);
    if (block === 0) throw segmentsExhausted(this.i32, words * 4);
    return block;
  }

  /** As `alloc`; 0 when memory is full. */
  tryAlloc(words: number, tag: HeapTag = HeapTag.Raw): number {
    checkSize(words);
    const block = this.heaps.tryAlloc(words, tag);
    if (block !== 0) return block;
    this.heaps.relieve();
    return this.heaps.tryAlloc(words, tag);
  }

  /** Frees a block that `alloc` returned, whatever its tag. Throws FatalError for another address. */
  free(address: number): void {
    const heap = this.i32;
    if (heap[segmentOf(address) + Segment.ThreadId] === RawHeaps.Id) this.heaps.free(address);
    else this.freeHuge(address);
  }

  /** Usable words of a block. */
  blockWords(address: number): number {
    return this.i32[pageOf(this.i32, address) + Page.BlockWords];
  }

  /** Gives back what is empty; by force also what is kept for the next request. */
  collect(force: boolean): void {
    this.heaps.collect(force);
  }

  private freeHuge(address: number): void {
    checkHeapAddress(this.i32, address);
    if (hugeRun(this.i32, address) === 0) throw notABlock(this.i32, address);
    releaseHuge(this.i32, address);
  }
}
