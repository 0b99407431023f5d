import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, tryClaimSegments } from '../../memory/segments.js';
import { State } from './layout.js';

/** Where arenas come from (CPython's `PyObjectArenaAllocator`). Under the interpreter's GIL. */
export interface ArenaSource {
  /** The address of an arena, aligned to 16 bytes at least; 0 if the memory is full. */
  alloc(): number;
  free(address: number): void;
}

/**
 * Cuts segments into arenas, lowest address first, and gives a segment back with its last arena. A segment has no
 * header, so that its arenas are whole: which of its places are in use is a word of the interpreter's state,
 * `State.Places`, and whose it is a word of `Control.SegmentArenas`.
 */
export class ArenaSpace implements ArenaSource {
  private readonly shift: number;
  /** The word of a segment without a free place. */
  private readonly full: number;

  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
    arenaWords: number,
  ) {
    this.shift = Math.log2(arenaWords);
    this.full = 2 ** (Geometry.SegmentWords / arenaWords) - 1;
  }

  alloc(): number {
    const heap = this.i32;
    const number = this.segmentWithPlace();
    if (number === 0) return 0;
    const used = heap[this.base + State.Places + number];
    const lowest = ~used & (used + 1);
    heap[this.base + State.Places + number] = used | lowest;
    return (number << Geometry.SegmentShift) + ((31 - Math.clz32(lowest)) << this.shift);
  }

  free(address: number): void {
    const heap = this.i32;
    const number = address >>> Geometry.SegmentShift;
    const used =
      heap[this.base + State.Places + number] & ~(1 << ((address & Geometry.SegmentMask) >>> this.shift));
    heap[this.base + State.Places + number] = used;
    if (used !== 0) return;
    heap[Control.SegmentArenas + number] = 0;
    releaseSegments(heap, number << Geometry.SegmentShift, 1);
  }

  /** The number of the lowest segment of ours with room, or of a new one; 0 if the memory is full. */
  private segmentWithPlace(): number {
    const heap = this.i32;
    for (let number = 1; number < heap[Control.SegmentCount]; number++) {
      const used = heap[this.base + State.Places + number];
      if (used !== 0 && used !== this.full) return number;
    }
    const segment = tryClaimSegments(heap, 1, SegmentOwner.Arenas);
    if (segment === 0) return 0;
    heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)] = this.base;
    return segment >>> Geometry.SegmentShift;
  }
}
