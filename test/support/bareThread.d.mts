import type { AtomicOps } from '#ungil/memory/atomicOps.js';
import type { MemoryHandle, SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Barrier } from '#ungil/sync/barrier.js';
import type { CriticalSections } from '#ungil/sync/criticalSection.js';
import type { Event } from '#ungil/sync/event.js';
import type { Mutex } from '#ungil/sync/mutex.js';
import type { ParkingLot } from '#ungil/sync/parkingLot.js';
import type { SyncThread } from '#ungil/sync/syncThread.js';

export class BareThread implements SyncThread {
  constructor(
    memory: SharedMemory | MemoryHandle,
    slot: number,
    options?: { spinLimit?: number; wasm?: boolean },
  );
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly atomics: AtomicOps;
  readonly block: number;
  readonly spinLimit: number;
  detaches: number;
  readonly lot: ParkingLot;
  readonly mutex: Mutex;
  readonly event: Event;
  readonly barrier: Barrier;
  readonly sections: CriticalSections;
  detach(): void;
  attach(): void;
  stopwatch(): number;
  isAttached(): boolean;
  counter(index: number): number;
}
