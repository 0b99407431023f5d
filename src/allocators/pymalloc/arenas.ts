import { Geometry, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, tryClaimSegments } from '../../memory/segments.js';
import { Arena, ArenaSegment, Pool, PoolIndex, State } from './layout.js';

/**
 * Arenas and their free pools (CPython `Objects/obmalloc.c`, `allocate_from_new_pool`, `insert_to_freepool`).
 *
 * `usable_arenas` is sorted by ascending count of free pools (INV-3.1): allocation comes from the fullest arena,
 * and nearly empty ones get a chance to drain. `nfp2lasta` makes keeping the order O(1). Under the GIL.
 */
export class Arenas {
  constructor(private readonly i32: Int32Array) {}

  /** A pool of the fullest usable arena, its header as it was left; 0 if the memory is full. */
  takePool(): number {
    const heap = this.i32;
    if (heap[State.UsableArenas] === 0 && !this.newArena()) return 0;
    const arena = heap[State.UsableArenas];
    this.countTaken(arena);
    const recycled = heap[arena + Arena.FreePools];
    if (recycled !== 0) {
      heap[arena + Arena.FreePools] = heap[recycled + Pool.Next];
      return recycled;
    }
    const pool = heap[arena + Arena.PoolAddress];
    heap[arena + Arena.PoolAddress] = pool + Pool.Words;
    heap[pool + Pool.Arena] = arena;
    heap[pool + Pool.SizeIndex] = PoolIndex.Never;
    return pool;
  }

  /** The arena has one free pool less; with none left it is not usable. It is the first of the list. */
  private countTaken(arena: number): void {
    const heap = this.i32;
    const free = heap[arena + Arena.FreePoolCount];
    // It was the first with so many; if also the last, nobody has them now.
    if (heap[State.LastWithFree + free] === arena) heap[State.LastWithFree + free] = 0;
    heap[arena + Arena.FreePoolCount] = free - 1;
    if (free > 1) {
      // Every other arena has at least as many as this one had: it stays first.
      heap[State.LastWithFree + free - 1] = arena;
      return;
    }
    this.unlink(arena);
  }

  /** Takes an empty pool back. The pool is in no list. */
  givePool(pool: number): void {
    const heap = this.i32;
    const arena = heap[pool + Pool.Arena];
    heap[pool + Pool.Next] = heap[arena + Arena.FreePools];
    heap[arena + Arena.FreePools] = pool;
    const before = heap[arena + Arena.FreePoolCount];
    const last = heap[State.LastWithFree + before];
    if (last === arena) this.shrinkRun(arena, before);
    const free = before + 1;
    heap[arena + Arena.FreePoolCount] = free;

    // Case 1: all free, and not the last entry of the list, which is kept (bpo-37257).
    if (free === heap[arena + Arena.TotalPools] && heap[arena + Arena.Next] !== 0) {
      this.freeArena(arena);
      return;
    }
    // Case 2: was full; it has the fewest free pools of all now.
    if (free === 1) {
      this.linkFirst(arena);
      if (heap[State.LastWithFree + 1] === 0) heap[State.LastWithFree + 1] = arena;
      return;
    }
    if (heap[State.LastWithFree + free] === 0) heap[State.LastWithFree + free] = arena;
    // Case 4: it was the last of its count, so the order still holds. Case 3: it goes behind that one.
    if (last !== arena) this.moveBehind(arena, last);
  }

  /** `arena` was the last with `free` pools and is about to have one more. */
  private shrinkRun(arena: number, free: number): void {
    const heap = this.i32;
    const previous = heap[arena + Arena.Previous];
    const same = previous !== 0 && heap[previous + Arena.FreePoolCount] === free;
    heap[State.LastWithFree + free] = same ? previous : 0;
  }

  // --- The list of usable arenas ---

  private linkFirst(arena: number): void {
    const heap = this.i32;
    const first = heap[State.UsableArenas];
    heap[arena + Arena.Previous] = 0;
    heap[arena + Arena.Next] = first;
    if (first !== 0) heap[first + Arena.Previous] = arena;
    heap[State.UsableArenas] = arena;
  }

  private unlink(arena: number): void {
    const heap = this.i32;
    const next = heap[arena + Arena.Next];
    const previous = heap[arena + Arena.Previous];
    if (next !== 0) heap[next + Arena.Previous] = previous;
    if (previous !== 0) heap[previous + Arena.Next] = next;
    else heap[State.UsableArenas] = next;
  }

  private moveBehind(arena: number, last: number): void {
    const heap = this.i32;
    this.unlink(arena);
    const next = heap[last + Arena.Next];
    heap[arena + Arena.Previous] = last;
    heap[arena + Arena.Next] = next;
    heap[last + Arena.Next] = arena;
    if (next !== 0) heap[next + Arena.Previous] = arena;
  }

  // --- Arenas themselves ---

  /** Associates an unused arena object; the only usable arena then. False if the memory is full. */
  private newArena(): boolean {
    const heap = this.i32;
    if (heap[State.UnusedArenas] === 0 && !this.newSegment()) return false;
    const arena = heap[State.UnusedArenas];
    this.unlinkUnused(arena);
    const segment = segmentOfArena(arena);
    const index = (arena - segment - ArenaSegment.Objects) / Arena.ObjectWords;
    const address = segment + index * Arena.Words;
    const lost = index === 0 ? 1 : 0;
    heap[arena + Arena.Address] = address;
    heap[arena + Arena.PoolAddress] = address + lost * Pool.Words;
    heap[arena + Arena.TotalPools] = Arena.MaxPools - lost;
    heap[arena + Arena.FreePoolCount] = Arena.MaxPools - lost;
    heap[arena + Arena.FreePools] = 0;
    heap[segment + ArenaSegment.Used]++;
    heap[State.ArenaCount]++;
    this.linkFirst(arena);
    heap[State.LastWithFree + Arena.MaxPools - lost] = arena;
    return true;
  }

  /** All pools are free: to the segment, and with the last arena back to the memory. */
  private freeArena(arena: number): void {
    const heap = this.i32;
    const segment = segmentOfArena(arena);
    this.unlink(arena);
    heap[arena + Arena.Address] = 0;
    heap[State.ArenaCount]--;
    this.linkUnused(arena);
    const used = heap[segment + ArenaSegment.Used] - 1;
    heap[segment + ArenaSegment.Used] = used;
    if (used !== 0) return;
    for (let i = 0; i < Arena.PerSegment; i++) this.unlinkUnused(arenaObject(segment, i));
    heap[segment + ArenaSegment.Id] = 0;
    releaseSegments(heap, segment, 1);
  }

  private newSegment(): boolean {
    const heap = this.i32;
    const segment = tryClaimSegments(heap, 1, SegmentOwner.Arenas);
    if (segment === 0) return false;
    heap[segment + ArenaSegment.Id] = ArenaSegment.IdValue;
    heap[segment + ArenaSegment.Used] = 0;
    for (let i = Arena.PerSegment - 1; i >= 0; i--) {
      heap[arenaObject(segment, i) + Arena.Address] = 0;
      this.linkUnused(arenaObject(segment, i));
    }
    return true;
  }

  private linkUnused(arena: number): void {
    const heap = this.i32;
    const first = heap[State.UnusedArenas];
    heap[arena + Arena.Previous] = 0;
    heap[arena + Arena.Next] = first;
    if (first !== 0) heap[first + Arena.Previous] = arena;
    heap[State.UnusedArenas] = arena;
  }

  private unlinkUnused(arena: number): void {
    const heap = this.i32;
    const next = heap[arena + Arena.Next];
    const previous = heap[arena + Arena.Previous];
    if (next !== 0) heap[next + Arena.Previous] = previous;
    if (previous !== 0) heap[previous + Arena.Next] = next;
    else heap[State.UnusedArenas] = next;
  }
}

/** The arena object number `index` of a segment. */
export function arenaObject(segment: number, index: number): number {
  return segment + ArenaSegment.Objects + index * Arena.ObjectWords;
}

function segmentOfArena(arena: number): number {
  return arena & ~Geometry.SegmentMask;
}
