import { ThreadHeapSet } from '../../allocators/mimalloc/heap.js';
import { HeapContext } from '../../allocators/mimalloc/heapContext.js';
import { Delayed, Page, Slice } from '../../allocators/mimalloc/layout.js';
import { MimallocAllocator } from '../../allocators/mimalloc/mimallocAllocator.js';
import { pageOf } from '../../allocators/mimalloc/page.js';
import { HeapTag } from '../../memory/layout.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** A page of the owner's with four blocks of a quarter of it each, all in use. */
interface FullPage {
  readonly blocks: readonly number[];
  /** Words for the addresses of the blocks that the owner gets while the threads run; 0 none. */
  readonly taken: number;
}

const enum Thread {
  Owner = 0,
}

const BLOCKS_OF_A_PAGE = 4;

function fullPage(w: World): FullPage {
  const blocks: number[] = [];
  for (let i = 0; i < BLOCKS_OF_A_PAGE; i++) blocks.push(allocate(w));
  return { blocks, taken: w.words(2, 'taken') };
}

function allocate(w: World): number {
  return w.thread(Thread.Owner).allocator.alloc(Slice.SmallMaxWords, HeapTag.Mem);
}

/** The owner finds the page full, or collects what others have freed. */
function allocateOne(s: FullPage, w: World): void {
  w.i32[s.taken] = allocate(w);
}

function freeFirst(s: FullPage, w: World, me: number): void {
  w.thread(me).allocator.free(s.blocks[0], HeapTag.Mem);
}

function freeSecond(s: FullPage, w: World, me: number): void {
  w.thread(me).allocator.free(s.blocks[1], HeapTag.Mem);
}

/** Blocks of the full page that the owner can get back, and how often: each that was freed, and each once. */
function result(s: FullPage, w: World, freed: number): { again: boolean; lost: number; twice: number } {
  const first = w.i32[s.taken];
  const got = [first];
  // As many as two pages have: a fresh one, which comes first, and the old one.
  for (let i = 0; i < 2 * BLOCKS_OF_A_PAGE; i++) got.push(allocate(w));
  const returned = s.blocks.slice(0, freed);
  const lost = returned.filter((block) => !got.includes(block)).length;
  const kept = s.blocks.slice(freed);
  const twice = got.filter((block, i) => kept.includes(block) || got.indexOf(block) !== i).length;
  const { allocator } = w.thread(Thread.Owner);
  for (const block of new Set([...got, ...kept])) allocator.free(block, HeapTag.Mem);
  return { again: s.blocks.includes(first), lost, twice };
}

/** Frees without compare-exchange: two of them, or one and the owner, may start from the same list. */
class PushByStore extends MimallocAllocator {
  protected override freeForeignBlock(address: number): void {
    const heap = this.i32;
    const word = pageOf(heap, address) + Page.XThreadFree;
    const old = Atomics.load(heap, word);
    if ((old & Delayed.Mask) === Delayed.Use) {
      super.freeForeignBlock(address);
      return;
    }
    heap[address] = old & ~Delayed.Mask;
    Atomics.store(heap, word, address | (old & Delayed.Mask));
  }
}

/** The owner takes the list without compare-exchange. */
class TakeByStore extends HeapContext {
  override collect(page: number): void {
    const heap = this.i32;
    const old = Atomics.load(heap, page + Page.XThreadFree);
    if (old === Delayed.No || (old & Delayed.Mask) !== Delayed.No) {
      super.collect(page);
      return;
    }
    Atomics.store(heap, page + Page.XThreadFree, Delayed.No);
    let block = old & ~Delayed.Mask;
    while (block !== 0) {
      const next = heap[block];
      heap[block] = heap[page + Page.LocalFree];
      heap[page + Page.LocalFree] = block;
      heap[page + Page.Used]--;
      block = next;
    }
    super.collect(page);
  }
}

/** The owner does not look at the page's list again once it has said that the page is full. */
class NoSecondLook extends ThreadHeapSet {
  protected override collectAgain(_page: number): void {}
}

/** Scenario 30. */
export const threadFree = scenario<FullPage>('thread-free', {
  about:
    "two threads free blocks of a page while its owner collects them (mimalloc's thread-free list; litmus D27)",
  litmus: ['D27'],
  setup: fullPage,
  threads: { owner: allocateOne, first: freeFirst, second: freeSecond },
  after: (s, w) => result(s, w, 2),
  outcomes: {
    'again=true, lost=0, twice=0': 'required',
    'again=false, lost=0, twice=0': 'required',
  },
  world: { allocator: 'real', dataRaces: true },
  variants: {
    'foreign frees without compare-exchange': {
      overrides: [PushByStore],
      // A store also brings an old flag back: the owner waits for a free that is over.
      finds: ['leak', 'again=true, lost=0, twice=1', 'again=false, lost=2, twice=0', 'deadlock', 'error'],
    },
    'owner takes the list without compare-exchange': { overrides: [TakeByStore], finds: ['leak'] },
  },
});

/** The flag alone: one free, so that no later one makes up for it. */
export const fullPageFlag = scenario<FullPage>('thread-free-full-page', {
  about:
    "a block of a page is freed while its owner puts the page among the full ones (mimalloc's delayed flag)",
  litmus: ['D27'],
  setup: fullPage,
  threads: { owner: allocateOne, other: freeFirst },
  after: (s, w) => result(s, w, 1),
  outcomes: {
    'again=true, lost=0, twice=0': 'required',
    'again=false, lost=0, twice=0': 'required',
  },
  world: { allocator: 'real', dataRaces: true },
  variants: {
    'no second look after the flag': { overrides: [NoSecondLook], finds: ['again=false, lost=1, twice=0'] },
  },
});
