import { type AtomicOps, PlainAtomicOps, WasmAtomicOps } from './atomicOps.js';
import type { SharedMemory } from './sharedMemory.js';
import type { Tally } from './tally.js';

/**
 * The atomic operations of a counted build: each in wasm as in production, the three short critical sections in their
 * TypeScript form, so that their locks are counted as all others are. Every first try of a mutex is a `tryLock`.
 */
export class CountedAtomicOps extends PlainAtomicOps {
  private readonly wasm: AtomicOps;

  constructor(
    memory: SharedMemory,
    private readonly tally: Tally,
  ) {
    super(memory);
    this.wasm = new WasmAtomicOps(memory);
  }

  override tryLock(byte: number): number {
    const old = this.wasm.tryLock(byte);
    const tally = this.tally;
    tally.atomicWrites++;
    tally.hotLocks.add(byte);
    if (old === 0) {
      tally.locks++;
    } else {
      tally.lockMisses++;
      tally.hotMisses.add(byte);
    }
    return old;
  }

  override tryUnlock(byte: number): number {
    this.tally.atomicWrites++;
    return this.wasm.tryUnlock(byte);
  }

  override add(word: number, value: number): number {
    this.tally.atomicWrites++;
    return this.wasm.add(word, value);
  }

  override load(word: number): number {
    this.tally.atomicLoads++;
    return this.wasm.load(word);
  }

  override loadShared(object: number, field: number): number {
    this.tally.atomicLoads += 2;
    return this.wasm.loadShared(object, field);
  }

  override store(word: number, value: number): void {
    this.tally.atomicWrites++;
    this.wasm.store(word, value);
  }

  override compareExchange(word: number, expected: number, value: number): number {
    this.tally.atomicWrites++;
    return this.wasm.compareExchange(word, expected, value);
  }
}
