// The least that sync/ needs of a thread, for tests of this room: attached or not, and critical sections.
import { PlainAtomicOps, WasmAtomicOps } from '#ungil/memory/atomicOps.js';
import { Control, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { Barrier } from '#ungil/sync/barrier.js';
import { CriticalSections } from '#ungil/sync/criticalSection.js';
import { Event } from '#ungil/sync/event.js';
import { checkAbort } from '#ungil/sync/futex.js';
import { Mutex } from '#ungil/sync/mutex.js';
import { ParkingLot } from '#ungil/sync/parkingLot.js';

export class BareThread {
  constructor(memory, slot, { spinLimit = 40, wasm = true } = {}) {
    this.memory = memory instanceof SharedMemory ? memory : SharedMemory.attach(memory);
    this.i32 = this.memory.i32;
    this.u8 = this.memory.u8;
    this.atomics = wasm ? new WasmAtomicOps(this.memory) : new PlainAtomicOps(this.memory);
    this.block = Control.Threads + slot * ThreadBlock.Words;
    this.spinLimit = spinLimit;
    this.attached = true;
    this.detaches = 0;
    this.lot = new ParkingLot(this);
    this.mutex = new Mutex(this, this.lot);
    this.event = new Event(this, this.lot);
    this.barrier = new Barrier(this);
    this.sections = new CriticalSections(this, this.mutex);
  }

  stopwatch() {
    return performance.now() * 1000;
  }

  isAttached() {
    return this.attached;
  }

  detach() {
    if (!this.attached) throw new Error('detached twice');
    this.sections.suspendAll();
    this.attached = false;
    this.detaches++;
  }

  /** As the real one: waits for the end of a stop-the-world, and notices an abort. */
  attach() {
    if (this.attached) throw new Error('attached twice');
    checkAbort(this.i32);
    while (Atomics.load(this.i32, Control.WorldStopped) === 1) {
      this.lot.parkWord(Control.WorldStopped, 1, Infinity, false);
    }
    this.attached = true;
    this.sections.resumeTop();
  }

  counter(index) {
    return this.i32[this.block + ThreadBlock.Counters + index];
  }
}
