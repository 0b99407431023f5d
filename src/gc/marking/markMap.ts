import type { Allocator } from '../../allocators/allocator.js';
import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { Marking } from './layout.js';

/** How addresses become bytes of the map. */
export const enum MapScale {
  /** log2 of the words of memory, 32 bytes, that a byte stands for. */
  ByteShift = 3,
  /** log2 of the words of memory that a word of the map stands for. */
  WordShift = 5,
  WordsPerSegment = Geometry.SegmentWords >> WordShift,
  /** Words that can be added up before one of the four sums in a word could overflow. */
  MaxSummands = 255,
}

/**
 * Which objects are known to be alive: CPython's ALIVE bit (`_PyGC_BITS_ALIVE`), in a map beside the heap instead of the
 * headers. A page with as many marks as used blocks is alive as a whole, and the walk that follows the marking
 * passes it over without a look at its objects; and nothing has to be cleared in the objects afterwards.
 *
 * One byte, 0 or 1, for each 32 bytes of memory: an object that can hold references has at least 6 words, so that no two
 * share a byte, and markers that work together set them with plain stores. In a bitmap that would take an atomic `or`,
 * which ends the overlap of cache misses: on shuffled objects it costs more than a second marker gains.
 *
 * A block of the raw domain, there from `begin` to `end`; at `Control.GcMarking + Marking.Map` for those who mark
 * together. The byte of an object is `bytes + (object >>> MapScale.ByteShift)`. In a stopped world.
 */
export class MarkMap {
  /** First word; 0 while there is no map. */
  base = 0;
  /** Byte index of address 0. */
  bytes = 0;
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;

  constructor(
    memory: SharedMemory,
    private readonly allocator: Allocator,
  ) {
    this.i32 = memory.i32;
    this.u8 = memory.u8;
  }

  /** Nothing is marked. Throws MemoryError. */
  begin(): void {
    const heap = this.i32;
    this.use(this.allocator.rawAlloc(heap[Control.MemoryWords] >>> MapScale.WordShift));
    heap[Control.GcMarking + Marking.Map] = this.base;
    for (let index = 0; index < heap[Control.SegmentCount]; index++) {
      if (isInUse(heap, index)) this.clearSegment(index);
    }
  }

  /** Gives the map back. Harmless when there is none. */
  end(): void {
    const { base } = this;
    if (base === 0) return;
    this.use(0);
    this.i32[Control.GcMarking + Marking.Map] = 0;
    this.allocator.rawFree(base);
  }

  /** The map of whoever collects: for a marker that helps. */
  join(): void {
    this.use(this.i32[Control.GcMarking + Marking.Map]);
  }

  isMarked(object: number): boolean {
    return this.u8[this.bytes + (object >>> MapScale.ByteShift)] !== 0;
  }

  /** Marks the object; false if it was marked already. */
  mark(object: number): boolean {
    const byte = this.bytes + (object >>> MapScale.ByteShift);
    if (this.u8[byte] !== 0) return false;
    this.u8[byte] = 1;
    return true;
  }

  /** Marked objects in `words` words of memory from `address` on, both multiples of `1 << MapScale.WordShift`. */
  count(address: number, words: number): number {
    const heap = this.i32;
    const first = this.base + (address >>> MapScale.WordShift);
    const last = first + (words >>> MapScale.WordShift);
    let count = 0;
    for (let word = first; word < last; ) {
      const stop = Math.min(word + MapScale.MaxSummands, last);
      let sums = 0;
      for (; word < stop; word++) sums = (sums + heap[word]) | 0;
      count += (sums & 0xff) + ((sums >>> 8) & 0xff) + ((sums >>> 16) & 0xff) + (sums >>> 24);
    }
    return count;
  }

  private use(base: number): void {
    this.base = base;
    this.bytes = base << 2;
  }

  private clearSegment(index: number): void {
    const first = this.base + index * MapScale.WordsPerSegment;
    this.i32.fill(0, first, first + MapScale.WordsPerSegment);
  }
}

/** Segment 0 holds the static objects. */
function isInUse(heap: Int32Array, index: number): boolean {
  return index === 0 || Atomics.load(heap, Control.SegmentTable + index) !== SegmentOwner.Free;
}
