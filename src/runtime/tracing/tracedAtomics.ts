import { type AtomicOps, PlainAtomicOps, WasmAtomicOps } from '../../memory/atomicOps.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import type { Recorder } from './recorder.js';

/**
 * Remembers when locks were got, and records how long those were held that somebody has waited for. The three whole
 * sections are those of the twin in TypeScript, which lock and unlock by this.
 *
 * It also brings the recorder to whatever is made in the constructors of other classes, before their own fields are set:
 * `recorderOf`.
 */
export class TracedAtomics extends PlainAtomicOps {
  private readonly wasm: WasmAtomicOps;

  constructor(
    memory: SharedMemory,
    readonly recorder: Recorder,
  ) {
    super(memory);
    this.wasm = new WasmAtomicOps(memory);
  }

  override tryLock(byte: number): number {
    const old = this.wasm.tryLock(byte);
    if (old === 0) this.recorder.locked(byte);
    return old;
  }

  /** Where a waiter is parked the lock stays locked, and `TracedMutex` unlocks it. */
  override tryUnlock(byte: number): number {
    const time = this.recorder.unlocking(byte);
    const old = this.wasm.tryUnlock(byte);
    if (old === 1 && time !== 0) this.recorder.unlocked(byte, time, 0);
    return old;
  }

  override add(word: number, value: number): number {
    return this.wasm.add(word, value);
  }
  override load(word: number): number {
    return this.wasm.load(word);
  }
  override loadShared(object: number, field: number): number {
    return this.wasm.loadShared(object, field);
  }
  override store(word: number, value: number): void {
    this.wasm.store(word, value);
  }
  override compareExchange(word: number, expected: number, value: number): number {
    return this.wasm.compareExchange(word, expected, value);
  }
}

/** The recorder of a thread that was composed by `TracedParts`. */
export function recorderOf({ atomics }: { readonly atomics: AtomicOps }): Recorder {
  return (atomics as TracedAtomics).recorder;
}
