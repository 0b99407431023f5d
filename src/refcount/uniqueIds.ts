import type { Allocator } from '../allocators/allocator.js';
import { MemoryError } from '../memory/errors.js';
import { CodeObject, Control, DictObject, Header, TypeKind, TypeObject } from '../memory/layout.js';
import type { Mutex } from '../sync/mutex.js';
import type { Ref } from './refCounter.js';

/** What unique ids and per-thread counts need of their thread. */
export interface UniqueIdThread {
  readonly i32: Int32Array;
  readonly block: number;
  readonly allocator: Allocator;
  readonly mutex: Mutex;
}

/** An entry of the table. */
const enum Entry {
  /** Address of the object, a multiple of 4; or of a free entry: id of the next free one << 1 | 1, 1 the last. */
  Object = 0,
  /** What exited threads have counted and the shared count had no room for; see perThread.ts. */
  Carry = 1,
  Words = 2,
  FirstCapacity = 8,
}

/**
 * The interpreter's pool of unique ids (CPython `Python/uniqueid.c`): one for each class, code object and dict of
 * globals. An id is an index into every thread's array of counters, plus one. Table, capacity and free list are
 * words of the interpreter, under its mutex, which is taken without detaching: who holds it reaches no safepoint, so
 * that it is free in a stopped world.
 */
export class UniqueIdPool {
  protected readonly i32: Int32Array;
  private readonly allocator: Allocator;
  private readonly mutex: Mutex;

  constructor(thread: UniqueIdThread) {
    this.i32 = thread.i32;
    this.allocator = thread.allocator;
    this.mutex = thread.mutex;
  }

  /** An id for the object; 0 if there is no memory for a longer table. Attached threads only. */
  assign(object: Ref): number {
    this.lock();
    try {
      if (this.i32[Control.UniqueIdFree] === 0 && !this.grow()) return 0;
      return this.take(object);
    } finally {
      this.unlock();
    }
  }

  /** Every object that has an id, in the order of their ids. In a stopped world, or alone. */
  objects(): Ref[] {
    const heap = this.i32;
    const objects: Ref[] = [];
    for (let id = 1; id <= heap[Control.UniqueIdCapacity]; id++) {
      const object = objectOf(heap, id);
      if (object !== 0) objects.push(object);
    }
    return objects;
  }

  /** In a stopped world, or alone. */
  has(object: Ref): boolean {
    const offset = uniqueIdOffset(this.i32, object);
    return offset !== 0 && this.i32[object + offset] !== 0;
  }

  /**
   * Takes the object's id back (CPython `_PyObject_ReleaseUniqueId`). In a stopped world, after a merge of all counts,
   * or alone: nobody's counters mean this object any longer.
   */
  release(object: Ref): void {
    const heap = this.i32;
    const word = object + uniqueIdOffset(heap, object);
    const id = heap[word];
    heap[word] = 0;
    heap[entryOf(heap, id) + Entry.Object] = (heap[Control.UniqueIdFree] << 1) | 1;
    heap[Control.UniqueIdFree] = id;
  }

  /** When all ids have been released: frees the table. In a stopped world, or alone. */
  freeTable(): void {
    const heap = this.i32;
    this.freeWords(heap[Control.UniqueIdTable]);
    heap[Control.UniqueIdTable] = 0;
    heap[Control.UniqueIdFree] = 0;
    Atomics.store(heap, Control.UniqueIdCapacity, 0);
  }

  /** Under the lock: keeps an exited thread's count that the object itself cannot take. */
  carry(id: number, count: number): void {
    this.i32[entryOf(this.i32, id) + Entry.Carry] += count;
  }

  lock(): void {
    this.mutex.lock(Control.UniqueIdMutex << 2, false);
  }

  unlock(): void {
    this.mutex.unlock(Control.UniqueIdMutex << 2);
  }

  // --- Steps ---

  /** Under the lock; the free list is not empty. */
  protected take(object: Ref): number {
    const heap = this.i32;
    const id = heap[Control.UniqueIdFree];
    const entry = entryOf(heap, id);
    heap[Control.UniqueIdFree] = heap[entry + Entry.Object] >>> 1;
    heap[entry + Entry.Object] = object;
    heap[entry + Entry.Carry] = 0;
    return id;
  }

  /** Under the lock: twice the table. Its readers hold the lock, or have stopped the world. */
  private grow(): boolean {
    const heap = this.i32;
    const old = heap[Control.UniqueIdTable];
    const capacity = heap[Control.UniqueIdCapacity];
    const grown = capacity === 0 ? Entry.FirstCapacity : capacity * 2;
    const table = tryAllocate(this.allocator, grown * Entry.Words);
    if (table === 0) return false;
    for (let word = 0; word < capacity * Entry.Words; word++) heap[table + word] = heap[old + word];
    heap[Control.UniqueIdTable] = table;
    this.linkFree(capacity + 1, grown);
    // Threads that make their arrays longer read it without the lock.
    Atomics.store(heap, Control.UniqueIdCapacity, grown);
    this.freeWords(old);
    return true;
  }

  private linkFree(first: number, last: number): void {
    const heap = this.i32;
    for (let id = last; id >= first; id--) {
      heap[entryOf(heap, id) + Entry.Object] = (heap[Control.UniqueIdFree] << 1) | 1;
      heap[Control.UniqueIdFree] = id;
    }
  }

  private freeWords(table: number): void {
    if (table !== 0) this.allocator.rawFree(table);
  }
}

/** A block of the raw domain, as CPython's arrays of counters; 0 if there is no memory. */
export function tryAllocate(allocator: Allocator, words: number): number {
  try {
    return allocator.rawAlloc(words);
  } catch (error) {
    if (error instanceof MemoryError) return 0;
    throw error;
  }
}

/** The object with this id, 0 if nobody has it. Under the pool's lock, or in a stopped world. */
export function objectOf(heap: Int32Array, id: number): Ref {
  const object = heap[entryOf(heap, id) + Entry.Object];
  return (object & 1) === 0 ? object : 0;
}

/** What exited threads have counted for this id beyond the shared count. As `objectOf`. */
export function carriedCount(heap: Int32Array, id: number): number {
  return heap[entryOf(heap, id) + Entry.Carry];
}

/** In a stopped world: takes that count away from the table. */
export function takeCarried(heap: Int32Array, id: number): number {
  const count = carriedCount(heap, id);
  heap[entryOf(heap, id) + Entry.Carry] = 0;
  return count;
}

/** Where an object of this kind keeps its id; 0 if such objects have none. */
export function uniqueIdOffset(heap: Int32Array, object: Ref): number {
  switch (heap[heap[object + Header.Type] + TypeObject.Kind]) {
    case TypeKind.Type:
      return TypeObject.UniqueId;
    case TypeKind.Code:
      return CodeObject.UniqueId;
    case TypeKind.Dict:
      return DictObject.UniqueId;
    default:
      return 0;
  }
}

function entryOf(heap: Int32Array, id: number): number {
  return heap[Control.UniqueIdTable] + (id - 1) * Entry.Words;
}
