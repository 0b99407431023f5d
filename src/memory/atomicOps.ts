import { ATOMICS_WASM } from './atomicsWasm.js';
import type { SharedMemory } from './sharedMemory.js';

/**
 * Single sequentially consistent operations for hot paths. `WasmAtomicOps` is what workers use;
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
  readonly store: (word: number, value: number) => void;
  /** Returns the old value; the exchange happened if it equals `expected`. */
  readonly compareExchange: (word: number, expected: number, value: number) => number;
}

/** The twin in TypeScript: the same operations through `Atomics`. */
export class PlainAtomicOps implements AtomicOps {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;

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
  store(word: number, value: number): void {
    Atomics.store(this.i32, word, value);
  }
  compareExchange(word: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.i32, word, expected, value);
  }
}

/** The wasm form. One instance a thread; construction compiles a module of a few hundred bytes. */
export class WasmAtomicOps implements AtomicOps {
  readonly tryLock: (byte: number) => number;
  readonly tryUnlock: (byte: number) => number;
  readonly add: (word: number, value: number) => number;
  readonly load: (word: number) => number;
  readonly store: (word: number, value: number) => void;
  readonly compareExchange: (word: number, expected: number, value: number) => number;

  constructor(memory: SharedMemory) {
    const bytes = Uint8Array.from(atob(ATOMICS_WASM), (char) => char.charCodeAt(0));
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { ungil: { memory: memory.handle } });
    const functions = exports as unknown as AtomicOps;
    this.tryLock = functions.tryLock;
    this.tryUnlock = functions.tryUnlock;
    this.add = functions.add;
    this.load = functions.load;
    this.store = functions.store;
    this.compareExchange = functions.compareExchange;
  }
}
