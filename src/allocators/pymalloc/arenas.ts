import type { AddressMap } from './addressMap.js';
import type { ArenaSource } from './arenaSpace.js';
import type { PymallocGeometry } from './geometry.js';
import { Arena, Pool, PoolIndex, State } from './layout.js';
import type { RawAllocator } from './rawAllocator.js';
import { UsableArenas } from './usableArenas.js';

/** Arenas and their free pools (CPython `allocate_from_new_pool`, `new_arena`, `insert_to_freepool`). Under the GIL. */
export class Arenas {
  private readonly usable: UsableArenas;
  private readonly arenaWords: number;
  private readonly poolWords: number;

  /** `base`: the interpreter's state. */
  constructor(
    private readonly i32: Int32Array,
    private readonly base: number,
    geometry: PymallocGeometry,
    private readonly raw: RawAllocator,
    private readonly map: AddressMap,
    private readonly source: ArenaSource,
  ) {
    this.usable = new UsableArenas(i32, base);
    this.arenaWords = geometry.arenaWords;
    this.poolWords = geometry.poolWords;
  }

  /** A pool of the fullest usable arena, its header as it was left; 0 if the memory is full. */
  takePool(): number {
    const heap = this.i32;
    if (heap[this.base + State.UsableArenas] === 0 && !this.newArena()) return 0;
    const arena = heap[this.base + State.UsableArenas];
    this.usable.countTaken(arena);
    const recycled = heap[arena + Arena.FreePools];
    if (recycled !== 0) {
      heap[arena + Arena.FreePools] = heap[recycled + Pool.Next];
      return recycled;
    }
    const pool = heap[arena + Arena.PoolAddress];
    heap[arena + Arena.PoolAddress] = pool + this.poolWords;
    heap[pool + Pool.ArenaIndex] = (arena - heap[this.base + State.Arenas]) / Arena.ObjectWords;
    heap[pool + Pool.SizeIndex] = PoolIndex.Never;
    heap[pool + Pool.Count] = 0;
    return pool;
  }

  /** Takes an empty pool back. The pool is in no list. */
  givePool(pool: number): void {
    const heap = this.i32;
    const arena = arenaObject(heap, this.base, heap[pool + Pool.ArenaIndex]);
    heap[pool + Pool.Next] = heap[arena + Arena.FreePools];
    heap[arena + Arena.FreePools] = pool;
    if (this.usable.countGiven(arena)) this.freeArena(arena);
  }

  /** Gives every arena back, and what is known about them. No block of theirs is alive: the interpreter ends. */
  finish(): void {
    const heap = this.i32;
    for (let i = 0; i < heap[this.base + State.ArenaObjects]; i++) {
      const arena = arenaObject(heap, this.base, i);
      if (heap[arena + Arena.Address] !== 0) this.returnArena(arena);
    }
    this.map.finish();
    if (heap[this.base + State.Arenas] !== 0) this.raw.free(heap[this.base + State.Arenas]);
    heap.fill(0, this.base, this.base + State.ArenaCount);
  }

  // --- Arenas themselves ---

  /** Associates an unused arena object: the only usable arena then. False if the memory is full; nothing is lost. */
  private newArena(): boolean {
    const heap = this.i32;
    if (heap[this.base + State.UnusedArenas] === 0 && !this.growObjects()) return false;
    const address = this.source.alloc();
    if (address === 0 || !this.mapArena(address)) return false;
    const arena = heap[this.base + State.UnusedArenas];
    heap[this.base + State.UnusedArenas] = heap[arena + Arena.Next];
    this.associate(arena, address);
    this.count();
    this.usable.addOnly(arena);
    return true;
  }

  /** False if there is no memory for it, and the arena is gone then; also if the run is aborted meanwhile. */
  private mapArena(address: number): boolean {
    let known = false;
    try {
      known = this.map.add(address);
    } finally {
      if (!known) this.source.free(address);
    }
    return known;
  }

  /** An arena that does not begin at a pool's place loses one pool: pools are aligned, arenas need not be. */
  private associate(arena: number, address: number): void {
    const heap = this.i32;
    const excess = address & (this.poolWords - 1);
    const pools = this.arenaWords / this.poolWords - (excess === 0 ? 0 : 1);
    heap[arena + Arena.Address] = address;
    heap[arena + Arena.PoolAddress] = excess === 0 ? address : address - excess + this.poolWords;
    heap[arena + Arena.FreePoolCount] = pools;
    heap[arena + Arena.TotalPools] = pools;
    heap[arena + Arena.FreePools] = 0;
  }

  private count(): void {
    const heap = this.i32;
    const now = heap[this.base + State.ArenaCount] + 1;
    heap[this.base + State.ArenaCount] = now;
    heap[this.base + State.ArenasEver]++;
    if (now > heap[this.base + State.ArenasHighWater]) heap[this.base + State.ArenasHighWater] = now;
  }

  /**
   * Doubles the array. All objects move: none is in a list now, for no arena is usable and none unused. False if
   * the memory is full.
   */
  private growObjects(): boolean {
    const heap = this.i32;
    const old = heap[this.base + State.Arenas];
    const before = heap[this.base + State.ArenaObjects];
    const after = before === 0 ? Arena.InitialObjects : before * 2;
    const array = this.raw.tryAllocOwn(after * Arena.ObjectWords);
    if (array === 0) return false;
    heap.copyWithin(array, old, old + before * Arena.ObjectWords);
    heap[this.base + State.Arenas] = array;
    heap[this.base + State.ArenaObjects] = after;
    for (let i = before; i < after; i++) {
      const arena = array + i * Arena.ObjectWords;
      heap[arena + Arena.Address] = 0;
      heap[arena + Arena.Next] = i + 1 < after ? arena + Arena.ObjectWords : 0;
    }
    heap[this.base + State.UnusedArenas] = array + before * Arena.ObjectWords;
    if (old !== 0) this.raw.free(old);
    return true;
  }

  /** All its pools are free, and it is in no list. */
  private freeArena(arena: number): void {
    const heap = this.i32;
    this.returnArena(arena);
    heap[arena + Arena.Next] = heap[this.base + State.UnusedArenas];
    heap[this.base + State.UnusedArenas] = arena;
  }

  private returnArena(arena: number): void {
    const heap = this.i32;
    const address = heap[arena + Arena.Address];
    this.map.remove(address);
    this.source.free(address);
    heap[arena + Arena.Address] = 0;
    heap[this.base + State.ArenaCount]--;
  }
}

/** The arena object of this number. */
function arenaObject(heap: Int32Array, base: number, index: number): number {
  return heap[base + State.Arenas] + index * Arena.ObjectWords;
}
