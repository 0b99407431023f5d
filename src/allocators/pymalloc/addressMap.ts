import { Control, Geometry } from '../../memory/layout.js';
import { Arena, Pool, State } from './layout.js';

/** Tells whether an address is in an arena of this interpreter (CPython's `address_in_range`). Under its GIL. */
export interface AddressMap {
  /** `address`: of any block, of whatever allocator. */
  contains(address: number): boolean;
  /** An arena came. False if there is no memory to remember it; nothing has changed then. */
  add(arena: number): boolean;
  /** An arena goes. */
  remove(arena: number): void;
  /** Gives back what the map itself occupies; it is empty. */
  finish(): void;
}

/**
 * CPython before 3.10: if the block were ours, its pool's header would say in which arena; whether that is true is
 * seen from the arena's address. The header may be anybody's memory, freed or never written.
 */
export class PoolHeaderMap implements AddressMap {
  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
    private readonly poolMask: number,
    private readonly arenaWords: number,
  ) {}

  /**
   * Declared racy read of a word that may be anybody's: whatever it is, the arena object's range decides. May touch
   * a freed block.
   */
  contains(address: number): boolean {
    const heap = this.i32;
    const index = heap[(address & ~this.poolMask) + Pool.ArenaIndex];
    if (index >>> 0 >= heap[this.base + State.ArenaObjects]) return false;
    const start = heap[heap[this.base + State.Arenas] + index * Arena.ObjectWords + Arena.Address];
    return start !== 0 && (address - start) >>> 0 < this.arenaWords;
  }

  add(_arena: number): boolean {
    return true;
  }

  remove(_arena: number): void {}

  finish(): void {}
}

/** By the segment's entry in `Control.SegmentArenas`: one load. What segments that are aligned make possible. */
export class SegmentMap implements AddressMap {
  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
  ) {}

  contains(address: number): boolean {
    return this.i32[Control.SegmentArenas + (address >>> Geometry.SegmentShift)] === this.base;
  }

  add(_arena: number): boolean {
    return true;
  }

  remove(_arena: number): void {}

  finish(): void {}
}
