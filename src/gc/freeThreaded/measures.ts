import { Clock } from '../../sync/clock.js';
import type { StopMeasure } from '../../threads/stopTheWorld.js';
import type { GcReason, GcRecord } from '../collector.js';

/** What one collection notes of itself; see `GcRecord`. */
export class Measures {
  pause1 = 0;
  pause2 = 0;
  visited = 0;
  markedAlive = 0;
  candidates = 0;
  collected = 0;
  uncollectable = 0;
  resurrected = 0;
  freedBytes = 0;
  markers = 1;
  private toSafepoint = 0;
  private byThread: { thread: number; milliseconds: number }[] = [];
  private readonly phases: Record<string, number> = {};
  private readonly clock = new Clock();
  private begun = 0;
  private since = 0;
  private pauseBegun = 0;

  constructor(
    readonly generation: number,
    readonly reason: GcReason,
    readonly thread: number,
  ) {}

  /** The collection begins. Not in the constructor: to read a clock is a step for the explorer. */
  begin(): void {
    this.begun = this.clock.milliseconds();
    this.since = this.begun;
  }

  /** A phase ends, which began where the one before it ended. */
  end(phase: string): void {
    const now = this.clock.milliseconds();
    this.phases[phase] = (this.phases[phase] ?? 0) + now - this.since;
    this.since = now;
  }

  /** The world stands still. Of two pauses the one that was longer in coming counts. */
  stopped(stop: StopMeasure): void {
    this.end('stop');
    this.pauseBegun = this.since;
    if (stop.milliseconds < this.toSafepoint) return;
    this.toSafepoint = stop.milliseconds;
    this.byThread = stop.byThread.map(({ thread, milliseconds }) => ({ thread, milliseconds }));
  }

  /** The world runs again. How long it stood still. */
  started(): number {
    this.end('start');
    return this.since - this.pauseBegun;
  }

  record(): GcRecord {
    const { reason, generation, thread, toSafepoint, pause1, pause2, visited, markedAlive, candidates } =
      this;
    const { collected, uncollectable, resurrected, freedBytes, markers } = this;
    return {
      reason,
      generation,
      thread,
      toSafepoint,
      toSafepointByThread: this.byThread,
      pause1,
      pause2,
      duration: this.clock.milliseconds() - this.begun,
      visited,
      markedAlive,
      candidates,
      collected: collected + uncollectable,
      uncollectable,
      resurrected,
      freedBytes,
      markers,
      phases: { ...this.phases },
    };
  }
}
