import { assertInvariant } from '../../memory/invariant.js';
import type { HeapTag } from '../../memory/layout.js';
import { slotOf } from '../../threads/evalBreaker.js';
import type { Qsbr } from '../../threads/qsbr.js';
import type { AllocatorThread } from '../allocator.js';
import { checkTag } from '../checks.js';
import { DebugDelayedFree } from '../debugDelayedFree.js';
import type { DelayedFree } from '../delayedFree.js';
import { DebugPages } from './debugPage.js';
import { hugeRun } from './huge.js';
import { Page, Segment } from './layout.js';
import { MimallocAllocator } from './mimallocAllocator.js';
import { segmentOf } from './page.js';

/** A whole page is checked at every so many operations, and when its free blocks are used up or all are free. */
const CHECK_EVERY = 64;

/**
 * `MimallocAllocator` of the debug build: blocks are blocks, pages add up (INV-4.1, INV-4.2), and only owners touch
 * a page's own lists (INV-4.3).
 */
export class DebugMimallocAllocator extends MimallocAllocator {
  private readonly slot: number;
  private readonly pages: DebugPages;
  private operations = 0;

  constructor(thread: AllocatorThread) {
    super(thread);
    this.slot = slotOf(thread.block);
    this.pages = new DebugPages(thread.i32, this.slot);
  }

  protected override makeDelayed({ i32, block }: AllocatorThread, qsbr: Qsbr): DelayedFree {
    return new DebugDelayedFree(i32, block, qsbr, this);
  }

  override alloc(words: number, tag: HeapTag): number {
    checkTag(tag);
    const block = super.alloc(words, tag);
    const heap = this.i32;
    const page = this.pages.pageOfBlock(block, 'an allocation');
    assertInvariant(
      heap[page + Page.BlockWords] >= words && heap[page + Page.Tag] === tag,
      'INV-4.2',
      this.slot,
      () => `block ${block} of page ${page} does not serve ${words} words of tag ${tag}`,
    );
    if (hugeRun(heap, block) === 0) this.checkOwned(page, heap[page + Page.Free] === 0);
    return block;
  }

  override free(address: number, tag: HeapTag): void {
    const heap = this.i32;
    const page = this.pages.pageOfBlock(address, 'a free');
    assertInvariant(
      heap[page + Page.Tag] === tag,
      'INV-4.2',
      this.slot,
      () => `block ${address} of tag ${heap[page + Page.Tag]} is freed as tag ${tag}`,
    );
    if (this.owns(page)) {
      this.pages.checkNotFree(page, address);
      this.checkOwned(page, heap[page + Page.Used] === 1);
    }
    super.free(address, tag);
  }

  override freeDelayed(address: number): void {
    this.pages.pageOfBlock(address, 'a delayed free');
    super.freeDelayed(address);
  }

  private owns(page: number): boolean {
    return Atomics.load(this.i32, segmentOf(page) + Segment.ThreadId) === this.id;
  }

  private checkOwned(page: number, now: boolean): void {
    assertInvariant(
      this.owns(page) && Atomics.load(this.i32, page + Page.Owner) === this.id,
      'INV-4.3',
      this.slot,
      () => `page ${page} of owner ${this.i32[page + Page.Owner]} gives out blocks here`,
    );
    if (now || this.operations++ % CHECK_EVERY === 0) this.pages.check(page);
  }
}
