import { AbandonedPool, segmentOfTop } from '../../allocators/mimalloc/abandonedPool.js';
import { Delayed, Page, Slice } from '../../allocators/mimalloc/layout.js';
import { MimallocAllocator } from '../../allocators/mimalloc/mimallocAllocator.js';
import { pageOf, segmentOf } from '../../allocators/mimalloc/page.js';
import { Reclaiming } from '../../allocators/mimalloc/reclaim.js';
import { PlainAtomicOps } from '../../memory/atomicOps.js';
import { Control, Header, HeapTag } from '../../memory/layout.js';
import { ownerId, threadBlock } from '../../threads/evalBreaker.js';
import type { ModelThread } from '../modelThread.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** What a thread left behind: a segment with two blocks, alone in their pages. */
interface Abandoned {
  /** An object that stays alive. */
  readonly kept: number;
  /** An array that another thread frees. */
  readonly given: number;
  /** Words for what the reclaimers got. */
  readonly got: number;
}

const enum Leaver {
  /** A slot behind those of the scenario. */
  Slot = 8,
  Id = 2 * Slot + 1,
}

/** What the reclaimers want, and what the leaver's blocks are: a quarter of a page, so that few steps pass. */
const WORDS = Slice.SmallMaxWords;

function abandoned(w: World): Abandoned {
  fillSegment(w, w.thread(0));
  fillSegment(w, w.thread(1));
  const allocator = leaver(w);
  const kept = allocator.alloc(WORDS, HeapTag.Gc);
  const given = allocator.alloc(WORDS, HeapTag.Mem);
  w.i32[kept + Header.Owner] = Leaver.Id;
  allocator.exit();
  return { kept, given, got: w.words(2, 'got') };
}

/** The thread's next page must come from another segment. */
function fillSegment(w: World, { allocator }: ModelThread): void {
  const before = w.i32[Control.SegmentsUsed];
  let block = 0;
  while (w.i32[Control.SegmentsUsed] === before) block = allocator.alloc(WORDS, HeapTag.Mem);
  allocator.free(block, HeapTag.Mem);
  allocator.collect(true);
}

/** The allocator of a thread that is no part of the scenario. */
function leaver(w: World): MimallocAllocator {
  const { memory, i32 } = w;
  const block = threadBlock(Leaver.Slot);
  const allocator = new MimallocAllocator({
    memory,
    i32,
    atomics: new PlainAtomicOps(memory),
    block,
    qsbr: null,
  });
  w.check(ownerId(block) === Leaver.Id, 'the slot has another id');
  allocator.start();
  return allocator;
}

/** The thread's segment is full: it takes the abandoned one over, or a new one. */
function reclaim(s: Abandoned, w: World, me: number): void {
  w.i32[s.got + me] = w.thread(me).allocator.alloc(WORDS, HeapTag.Mem);
}

function freeGiven(s: Abandoned, w: World, me: number): void {
  w.thread(me).allocator.free(s.given, HeapTag.Mem);
}

/**
 * `adopted`: by how many of the two. `whole`: tag and owner of the object that stayed alive, and the page's owner, are
 * what they must be. `lost`: the block that was freed is not free.
 */
function result(s: Abandoned, w: World): { adopted: number; whole: boolean; twice: boolean; lost: boolean } {
  const heap = w.i32;
  const [first, second] = [heap[s.got], heap[s.got + 1]];
  let adopted = 0;
  for (const block of [first, second]) if (segmentOf(block) === segmentOf(s.kept)) adopted++;
  const page = pageOf(heap, s.kept);
  const tagged = heap[page + Page.Tag] === HeapTag.Gc && heap[pageOf(heap, first) + Page.Tag] === HeapTag.Mem;
  const whole = tagged && heap[s.kept + Header.Owner] === Leaver.Id && first !== s.kept && second !== s.kept;
  const twice = first === second;
  const lost = first !== s.given && second !== s.given && !w.freed(s.given);
  w.main.allocator.free(s.kept, HeapTag.Gc);
  w.main.allocator.free(first, HeapTag.Mem);
  if (!twice && second !== 0) w.main.allocator.free(second, HeapTag.Mem);
  return { adopted, whole, twice, lost };
}

/** The first step of an adoption alone: two whole ones in one segment leave nothing to be counted on. */
function takeOut(s: Abandoned, w: World, me: number): void {
  w.i32[s.got + me] = new AbandonedPool(w.i32).pop();
}

function owners(s: Abandoned, w: World): { owners: number } {
  const segment = segmentOf(s.kept);
  const first = segmentOf(w.i32[s.got]) === segment;
  const second = segmentOf(w.i32[s.got + 1]) === segment;
  return { owners: (first ? 1 : 0) + (second ? 1 : 0) };
}

/** Takes the top without making sure that it is still the top. */
class AdoptWithoutClaiming extends AbandonedPool {
  protected override popTop(): number {
    const top = Atomics.load(this.i32, Control.AbandonedHead);
    const segment = segmentOfTop(top);
    if (segment !== 0)
      Atomics.store(this.i32, Control.AbandonedHead, this.tagged(this.readNext(segment), top));
    return segment;
  }
}

/** Forgets what was freed in the page since somebody last looked. */
class OpenByStore extends Reclaiming {
  protected override openToFrees(page: number): void {
    Atomics.store(this.context.i32, page + Page.XThreadFree, Delayed.No);
  }
}

/** All pages join the first heap. */
class TagNotKept extends Reclaiming {
  protected override tagOf(_page: number): HeapTag {
    return HeapTag.Mem;
  }
}

/** Scenario 31. */
export const abandonedSegment = scenario<Abandoned>('abandoned-segment', {
  about:
    'two threads take over what a third has left, and a block in it is freed meanwhile (mimalloc segment.c; litmus D22)',
  litmus: ['D22'],
  setup: abandoned,
  threads: { first: reclaim, second: reclaim, freer: freeGiven },
  after: result,
  outcomes: { 'adopted=1, whole=true, twice=false, lost=false': 'required' },
  world: { allocator: 'real', dataRaces: true, leaks: false },
  variants: {
    'adopted without being claimed': {
      threads: { first: reclaim, second: takeOut },
      after: owners,
      overrides: [AdoptWithoutClaiming],
      outcomes: { 'owners=1': 'required' },
      finds: ['owners=2'],
    },
    'a free during the adoption is forgotten': {
      threads: { first: reclaim, freer: freeGiven },
      overrides: [OpenByStore],
      finds: ['adopted=1, whole=true, twice=false, lost=true'],
    },
    'pages of all tags join one heap': {
      overrides: [TagNotKept],
      finds: ['adopted=1, whole=false, twice=false, lost=false'],
    },
  },
});
