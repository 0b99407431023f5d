import { AbandonedPool, segmentOfTop } from '../../allocators/mimalloc/abandonedPool.js';
import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, segmentOwner, tryClaimSegments } from '../../memory/segments.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Part two of scenario 31: the abandoned pool itself, its segments without pages. */

const SEGMENTS = 3;

interface Pooled {
  /** Word a thread and place: the segment that it has, 0 none. */
  readonly has: number;
  readonly segments: number;
}

const enum Has {
  /** Segments that a thread may have at once. */
  PerThread = 2,
}

function pooled(w: World): Pooled {
  return pooledOf(w, SEGMENTS);
}

function pooledOf(w: World, segments: number): Pooled {
  const pool = new AbandonedPool(w.i32);
  for (let i = 0; i < segments; i++) pool.push(tryClaimSegments(w.i32, 1, SegmentOwner.Heap));
  return { has: w.words(w.threadCount * Has.PerThread, 'has'), segments };
}

/** Takes a segment and notes that this thread has it. */
function take(s: Pooled, w: World, me: number, place: number): number {
  const segment = new AbandonedPool(w.i32).pop();
  w.i32[s.has + me * Has.PerThread + place] = segment;
  return segment;
}

function popOne(s: Pooled, w: World, me: number): void {
  take(s, w, me, 0);
}

/** Brings the first segment back while it keeps the second: the top is what it was, its next is not. */
function popTwoPushOne(s: Pooled, w: World, me: number): void {
  const first = take(s, w, me, 0);
  take(s, w, me, 1);
  w.i32[s.has + me * Has.PerThread] = 0;
  new AbandonedPool(w.i32).push(first);
}

/** A search that does not find what it needs at first. */
function passOver(s: Pooled, w: World, me: number): void {
  const pool = new AbandonedPool(w.i32);
  const segment = pool.pop();
  if (segment !== 0) pool.pushVisited(segment);
  take(s, w, me, 0);
}

/** Each segment must be had by one thread or be in the pool, once. */
function count(s: Pooled, w: World): { lost: number; twice: number } {
  const seen = new Map<number, number>();
  const note = (segment: number) => seen.set(segment, (seen.get(segment) ?? 0) + 1);
  for (let i = 0; i < w.threadCount * Has.PerThread; i++) {
    if (w.i32[s.has + i] !== 0) note(w.i32[s.has + i]);
  }
  const pool = new AbandonedPool(w.i32);
  // A broken pool may have become a ring.
  for (let i = 0; i < 2 * s.segments; i++) {
    const segment = pool.pop();
    if (segment === 0) break;
    note(segment);
  }
  const twice = [...seen.values()].filter((times) => times > 1).length;
  return { lost: s.segments - seen.size, twice };
}

/** The tag stands still. */
class NoTag extends AbandonedPool {
  protected override tagged(segment: number, _old: number): number {
    return segment;
  }
}

/** The top is replaced without a look at whether it is still the one whose next was read. */
class PopByStore extends AbandonedPool {
  protected override popTop(): number {
    const top = Atomics.load(this.i32, Control.AbandonedHead);
    const segment = segmentOfTop(top);
    if (segment === 0) return 0;
    Atomics.store(this.i32, Control.AbandonedHead, this.tagged(this.readNext(segment), top));
    return segment;
  }
}

/** Two threads may take the same chain. */
class TakeVisitedByStore extends AbandonedPool {
  protected override takeVisited(): number {
    const first = Atomics.load(this.i32, Control.AbandonedVisited);
    Atomics.store(this.i32, Control.AbandonedVisited, 0);
    return first;
  }
}

/** Once a segment has two owners, much follows. */
const TWO_OWNERS = { '*': 'expected' } as const;

const OUTCOMES = { 'lost=0, twice=0': 'required' } as const;

export const abandonedTag = scenario<Pooled>('abandoned-tag', {
  about:
    'a segment leaves the abandoned pool and comes back while another thread pops it (ABA; mimalloc segment.c)',
  setup: pooled,
  threads: { popper: popOne, other: popTwoPushOne },
  after: count,
  outcomes: OUTCOMES,
  world: { allocator: 'real', dataRaces: true },
  variants: {
    'no tag beside the top': { overrides: [NoTag], finds: ['lost=1, twice=0', 'lost=1, twice=1'] },
    'pop without compare-exchange': {
      overrides: [PopByStore],
      outcomes: TWO_OWNERS,
      finds: ['lost=0, twice=1'],
    },
  },
});

export const abandonedVisited = scenario<Pooled>('abandoned-visited', {
  about:
    'a search of the abandoned pool passes a segment over, which comes back for it and for others (mimalloc segment.c)',
  setup: (w) => pooledOf(w, 1),
  threads: { search: passOver, other: popOne },
  after: count,
  outcomes: OUTCOMES,
  world: { allocator: 'real', dataRaces: true },
  variants: {
    'the segments put aside are taken without exchange': {
      overrides: [TakeVisitedByStore],
      outcomes: TWO_OWNERS,
      finds: ['lost=0, twice=1'],
    },
  },
});

/** A pool that notices when it reads a segment that nobody has any more. */
class WatchedPool extends AbandonedPool {
  constructor(private readonly w: World) {
    super(w.i32);
  }

  protected override readNext(segment: number): number {
    const next = super.readNext(segment);
    const gone = segmentOwner(this.i32, segment) === SegmentOwner.Free;
    this.w.check(!gone, `segment ${segment >>> Geometry.SegmentShift} was read after its release`);
    return next;
  }
}

function popWatched(s: Pooled, w: World, me: number): void {
  w.i32[s.has + me * Has.PerThread] = new WatchedPool(w).pop();
}

/** Takes a segment that turns out to be empty, and gives it back. */
function popAndRelease(_s: Pooled, w: World): void {
  const pool = new WatchedPool(w);
  const segment = pool.pop();
  pool.awaitReaders();
  releaseSegments(w.i32, segment, 1);
}

class ReadersNotAwaited extends AbandonedPool {
  override awaitReaders(): void {}
}

/** Whoever comes in is counted after it has looked. */
class CountedTooLate extends AbandonedPool {
  override popUnvisited(): number {
    const segment = this.popTop();
    this.enterReader();
    this.leaveReader();
    return segment;
  }
}

export const abandonedReaders = scenario<Pooled>('abandoned-readers', {
  about:
    'a segment is given back while another thread looks at its next (mimalloc _mi_abandoned_await_readers)',
  setup: pooled,
  threads: {
    reader: popWatched,
    releaser: popAndRelease,
  },
  after: (s, w) => ({ got: w.i32[s.has] !== 0 }),
  outcomes: { 'got=true': 'required' },
  world: { allocator: 'real', dataRaces: true },
  variants: {
    'readers are not awaited': { overrides: [ReadersNotAwaited], finds: ['broken invariant'] },
    'a reader counts itself after its look': { overrides: [CountedTooLate], finds: ['broken invariant'] },
  },
});
