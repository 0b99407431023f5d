import { Control, StrObject } from '../memory/layout.js';
import { allocStatic } from '../memory/staticArena.js';

const enum Table {
  /** Slots, a power of two. */
  Capacity = 0,
  Count = 1,
  Slots = 4,
  FirstCapacity = 256,
}

/**
 * The set of interned strings: open addressing with linear probing, at most half full; rooted in
 * `Control.InternTable`, in the static arena (an outgrown table stays there: all of them together are no larger
 * than the current one). Every method: holder of `Control.InternMutex`.
 */
export class InternTable {
  constructor(private readonly i32: Int32Array) {}

  /** Word address of the first slot to look at, 0 while there is no table. */
  first(hash: number): number {
    const heap = this.i32;
    const table = heap[Control.InternTable];
    return table === 0 ? 0 : table + Table.Slots + (hash & (heap[table + Table.Capacity] - 1));
  }

  /** The slot after this one. */
  following(slot: number): number {
    const heap = this.i32;
    const first = heap[Control.InternTable] + Table.Slots;
    return first + ((slot - first + 1) & (heap[first - Table.Slots + Table.Capacity] - 1));
  }

  /** Makes room for one more string. Throws MemoryError('static'); the table then stays as it was. */
  reserve(): void {
    const heap = this.i32;
    const old = heap[Control.InternTable];
    const capacity = old === 0 ? 0 : heap[old + Table.Capacity];
    if (old !== 0 && heap[old + Table.Count] * 2 < capacity) return;
    const grown = capacity === 0 ? Table.FirstCapacity : capacity * 2;
    const table = allocStatic(heap, Table.Slots + grown);
    heap[table + Table.Capacity] = grown;
    heap[Control.InternTable] = table;
    for (let i = 0; i < capacity; i++) {
      const str = heap[old + Table.Slots + i];
      if (str !== 0) this.insert(str, heap[str + StrObject.Hash]);
    }
  }

  /** Adds a string that is not there. After `reserve`. */
  insert(str: number, hash: number): void {
    const heap = this.i32;
    let slot = this.first(hash);
    while (heap[slot] !== 0) slot = this.following(slot);
    heap[slot] = str;
    heap[heap[Control.InternTable] + Table.Count]++;
  }
}
