import type { AddressMap } from './addressMap.js';
import { Leaf, Radix, State } from './layout.js';
import type { RawAllocator } from './rawAllocator.js';

/**
 * CPython's `arena_map` (3.10): a tree of three levels over the address. CPython splits 64 bits into 15/15/14 and 20
 * within the arena; 31 bits of bytes make 4/4/3 and 20, or 4/4/2 and 21. Nodes come from the raw allocator when first
 * needed and stay. An arena need not be aligned to its size: it lies in two leaves then.
 *
 * A node that is not there has the address 0. Words 0 to 15 of the memory are never written, so that looking into it
 * finds no node again, or a leaf without an arena: `contains` needs no test for it.
 */
export class RadixTree implements AddressMap {
  private readonly root: number;
  private readonly topShift: number;
  private readonly middleShift: number;
  private readonly leafShift: number;
  private readonly leafMask: number;
  private readonly tailMask: number;

  /** `arenaWords`: a power of two, 1 MiB or more. */
  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
    private readonly arenaWords: number,
    private readonly raw: RawAllocator,
  ) {
    const leafShift = Math.log2(arenaWords);
    const leafBits = Radix.AddressBits - 2 * Radix.InteriorBits - leafShift;
    if (!(Number.isInteger(leafShift) && leafBits > 0 && Leaf.Words << leafBits <= Radix.InteriorEntries)) {
      throw new RangeError(
        `a radix tree needs arenas of 1 MiB, 2 MiB or 4 MiB, these have ${arenaWords * 4} bytes`,
      );
    }
    this.root = base + State.MapRoot;
    this.topShift = Radix.AddressBits - Radix.InteriorBits;
    this.middleShift = this.topShift - Radix.InteriorBits;
    this.leafShift = leafShift;
    this.leafMask = (1 << leafBits) - 1;
    this.tailMask = arenaWords - 1;
  }

  contains(address: number): boolean {
    const heap = this.i32;
    const middle = heap[this.root + (address >>> this.topShift)];
    const bottom = heap[middle + ((address >>> this.middleShift) & Radix.InteriorMask)];
    const leaf = bottom + ((address >>> this.leafShift) & this.leafMask) * Leaf.Words;
    const tail = address & this.tailMask;
    const high = heap[leaf + Leaf.TailHigh];
    return (high !== 0 && tail >= high) || tail < heap[leaf + Leaf.TailLow];
  }

  add(arena: number): boolean {
    const heap = this.i32;
    const tail = arena & this.tailMask;
    const first = this.makeLeaf(arena);
    if (first === 0) return false;
    if (tail === 0) {
      heap[first + Leaf.TailHigh] = -1;
      return true;
    }
    const second = this.makeLeaf(arena + this.arenaWords);
    if (second === 0) return false;
    heap[first + Leaf.TailHigh] = tail;
    heap[second + Leaf.TailLow] = tail;
    return true;
  }

  remove(arena: number): void {
    const heap = this.i32;
    heap[this.makeLeaf(arena) + Leaf.TailHigh] = 0;
    if ((arena & this.tailMask) !== 0) heap[this.makeLeaf(arena + this.arenaWords) + Leaf.TailLow] = 0;
  }

  finish(): void {
    const heap = this.i32;
    for (let i = 0; i < Radix.InteriorEntries; i++) {
      const middle = heap[this.root + i];
      if (middle === 0) continue;
      for (let k = 0; k < Radix.InteriorEntries; k++) this.freeNode(middle + k);
      this.freeNode(this.root + i);
    }
    heap[this.base + State.MiddleNodes] = 0;
    heap[this.base + State.BottomNodes] = 0;
  }

  /** The leaf for this address, its nodes made where they are missing; 0 if the memory is full. */
  private makeLeaf(address: number): number {
    const middle = this.makeNode(this.root + (address >>> this.topShift), State.MiddleNodes);
    if (middle === 0) return 0;
    const entry = middle + ((address >>> this.middleShift) & Radix.InteriorMask);
    const bottom = this.makeNode(entry, State.BottomNodes);
    if (bottom === 0) return 0;
    return bottom + ((address >>> this.leafShift) & this.leafMask) * Leaf.Words;
  }

  private makeNode(entry: number, counter: State.MiddleNodes | State.BottomNodes): number {
    const heap = this.i32;
    if (heap[entry] !== 0) return heap[entry];
    const node = this.raw.tryAllocOwn(Radix.InteriorEntries);
    if (node === 0) return 0;
    for (let i = 0; i < Radix.InteriorEntries; i++) heap[node + i] = 0;
    heap[entry] = node;
    heap[this.base + counter]++;
    return node;
  }

  private freeNode(entry: number): void {
    if (this.i32[entry] !== 0) this.raw.free(this.i32[entry]);
    this.i32[entry] = 0;
  }
}
