import type { Allocator } from '../allocators/allocator.js';
import { RootTable, ThreadBlock } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';

/**
 * The references that a thread's JavaScript objects hold, handles above all, once more in shared memory: there a
 * collector finds them (`ThreadBlock.HandleTable`). A block of the raw domain, made with the first reference, grown by
 * doubling, given back when the thread exits. It counts nothing: whoever enters a reference owns it.
 *
 * A slot is a word: the reference, or 0. Which ones are free only the thread knows. Plain stores, all of them by the
 * thread itself while it is attached; a collector reads them in a stopped world, or under the GIL.
 */
export class HandleTable {
  /** Address of the table, as in the thread's block. */
  private table = 0;
  /** Numbers of free slots: the first `free` of these. */
  private freeSlots = new Int32Array(0);
  private free = 0;

  constructor(
    private readonly i32: Int32Array,
    private readonly allocator: Allocator,
    /** Address of the thread's `ThreadBlock`. */
    private readonly block: number,
  ) {}

  /** Enters a reference; returns its slot for `remove`. Throws MemoryError, having entered nothing. */
  add(ref: Ref): number {
    if (this.free === 0) this.grow();
    const slot = this.freeSlots[--this.free];
    this.i32[this.table + slot] = ref;
    return slot;
  }

  /** The slot's reference is gone, or somebody else's. */
  remove(slot: number): void {
    this.i32[this.table + slot] = 0;
    this.freeSlots[this.free++] = slot;
  }

  /**
   * The thread exits: gives the block back. It stays where a scope is still open, which gives its references back when
   * the thread has started again.
   */
  exit(): void {
    if (this.free < this.freeSlots.length) return;
    const { table } = this;
    this.show(0, 0);
    this.free = 0;
    this.freeSlots = new Int32Array(0);
    if (table !== 0) this.allocator.rawFree(table);
  }

  /** Twice the room. All slots are taken; of the new ones the lowest is the next. */
  private grow(): void {
    const heap = this.i32;
    const old = this.table;
    const used = this.freeSlots.length;
    const capacity = used === 0 ? RootTable.FirstCapacity : used * 2;
    const freeSlots = new Int32Array(capacity);
    const table = this.allocator.rawAlloc(capacity);
    if (used > 0) heap.copyWithin(table, old, old + used);
    heap.fill(0, table + used, table + capacity);
    for (let slot = capacity - 1; slot >= used; slot--) freeSlots[capacity - 1 - slot] = slot;
    this.freeSlots = freeSlots;
    this.free = capacity - used;
    this.show(table, capacity);
    if (old !== 0) this.allocator.rawFree(old);
  }

  private show(table: number, capacity: number): void {
    this.table = table;
    this.i32[this.block + ThreadBlock.HandleTable] = table;
    this.i32[this.block + ThreadBlock.HandleCapacity] = capacity;
  }
}
