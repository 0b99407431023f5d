import { describe, expect, test } from 'vitest';
import { Delayed, Heap, Page, Queue, Segment, ThreadHeaps } from '#ungil/allocators/mimalloc/layout.js';
import { Arena, Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { Control, Geometry, HeapTag, SegmentOwner, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeap } from '#ungil/objects/check/checkHeap.js';
import { MIB, pagesOf, startMimalloc, startPymalloc } from '../../allocators/support.js';

/** A heap in every state that the check knows: each damage gets a new one. */
class MimallocScene {
  readonly memory = SharedMemory.create(128 * MIB);
  readonly heap = this.memory.i32;
  readonly live: number[] = [];
  readonly huge: number;
  /** A 16 KiB block of thread 0's full page, not freed. */
  readonly fullBlock: number;

  constructor() {
    const [first, second, third] = [0, 1, 2].map((slot) => startMimalloc(this.memory, slot));
    for (let i = 0; i < 100; i++) this.live.push(first!.allocator.alloc(12, HeapTag.Gc));
    for (let i = 0; i < 10; i++) first!.allocator.free(this.live.pop()!, HeapTag.Gc);
    for (let i = 0; i < 5; i++) second!.allocator.free(this.live.pop()!, HeapTag.Gc);
    // Four blocks fill a page; the fifth has the first page moved to the full queue.
    const large = Array.from({ length: 9 }, () => first!.allocator.alloc(4096, HeapTag.Mem));
    this.fullBlock = large[1]!;
    // A page of objects that is empty, and not alone in its bin.
    const pages = Array.from({ length: 9 }, () => first!.allocator.alloc(4096, HeapTag.Object));
    for (let i = 0; i < 4; i++) first!.allocator.free(pages[i]!, HeapTag.Object);
    this.huge = first!.allocator.alloc(1_500_000, HeapTag.Gc);
    for (let i = 0; i < 20; i++) first!.allocator.freeDelayed(first!.allocator.alloc(100, HeapTag.Mem));
    third!.allocator.alloc(12, HeapTag.GcPre);
    third!.allocator.exit();
    // Last: the next allocation of this heap would take it off the heap's list.
    second!.allocator.free(large[0]!, HeapTag.Mem);
  }

  get block(): number {
    return Control.Threads;
  }
  heapBase(tag: HeapTag): number {
    return this.block + ThreadHeaps.Heaps + tag * Heap.Words;
  }
  /** First page of thread 0 that fits. */
  page(fits: (page: number, tag: number, bin: number) => boolean): number {
    const found = pagesOf(this.memory, 0).find(({ page, tag, bin }) => fits(page, tag, bin));
    if (found === undefined) throw new Error('no such page in this scene');
    return found.page;
  }
  get smallPage(): number {
    return this.page((page, tag) => tag === HeapTag.Gc && this.heap[page + Page.BlockWords] === 12);
  }
  get fullPage(): number {
    return this.page((page) => this.heap[page + Page.InFull] === 1 && this.delayedIn(page));
  }
  get waitingPage(): number {
    return this.heap[this.block + ThreadBlock.QsbrPagesHead]!;
  }
  get abandoned(): number {
    return this.heap[Control.AbandonedHead]! & ~Geometry.SegmentMask;
  }
  get chunk(): number {
    return this.heap[this.block + ThreadBlock.DelayedHead]!;
  }
  get ownSegment(): number {
    return this.smallPage & ~Geometry.SegmentMask;
  }
  /** A span of free slices of thread 0. */
  get span(): number {
    const spans = this.block + ThreadHeaps.Spans;
    for (let bin = 0; bin < 20; bin++)
      if (this.heap[spans + 2 * bin] !== 0) return this.heap[spans + 2 * bin]!;
    throw new Error('no span');
  }
  private delayedIn(page: number): boolean {
    const block = this.heap[this.heapBase(HeapTag.Mem) + Heap.ThreadDelayedFree]!;
    const start = this.heap[page + Page.Start]!;
    return block >= start && block < start + 16384;
  }
}

type Damage = [what: string, harm: (scene: MimallocScene, heap: Int32Array) => void, found: RegExp];

const DAMAGES: Damage[] = [
  // The table of segments.
  ['unknown owner', (_s, h) => (h[Control.SegmentTable + 30] = 9), /unknown owner 9/],
  ['segment forgotten', (_s, h) => (h[Control.SegmentTable + 30] = SegmentOwner.Heap), /in use/],
  ['run cut', (s, h) => (h[Control.SegmentTable + (s.huge >>> 20) + 1] = 0), /not marked as part of/],
  ['tail alone', (_s, h) => (h[Control.SegmentTable + 30] = SegmentOwner.HugeTail), /belongs to no run/],
  ['counted too many', (_s, h) => h[Control.SegmentsUsed]!++, /are counted/],
  ['peak too low', (_s, h) => (h[Control.SegmentsPeak] = 1), /than ever were/],
  ['the empty page', (_s, h) => (h[5] = 1), /page that is always empty/],
  // Segments.
  ['stranger as owner', (s, h) => (h[s.ownSegment + Segment.ThreadId] = 4), /no thread's id/],
  [
    'another thread as owner',
    (s, h) => (h[s.ownSegment + Segment.ThreadId] = 3),
    /somebody else|has the owner/,
  ],
  ['huge run', (s, h) => (h[s.ownSegment + Segment.Run] = 2), /run 2 of a huge block/],
  ['pages counted', (s, h) => h[s.ownSegment + Segment.Used]!++, /pages, \d+ are counted/],
  ['abandoned counted', (s, h) => h[s.ownSegment + Segment.Abandoned]!++, /counts 1 abandoned pages/],
  ['slices', (s, h) => (h[s.smallPage + Page.SliceCount] = 0), /begins a page of 0 slices/],
  ['slices beyond the end', (s, h) => (h[s.smallPage + Page.SliceCount] = 99), /begins a page of 99 slices/],
  ['slice offset', (s, h) => (h[s.smallPage + Page.SliceOffset] = 32), /leads back 32 words/],
  ['page owner', (s, h) => (h[s.smallPage + Page.Owner] = 5), /has the owner 5/],
  ['span end', (s, h) => (h[s.span + Page.SliceCount]! -= 1), /lead back|two spans meet|no page|begins/],
  ['span queue', (s, h) => (h[s.span + Page.Next] = s.span), /span queue .* in two queues, or twice/],
  ['span lost', dropSpans, /is in no queue/],
  ['span links', (s, h) => (h[s.span + Page.Previous] = 12), /linked wrongly/],
  // Queues of pages.
  ['page links', (s, h) => (h[s.smallPage + Page.Previous] = 12), /linked wrongly/],
  ['queue end', (s, h) => (h[h[s.smallPage + Page.Queue]! + Queue.Last] = 0), /last page is not the last/],
  ['queue leads astray', (s, h) => (h[s.smallPage + Page.Next] = 77), /77 is no page/],
  ['queue is a circle', (s, h) => (h[s.smallPage + Page.Next] = s.smallPage), /in two queues, or twice/],
  ['page lost', (s, h) => (h[h[s.smallPage + Page.Queue]! + Queue.First] = 0), /is in no queue/],
  [
    'pages of a heap counted',
    (s, h) => h[s.heapBase(HeapTag.Gc) + Heap.PageCount]!++,
    /pages, \d+ are counted/,
  ],
  [
    'shortcut',
    (s, h) => (h[s.heapBase(HeapTag.Gc) + Heap.Direct + 3] = 0),
    /requests of 48 bytes go to page 0/,
  ],
  ['tag', (s, h) => (h[s.smallPage + Page.Tag] = HeapTag.Mem), /has another tag/],
  ['heap of a page', (s, h) => (h[s.smallPage + Page.Heap] = 4), /another heap/],
  ['bin of a page', (s, h) => (h[s.smallPage + Page.Queue]! += Queue.Words), /belongs in bin/],
  ['mark of full pages', (s, h) => (h[s.smallPage + Page.InFull] = 1), /mark for full pages/],
  // Pages.
  ['used', (s, h) => h[s.smallPage + Page.Used]!++, /INV-4\.1/],
  ['full page used', (s, h) => h[s.fullPage + Page.FullUsed]!--, /INV-4\.1/],
  ['capacity', (s, h) => (h[s.smallPage + Page.Capacity] = 99_999), /INV-4\.2/],
  ['reserved', (s, h) => h[s.smallPage + Page.Reserved]!++, /do not fit its size/],
  ['start', (s, h) => (h[s.smallPage + Page.Start]! += 4), /do not fit its size/],
  ['block size', (s, h) => (h[s.smallPage + Page.BlockWords] = 13), /no page is for such blocks/],
  ['free list leads out', (s, h) => (h[h[s.smallPage + Page.Free]!] = 4_000_000), /4000000 is no block/],
  ['free list unaligned', (s, h) => (h[h[s.smallPage + Page.Free]!]! += 1), /is no block of the page/],
  [
    'free list is a circle',
    (s, h) => (h[h[s.smallPage + Page.Free]!] = h[s.smallPage + Page.Free]!),
    /in two lists, or twice/,
  ],
  [
    'double free',
    (s, h) => (h[s.smallPage + Page.LocalFree] = h[s.smallPage + Page.Free]!),
    /in two lists, or twice/,
  ],
  [
    'foreign list',
    (s, h) => (h[s.smallPage + Page.XThreadFree] = 4_000_000 | Delayed.No),
    /XThreadFree: 4000000 is no block/,
  ],
  ['flag of a free under way', (s, h) => (h[s.smallPage + Page.XThreadFree]! |= Delayed.Never), /flag 3/],
  ['flag Freeing', (s, h) => (h[s.smallPage + Page.XThreadFree]! ^= Delayed.No | Delayed.Freeing), /flag 1/],
  [
    'full page that nobody reports',
    (s, h) => (h[s.heapBase(HeapTag.Mem) + Heap.ThreadDelayedFree] = 0),
    /will not be told/,
  ],
  ['full page with untold frees', untoldFrees, /its heap was not told of/],
  [
    'delayed frees lead out',
    (s, h) => (h[s.heapBase(HeapTag.Mem) + Heap.ThreadDelayedFree] = 400),
    /400 is no block/,
  ],
  [
    'delayed frees of another heap',
    (s, h) => (h[s.heapBase(HeapTag.Gc) + Heap.ThreadDelayedFree] = s.fullBlock),
    /of another heap/,
  ],
  [
    'delayed frees twice',
    (s, h) =>
      (h[h[s.heapBase(HeapTag.Mem) + Heap.ThreadDelayedFree]!] =
        h[s.heapBase(HeapTag.Mem) + Heap.ThreadDelayedFree]!),
    /there twice/,
  ],
  ['retirement', (s, h) => (h[s.smallPage + Page.RetireExpire] = 400), /400 ticks/],
  ['retirement not counted', forgottenRetirement, /its heap counts none/],
  // Pages that wait.
  ['goal lost', (s, h) => (h[s.waitingPage + Page.QsbrGoal] = 0), /waits without a goal/],
  [
    'goal of a used page',
    (s, h) => (h[s.smallPage + Page.QsbrGoal] = 5),
    /has a goal and is not in the list/,
  ],
  ['goal of an array', (s, h) => (h[s.fullPage + Page.QsbrGoal] = 5), /waits for a goal for nothing/],
  ['waiting mark', (s, h) => (h[s.waitingPage + Page.QsbrLinked] = 0), /says otherwise/],
  ['waiting list', (s, h) => (h[s.waitingPage + Page.QsbrNext] = s.waitingPage), /there twice/],
  ['waiting list end', (s, h) => (h[s.block + ThreadBlock.QsbrPagesTail] = 0), /last page is not the last/],
  ['waiting list links', (s, h) => (h[s.waitingPage + Page.QsbrPrevious] = 8), /linked wrongly/],
  // Abandoned segments.
  ['abandoned segment lost', (_s, h) => (h[Control.AbandonedHead] = 0), /is in no list: it is lost/],
  ['abandoned list', (s, h) => (h[Control.AbandonedHead] = s.ownSegment), /which is none/],
  ['abandoned list astray', (s, h) => (h[s.abandoned + Segment.NextAbandoned] = 17), /which is no segment/],
  ['abandoned readers', (_s, h) => h[Control.AbandonedReaders]!++, /although none runs/],
  ['abandoned twice', (s, h) => (h[s.abandoned + Segment.NextAbandoned] = s.abandoned), /or twice/],
  [
    'abandoned page flag',
    (s, h) => (h[abandonedPage(s, h) + Page.XThreadFree] = Delayed.No),
    /not that of abandoned pages/,
  ],
  ['abandoned page heap', (s, h) => (h[abandonedPage(s, h) + Page.Heap] = 64), /still names a heap/],
  // Huge blocks.
  [
    'huge header',
    (s, h) => (h[((s.huge & ~Geometry.SegmentMask) | Segment.Pages) + Page.Words + Page.Start] = 1),
    /does not describe one block/,
  ],
  [
    'huge dead and forgotten',
    (s, h) => (h[((s.huge & ~Geometry.SegmentMask) | Segment.Pages) + Page.Words + Page.Used] = 0),
    /no queue of delayed frees has it/,
  ],
  // Delayed frees and QSBR.
  ['chunk', (s, h) => (h[s.block + ThreadBlock.DelayedHead] = 12), /chunk 12 is no block/],
  ['last chunk', (s, h) => (h[s.block + ThreadBlock.DelayedTail] = 0), /the last chunk is/],
  ['chunk counts', (s, h) => (h[s.chunk + 2] = 999), /has items from/],
  ['item twice', (s, h) => (h[s.chunk + 6] = h[s.chunk + 4]!), /is held twice/],
  ['item is no block', (s, h) => (h[s.chunk + 4] = 96), /96 is no block/],
  ['goals decrease', (s, h) => (h[s.chunk + 5]! += 2), /INV-5\.3|beyond the next advance/],
  ['goal out of order', (s, h) => (h[s.chunk + 7]! -= 2), /INV-5\.3/],
  ['goal in the future', (s, h) => (h[s.chunk + 4 + 2 * 19 + 1]! += 4), /beyond the next advance/],
  ['sequence even', (_s, h) => h[Control.WriteSequence]!++, /odd numbers/],
  ['read sequence', (_s, h) => (h[Control.ReadSequence]! += 20), /INV-5\.1/],
  ['slot ahead', (s, h) => (h[s.block + ThreadBlock.QsbrSequence]! += 20), /INV-5\.1: thread slot 0/],
  ['slot not scanned', (_s, h) => (h[Control.QsbrSlots] = 1), /scanners look at 1 slots/],
];

function dropSpans(s: MimallocScene, h: Int32Array): void {
  const spans = s.block + ThreadHeaps.Spans;
  h.fill(0, spans, spans + 40);
}
function forgottenRetirement(s: MimallocScene, h: Int32Array): void {
  h[s.smallPage + Page.RetireExpire] = 3;
  h[s.heapBase(HeapTag.Gc) + Heap.Retired] = 0;
}
function untoldFrees(s: MimallocScene, h: Int32Array): void {
  const page = s.fullPage;
  h[s.fullBlock] = 0;
  h[page + Page.XThreadFree] = s.fullBlock | Delayed.Use;
}
function abandonedPage(s: MimallocScene, h: Int32Array): number {
  let page = s.abandoned + Segment.Pages + Page.Words;
  while (h[page + Page.BlockWords] === 0) page += h[page + Page.SliceCount]! << Page.Shift;
  return page;
}

describe('the check of a mimalloc heap finds', () => {
  test('nothing in the scene itself, which has all states', () => {
    const scene = new MimallocScene();
    expect(checkHeap(scene.memory)).toEqual([]);
    for (const state of [
      scene.smallPage,
      scene.fullPage,
      scene.waitingPage,
      scene.abandoned,
      scene.chunk,
      scene.span,
    ]) {
      expect(state).toBeGreaterThan(0);
    }
    expect(scene.heap[scene.smallPage + Page.XThreadFree]! & ~Delayed.Mask).not.toBe(0);
  });
  test.each(DAMAGES)('%s', (_what, harm, found) => {
    const scene = new MimallocScene();
    harm(scene, scene.heap);
    expect(checkHeap(scene.memory).join('\n')).toMatch(found);
  });
});

/** The interpreter's state. */
const BASE = Control.InterpreterAllocator;

/** Arenas of pymalloc with used, full and free pools. */
class PymallocScene {
  readonly memory = SharedMemory.create(64 * MIB);
  readonly heap = this.memory.i32;

  constructor() {
    const { allocator } = startPymalloc(this.memory);
    // 31 blocks of 512 bytes a pool; more than an arena has.
    const blocks = Array.from({ length: 31 * 70 }, () => allocator.alloc(128, HeapTag.Object));
    for (const block of blocks.splice(0, 31 * 3)) allocator.free(block, HeapTag.Object);
    for (const block of blocks.splice(0, 7)) allocator.free(block, HeapTag.Object);
  }

  get arena(): number {
    return this.heap[BASE + State.UsableArenas]!;
  }
  get second(): number {
    return this.heap[this.arena + Arena.Next]!;
  }
  get usedPool(): number {
    return this.heap[BASE + State.UsedPools + HeapTag.Object * 32 + 31]!;
  }
  get freePool(): number {
    return this.heap[this.arena + Arena.FreePools]!;
  }
}

const POOL_DAMAGES: [string, (s: PymallocScene, h: Int32Array) => void, RegExp][] = [
  ['order', (s, h) => swapArenas(s, h), /INV-3\.1/],
  [
    'nfp2lasta',
    (s, h) => (h[BASE + State.LastWithFree + h[s.arena + Arena.FreePoolCount]!] = 0),
    /INV-3\.1: the last arena/,
  ],
  ['usable list', (_s, h) => (h[BASE + State.UsableArenas] = 5), /which is no arena/],
  ['usable links', (s, h) => (h[s.second + Arena.Previous] = 0), /linked wrongly/],
  ['usable lost', (s, h) => (h[s.arena + Arena.Next] = 0), /in the wrong list/],
  ['unused list', (_s, h) => (h[BASE + State.UnusedArenas] = 0), /is in no list/],
  ['unused list astray', (s, h) => (h[BASE + State.UnusedArenas] = s.arena), /which is none/],
  ['arenas counted', (_s, h) => h[BASE + State.ArenaCount]!++, /arenas are in use/],
  ['arena address', (s, h) => (h[s.arena + Arena.Address]! += 4096), /not its arena/],
  ['arena pools', (s, h) => (h[s.arena + Arena.TotalPools] = 70), /are impossible/],
  [
    'segment of nobody',
    (s, h) => (h[Control.SegmentArenas + (h[s.arena + Arena.Address]! >>> 20)] = 7),
    /which is no interpreter/,
  ],
  [
    'place lost',
    (s, h) => (h[BASE + State.Places + (h[s.arena + Arena.Address]! >>> 20)] = 64),
    /its places 64 are in use/,
  ],
  ['array of arenas', (_s, h) => (h[BASE + State.Arenas] = 12), /array of arena objects 12 is no block/],
  ['free pools counted', (s, h) => h[s.arena + Arena.FreePoolCount]!++, /free pools, \d+ are counted/],
  ['free pools twice', (s, h) => (h[s.freePool + Pool.Next] = s.freePool), /INV-3\.2: the free pools/],
  ['free pool used', (s, h) => (h[s.freePool + Pool.Count] = 3), /INV-3\.2: .* is free and has 3/],
  ['pool arena', (s, h) => (h[s.usedPool + Pool.ArenaIndex] = 8), /names 8 as its arena/],
  ['used pools', (s, h) => (h[s.usedPool + Pool.Next] = s.freePool), /INV-3\.2: used pools of class/],
  ['used pools links', (s, h) => (h[s.usedPool + Pool.Previous] = 8), /linked wrongly/],
  [
    'pool in no list',
    (_s, h) => (h[BASE + State.UsedPools + HeapTag.Object * 32 + 31] = 0),
    /INV-3\.2: .* is in no list/,
  ],
  ['pool class', (s, h) => (h[s.usedPool + Pool.SizeIndex] = 5), /in the list of class/],
  ['pool class unknown', (s, h) => (h[s.usedPool + Pool.SizeIndex] = 500), /unknown class 500/],
  ['pool count', (s, h) => h[s.usedPool + Pool.Count]!++, /are not \d+ carved/],
  ['pool offset', (s, h) => (h[s.usedPool + Pool.NextOffset]! += 4), /next block to carve/],
  ['pool free list', (s, h) => (h[s.usedPool + Pool.FreeBlock]! += 4), /is no block of it/],
  [
    'pool free twice',
    (s, h) => (h[h[s.usedPool + Pool.FreeBlock]!] = h[s.usedPool + Pool.FreeBlock]!),
    /free twice/,
  ],
  ['pool full in list', (s, h) => (h[s.usedPool + Pool.FreeBlock] = 0), /INV-3\.2|carved/],
];

function swapArenas(s: PymallocScene, h: Int32Array): void {
  const [first, second] = [s.arena, s.second];
  h[BASE + State.UsableArenas] = second;
  h[second + Arena.Previous] = 0;
  h[first + Arena.Next] = h[second + Arena.Next]!;
  h[second + Arena.Next] = first;
  h[first + Arena.Previous] = second;
}

describe('the check of pymalloc finds', () => {
  test('nothing in the scene itself', () => {
    const scene = new PymallocScene();
    expect(checkHeap(scene.memory)).toEqual([]);
    expect(scene.second).toBeGreaterThan(0);
    expect(scene.freePool).toBeGreaterThan(0);
    expect(scene.usedPool).toBeGreaterThan(0);
  });
  test.each(POOL_DAMAGES)('%s', (_what, harm, found) => {
    const scene = new PymallocScene();
    harm(scene, scene.heap);
    expect(checkHeap(scene.memory).join('\n')).toMatch(found);
  });
});
