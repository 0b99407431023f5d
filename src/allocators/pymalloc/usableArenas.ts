import { Arena, State } from './layout.js';

/**
 * `usable_arenas`: the arenas that have free pools, sorted by ascending count of these (INV-3.1): allocation comes
 * from the fullest arena, and nearly empty ones get a chance to drain. `nfp2lasta` (bpo-37029) makes keeping the
 * order O(1). Under the GIL. Arguments are addresses of arena objects.
 */
export class UsableArenas {
  private readonly first: number;
  private readonly lastWithFree: number;

  /** `base`: the interpreter's state. */
  constructor(
    private readonly i32: Int32Array,
    base: number,
  ) {
    this.first = base + State.UsableArenas;
    this.lastWithFree = base + State.LastWithFree;
  }

  /** A new arena; the list is empty. */
  addOnly(arena: number): void {
    this.linkFirst(arena);
    this.i32[this.lastWithFree + this.i32[arena + Arena.FreePoolCount]] = arena;
  }

  /** The first arena has one free pool less; with none left it leaves the list. */
  countTaken(arena: number): void {
    const heap = this.i32;
    const free = heap[arena + Arena.FreePoolCount];
    // It was the first with so many; if also the last, nobody has them now.
    if (heap[this.lastWithFree + free] === arena) heap[this.lastWithFree + free] = 0;
    heap[arena + Arena.FreePoolCount] = free - 1;
    if (free === 1) {
      this.unlink(arena);
      return;
    }
    // Every other arena has at least as many as this one had: it stays first.
    heap[this.lastWithFree + free - 1] = arena;
  }

  /**
   * An arena has one free pool more (`insert_to_freepool`). True: all of its pools are free, it has left the list
   * and is to be given back.
   */
  countGiven(arena: number): boolean {
    const heap = this.i32;
    const before = heap[arena + Arena.FreePoolCount];
    const last = heap[this.lastWithFree + before];
    if (last === arena) this.shrinkRun(arena, before);
    const free = before + 1;
    heap[arena + Arena.FreePoolCount] = free;

    // Case 1: all free. The last entry of the list is kept, or a loop might get and free an arena each time
    // (bpo-37257).
    if (free === heap[arena + Arena.TotalPools] && heap[arena + Arena.Next] !== 0) {
      this.unlink(arena);
      return true;
    }
    // Case 2: was full; it has the fewest free pools of all now.
    if (free === 1) {
      this.linkFirst(arena);
      if (heap[this.lastWithFree + 1] === 0) heap[this.lastWithFree + 1] = arena;
      return false;
    }
    if (heap[this.lastWithFree + free] === 0) heap[this.lastWithFree + free] = arena;
    // Case 4: it was the last of its count, so the order still holds. Case 3: it goes behind that one.
    if (last !== arena) this.moveBehind(arena, last);
    return false;
  }

  /** `arena` was the last with `free` pools and is about to have one more. */
  private shrinkRun(arena: number, free: number): void {
    const heap = this.i32;
    const previous = heap[arena + Arena.Previous];
    const same = previous !== 0 && heap[previous + Arena.FreePoolCount] === free;
    heap[this.lastWithFree + free] = same ? previous : 0;
  }

  private linkFirst(arena: number): void {
    const heap = this.i32;
    const first = heap[this.first];
    heap[arena + Arena.Previous] = 0;
    heap[arena + Arena.Next] = first;
    if (first !== 0) heap[first + Arena.Previous] = arena;
    heap[this.first] = arena;
  }

  private unlink(arena: number): void {
    const heap = this.i32;
    const next = heap[arena + Arena.Next];
    const previous = heap[arena + Arena.Previous];
    if (next !== 0) heap[next + Arena.Previous] = previous;
    if (previous !== 0) heap[previous + Arena.Next] = next;
    else heap[this.first] = next;
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
}
