import { SharedMemory } from '../memory/sharedMemory.js';
import type { ScenarioSpec } from '../scenarios/scenario.js';
import { Buffers } from './buffers.js';
import { Cell } from './machineLayout.js';
import { Monitor, type MonitorHandle } from './monitor.js';
import { type ShadowHandle, ShadowHeap } from './shadowHeap.js';

/** Words of memory for each exploration: more where the real allocators want a segment a thread. */
const MEMORY_BYTES = 16 << 20;
const REAL_MEMORY_BYTES = 32 << 20;

/** What an exploration of this scenario takes, in bytes. */
export function memoryBytesFor({ world }: ScenarioSpec<unknown>): number {
  return world?.allocator === 'real' ? REAL_MEMORY_BYTES : MEMORY_BYTES;
}

/** The memory of an exploration: the world's, and what the explorer keeps about it. */
export interface EngineMemory {
  readonly memory: SharedMemory;
  readonly buffers: Buffers;
  readonly monitor: MonitorHandle;
  readonly shadow: ShadowHandle;
}

/**
 * Memories to be used again: shared buffers of some 60 MiB of address space go back to the system only when the
 * garbage collector comes round to them, and hundreds of explorations would wait for it.
 */
export class EngineMemories {
  private readonly free = new Map<number, EngineMemory[]>();

  /** One of `bytes` bytes, as fresh. */
  take(bytes: number): EngineMemory {
    return this.free.get(bytes)?.pop() ?? create(bytes);
  }

  /** Gives it back; the engine that used it has taken its writes back. */
  give(bytes: number, place: EngineMemory): void {
    place.buffers.forget();
    const free = this.free.get(bytes) ?? [];
    free.push(place);
    this.free.set(bytes, free);
  }
}

function create(bytes: number): EngineMemory {
  const memory = SharedMemory.create(bytes);
  const words = memory.i32.length;
  const buffers = Buffers.create(words);
  buffers.cells[Cell.Current] = -1;
  return { memory, buffers, monitor: Monitor.createHandle(words), shadow: ShadowHeap.createHandle() };
}
