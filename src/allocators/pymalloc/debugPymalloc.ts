import { assertInvariant } from '../../memory/invariant.js';
import type { HeapTag } from '../../memory/layout.js';
import { slotOf } from '../../threads/evalBreaker.js';
import type { AllocatorThread } from '../allocator.js';
import { isPooled, poolOf } from '../blockWords.js';
import { Arena, Pool, State } from './layout.js';
import { PymallocAllocator } from './pymallocAllocator.js';
import { blockWords } from './visit.js';

/** `PymallocAllocator` of the debug build: pools add up, arenas are in order (INV-3.1, INV-3.2). */
export class DebugPymallocAllocator extends PymallocAllocator {
  private readonly slot: number;

  constructor(thread: AllocatorThread) {
    super(thread);
    this.slot = slotOf(thread.block);
  }

  override alloc(words: number, tag: HeapTag): number {
    const block = super.alloc(words, tag);
    if (isPooled(this.i32, block)) this.checkPool(block, 'an allocation');
    return block;
  }

  override free(address: number, tag: HeapTag): void {
    if (isPooled(this.i32, address)) {
      this.checkPool(address, 'a free');
      this.checkNotFree(address);
    }
    super.free(address, tag);
    this.checkOrder();
  }

  /** The pool of a live block: count, list and place agree. */
  private checkPool(block: number, what: string): void {
    const heap = this.i32;
    const pool = poolOf(this.i32, block);
    const words = blockWords(heap[pool + Pool.SizeIndex]);
    const place = (block - pool - Pool.HeaderWords) / words;
    this.assert(
      Number.isInteger(place) && place >= 0 && block - pool < heap[pool + Pool.NextOffset],
      'INV-3.2',
      () => `${what} of ${block}, which is no block of pool ${pool} (${words} words each)`,
    );
    const carved = (heap[pool + Pool.NextOffset] - Pool.HeaderWords) / words;
    let free = 0;
    for (let at = heap[pool + Pool.FreeBlock]; at !== 0 && free <= carved; at = heap[at]) free++;
    this.assert(
      heap[pool + Pool.Count] + free === carved && heap[pool + Pool.Count] > 0,
      'INV-3.2',
      () => `pool ${pool}: ${heap[pool + Pool.Count]} used and ${free} free blocks are not ${carved}`,
    );
  }

  private checkNotFree(block: number): void {
    const heap = this.i32;
    for (let at = heap[poolOf(this.i32, block) + Pool.FreeBlock]; at !== 0; at = heap[at]) {
      this.assert(at !== block, 'INV-3.2', () => `block ${block} is freed twice`);
    }
  }

  /** Allocation comes from the fullest arena. */
  private checkOrder(): void {
    const heap = this.i32;
    let before = 0;
    for (let arena = heap[this.base + State.UsableArenas]; arena !== 0; arena = heap[arena + Arena.Next]) {
      const free = heap[arena + Arena.FreePoolCount];
      const last = before;
      this.assert(
        free >= last && free > 0,
        'INV-3.1',
        () => `usable arena ${arena} with ${free} free pools comes after one with ${last}`,
      );
      before = free;
    }
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, this.slot, what);
  }
}
