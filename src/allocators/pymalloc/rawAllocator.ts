import type { HeapTag } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import { ThreadHeapSet } from '../mimalloc/heap.js';
import { hugeRun, releaseHuge } from '../mimalloc/huge.js';
import { Page, RawHeaps } from '../mimalloc/layout.js';
import { pageOf } from '../mimalloc/page.js';
import { fitsInPlace } from '../resize.js';
import { State } from './layout.js';

/**
 * What `malloc` is to the GIL build: blocks that are not small. One set of mimalloc heaps for the interpreter,
 * owned by whoever has the GIL: nothing is ever freed by somebody else, nothing is delayed, nobody leaves.
 */
export class RawAllocator {
  private readonly set: ThreadHeapSet;

  constructor(
    private readonly i32: Int32Array,
    block: number,
  ) {
    const place = { i32, heaps: RawHeaps.Heaps, spans: RawHeaps.Spans, id: RawHeaps.Id, block, qsbr: null };
    this.set = new ThreadHeapSet(place);
  }

  /** Sets the heaps up, if no thread has done so yet. */
  start(): void {
    if (this.i32[State.Started] !== 0) return;
    this.i32[State.Started] = 1;
    this.set.start();
  }

  /** Throws MemoryError. */
  alloc(words: number, tag: HeapTag): number {
    let block = this.set.tryAlloc(words, tag);
    if (block === 0) {
      this.relieve();
      block = this.set.tryAlloc(words, tag);
    }
    if (block === 0) throw segmentsExhausted(this.i32, words * 4);
    return block;
  }

  free(address: number, _tag: HeapTag): void {
    const heap = this.i32;
    if (hugeRun(heap, address) !== 0) {
      releaseHuge(heap, address);
      return;
    }
    this.set.frees.freeOwned(pageOf(heap, address), address);
  }

  /** Gives the memory of empty pages back. */
  relieve(): void {
    this.set.relieve();
  }

  blockWords(address: number): number {
    return this.i32[pageOf(this.i32, address) + Page.BlockWords];
  }

  fits(address: number, words: number): boolean {
    return fitsInPlace(words, this.blockWords(address));
  }
}
