import { assertInvariant } from '../../memory/invariant.js';
import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { Page } from './layout.js';
import { pageOf } from './page.js';

/** Assertions of the debug build about one page; by its owner, unless they say otherwise. */
export class DebugPages {
  constructor(
    private readonly i32: Int32Array,
    private readonly slot: number,
  ) {}

  /** The page of a live block, whoever owns it. INV-4.2: the block was carved. */
  pageOfBlock(block: number, what: string): number {
    const heap = this.i32;
    const owner = Atomics.load(heap, Control.SegmentTable + (block >>> Geometry.SegmentShift));
    const known = owner === SegmentOwner.Heap || owner === SegmentOwner.Huge;
    this.assert(known && (block & 3) === 0, 'INV-4.2', () => `${what} of ${block}, which is in no page`);
    const page = pageOf(heap, block);
    const words = heap[page + Page.BlockWords];
    const place = (block - heap[page + Page.Start]) / words;
    const carved = owner === SegmentOwner.Huge ? 1 : heap[page + Page.Capacity];
    this.assert(
      words > 0 && Number.isInteger(place) && place >= 0 && place < carved,
      'INV-4.2',
      () => `${what} of ${block}, which is no block of page ${page} (${words} words each, ${carved} carved)`,
    );
    return page;
  }

  /** INV-4.1, INV-4.2: counts against the lists, which stay inside the page. */
  check(page: number): void {
    const heap = this.i32;
    const capacity = heap[page + Page.Capacity];
    const reserved = heap[page + Page.Reserved];
    this.assert(
      capacity <= reserved,
      'INV-4.2',
      () => `page ${page} has ${capacity} blocks carved of ${reserved}`,
    );
    const free = this.length(page, heap[page + Page.Free]);
    const local = this.length(page, heap[page + Page.LocalFree]);
    const used = heap[page + (heap[page + Page.InFull] === 1 ? Page.FullUsed : Page.Used)];
    this.assert(
      used + free + local === capacity,
      'INV-4.1',
      () => `page ${page}: ${used} used + ${free} free + ${local} freed here are not ${capacity}`,
    );
  }

  /** The block is on neither of the owner's lists. */
  checkNotFree(page: number, block: number): void {
    const heap = this.i32;
    const free =
      this.isOn(page, heap[page + Page.Free], block) || this.isOn(page, heap[page + Page.LocalFree], block);
    this.assert(!free, 'INV-4.1', () => `block ${block} of page ${page} is freed twice`);
  }

  private length(page: number, first: number): number {
    let count = 0;
    for (let block = first; block !== 0; block = this.i32[block]) {
      this.pageOfBlock(block, `the free list of page ${page} has a block`);
      this.assert(
        ++count <= this.i32[page + Page.Capacity],
        'INV-4.1',
        () => `a free list of page ${page} is a circle`,
      );
    }
    return count;
  }

  private isOn(page: number, first: number, block: number): boolean {
    let left = this.i32[page + Page.Capacity];
    for (let at = first; at !== 0 && left > 0; at = this.i32[at], left--) if (at === block) return true;
    return false;
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, this.slot, what);
  }
}
