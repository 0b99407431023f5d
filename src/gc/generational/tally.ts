import { Control, GcState, GcStats } from '../../memory/layout.js';
import type { GcReason, GcRecord } from '../collector.js';
import { Phase, type PhaseClock } from './phaseClock.js';

/** Nobody is stopped: whoever collects has the GIL. */
const NO_STOPS: GcRecord['toSafepointByThread'] = [];

/** What one collection comes to. Used again and again: a collection allocates its record only. */
export class Tally {
  candidates = 0;
  /** Without the uncollectable ones. */
  collected = 0;
  uncollectable = 0;
  resurrected = 0;
  freedBytes = 0;

  constructor(readonly phases: PhaseClock) {}

  start(): void {
    this.phases.start();
    this.candidates = 0;
    this.collected = 0;
    this.uncollectable = 0;
    this.resurrected = 0;
    this.freedBytes = 0;
  }

  /** What `gc.collect()` returns. */
  get found(): number {
    return this.collected + this.uncollectable;
  }

  /** Adds to a row of `gc.get_stats()`. Under the GIL. */
  addTo(heap: Int32Array, generation: number): void {
    const row = Control.Gc + GcState.Stats + generation * GcStats.Words;
    heap[row + GcStats.Collections]++;
    heap[row + GcStats.Collected] += this.collected;
    heap[row + GcStats.Uncollectable] += this.uncollectable;
    heap[row + GcStats.Candidates] += this.candidates;
  }

  record(generation: number, reason: GcReason, thread: number): GcRecord {
    const { candidates, phases } = this;
    const duration = phases.duration();
    return {
      reason,
      generation,
      thread,
      toSafepoint: 0,
      toSafepointByThread: NO_STOPS,
      pause1: duration - phases.of(Phase.Callbacks) - phases.of(Phase.Finalizers),
      pause2: 0,
      duration,
      visited: candidates,
      markedAlive: 0,
      candidates,
      collected: this.collected + this.uncollectable,
      uncollectable: this.uncollectable,
      resurrected: this.resurrected,
      freedBytes: this.freedBytes,
      markers: 1,
      phases: phases.record(),
    };
  }
}
