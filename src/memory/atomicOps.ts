import { ATOMICS_WASM } from './atomicsWasm.js';
import { DictObject, GcBits, Header, ListArray, ListObject } from './layout.js';
import type { SharedMemory } from './sharedMemory.js';

/**
 * Sequentially consistent operations for hot paths. `WasmAtomicOps` is what workers use;
 * `PlainAtomicOps` is its twin in TypeScript, used where wasm is not to be had and under exploration.
 */
export interface AtomicOps {
  /** Mutex byte 0 -> 1 if it was 0. `byte` is a byte index. Returns the old byte. */
  readonly tryLock: (byte: number) => number;
  /** Mutex byte 1 -> 0 if it was 1. Returns the old byte. */
  readonly tryUnlock: (byte: number) => number;
  /** Adds to a word; returns the old value. */
  readonly add: (word: number, value: number) => number;
  readonly load: (word: number) => number;
  /** The word at `object + field` if the object's SHARED bit is set, else 0: the bit is looked at first. */
  readonly loadShared: (object: number, field: number) => number;
  readonly store: (word: number, value: number) => void;
  /** Returns the old value; the exchange happened if it equals `expected`. */
  readonly compareExchange: (word: number, expected: number, value: number) => number;

  // Three whole short critical sections. Nothing in them can detach, so that they need not be on the thread's
  // stack of sections. `id`: the calling thread's owner id; an object of its own that is not SHARED is written
  // with plain stores. References are neither taken nor dropped.

  /**
   * list.append where there is room and the lock is free: 1. 0: nothing was done. -1 done and -2 not done: a
   * waiter is parked, the caller must unlock the slow way.
   */
  readonly listAppend: (list: number, item: number, id: number) => number;
  /**
   * list[index] = value where the lock is free: the old item. 0: nothing was done. -1 not done, -old done: a
   * waiter is parked, the caller must unlock the slow way.
   */
  readonly listReplace: (list: number, index: number, value: number, id: number) => number;
  /** The value at `slot` of the table `keys`, if the dict shows that table and the entry lives. As listReplace. */
  readonly dictReplace: (dict: number, keys: number, slot: number, value: number, id: number) => number;
}

/** The twin in TypeScript: the same operations through `Atomics`. */
export class PlainAtomicOps implements AtomicOps {
  private readonly i32: Int32Array;
  protected readonly u8: Uint8Array;

  constructor(memory: SharedMemory) {
    this.i32 = memory.i32;
    this.u8 = memory.u8;
  }

  tryLock(byte: number): number {
    return Atomics.compareExchange(this.u8, byte, 0, 1);
  }
  tryUnlock(byte: number): number {
    return Atomics.compareExchange(this.u8, byte, 1, 0);
  }
  add(word: number, value: number): number {
    return Atomics.add(this.i32, word, value);
  }
  load(word: number): number {
    return Atomics.load(this.i32, word);
  }
  loadShared(object: number, field: number): number {
    if ((Atomics.load(this.i32, object) & (GcBits.Shared << 24)) === 0) return 0;
    return Atomics.load(this.i32, object + field);
  }
  store(word: number, value: number): void {
    Atomics.store(this.i32, word, value);
  }
  compareExchange(word: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.i32, word, expected, value);
  }

  listAppend(list: number, item: number, id: number): number {
    const heap = this.i32;
    if (this.tryLock(mutexOf(list)) !== 0) return 0;
    const array = heap[list + ListObject.Items];
    const size = heap[list + ListObject.Size];
    const room = array !== 0 && size < heap[array + ListArray.Capacity];
    if (room) {
      this.publish(list, id, array + ListArray.Items + size, item);
      this.publish(list, id, list + ListObject.Size, size + 1);
    }
    const done = room ? 1 : 0;
    return this.tryUnlock(mutexOf(list)) === 1 ? done : done - 2;
  }

  listReplace(list: number, index: number, value: number, id: number): number {
    const heap = this.i32;
    if (this.tryLock(mutexOf(list)) !== 0) return 0;
    let old = 0;
    if (index >>> 0 < heap[list + ListObject.Size] >>> 0) {
      const slot = heap[list + ListObject.Items] + ListArray.Items + index;
      old = heap[slot];
      this.publish(list, id, slot, value);
    }
    return this.unlockWith(list, old);
  }

  dictReplace(dict: number, keys: number, slot: number, value: number, id: number): number {
    const heap = this.i32;
    if (this.tryLock(mutexOf(dict)) !== 0) return 0;
    const old = heap[dict + DictObject.Keys] === keys ? heap[slot] : 0;
    if (old !== 0) this.publish(dict, id, slot, value);
    return this.unlockWith(dict, old);
  }

  private unlockWith(object: number, old: number): number {
    if (this.tryUnlock(mutexOf(object)) === 1) return old;
    return old === 0 ? -1 : -old;
  }

  /**
   * Plain where no lock-free reader can be: owned by this thread and not SHARED. Declared racy read of the header's
   * first word: the mutex beside these fields may get its parked bit, and another owner may give the object up; the
   * own id is never wrong, and SHARED is set under the lock that the caller holds.
   */
  private publish(object: number, id: number, word: number, value: number): void {
    if ((this.i32[object] & (Header.OwnerMask | (GcBits.Shared << 24))) === id) this.i32[word] = value;
    else Atomics.store(this.i32, word, value);
  }
}

function mutexOf(object: number): number {
  return (object << 2) + Header.MutexByte;
}

/** The wasm form. One instance a thread; construction compiles a module of a few hundred bytes. */
export class WasmAtomicOps implements AtomicOps {
  readonly tryLock: (byte: number) => number;
  readonly tryUnlock: (byte: number) => number;
  readonly add: (word: number, value: number) => number;
  readonly load: (word: number) => number;
  readonly loadShared: (object: number, field: number) => number;
  readonly store: (word: number, value: number) => void;
  readonly compareExchange: (word: number, expected: number, value: number) => number;
  readonly listAppend: (list: number, item: number, id: number) => number;
  readonly listReplace: (list: number, index: number, value: number, id: number) => number;
  readonly dictReplace: (dict: number, keys: number, slot: number, value: number, id: number) => number;

  constructor(memory: SharedMemory) {
    const bytes = Uint8Array.from(atob(ATOMICS_WASM), (char) => char.charCodeAt(0));
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { ungil: { memory: memory.handle } });
    const functions = exports as unknown as AtomicOps;
    this.tryLock = functions.tryLock;
    this.tryUnlock = functions.tryUnlock;
    this.add = functions.add;
    this.load = functions.load;
    this.loadShared = functions.loadShared;
    this.store = functions.store;
    this.compareExchange = functions.compareExchange;
    this.listAppend = functions.listAppend;
    this.listReplace = functions.listReplace;
    this.dictReplace = functions.dictReplace;
  }
}
