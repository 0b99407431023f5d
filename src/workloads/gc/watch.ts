import type { Thread } from '../../runtime/thread.js';
import { HeapMeter, type MemoryUse } from '../memory/heapMeter.js';
import type { Tally } from './tally.js';
import type { TrashUse } from './trash.js';

/** Looks between two looks at the pages in use: those cost some microseconds. */
const METER_EVERY = 16;
/** Points that are kept: every second one goes when there are more. */
const MOST_POINTS = 256;

/**
 * What a workload has of memory and of uncollected garbage while it runs. Every thread looks, for its own pages; thread
 * 0 keeps the figures of all. One a worker.
 */
export class Watch {
  private readonly meter: HeapMeter;
  private held = 0;
  private looks = 0;
  private sum = 0;
  private peak = 0;
  private peakWords = 0;
  private began = 0;
  /** One look in so many becomes a point. */
  private stride = 1;
  private points: { ms: number; objects: number }[] = [];

  constructor(
    private readonly t: Thread,
    private readonly tally: Tally,
  ) {
    this.meter = new HeapMeter(t);
  }

  /** In `Worker.start`, after the tally's. `held`: objects in cycles that all threads together keep alive. */
  start(held: number): void {
    this.held = held;
    this.looks = 0;
    this.sum = 0;
    this.peak = 0;
    this.peakWords = 0;
    this.stride = 1;
    this.points = [];
    this.began = performance.now();
  }

  /** In `Worker.run`, before a safepoint, where garbage is at its most. */
  look(): void {
    const looks = this.looks++;
    if (looks % METER_EVERY === 0) this.lookAtPages();
    if (this.t.index !== 0) return;
    // Below 0 while threads build what they will hold.
    const trash = Math.max(this.tally.outstanding() - this.held, 0);
    this.sum += trash;
    if (trash > this.peak) this.peak = trash;
    if (looks % this.stride === 0) this.addPoint(trash);
  }

  /** Thread 0 for all; the others have nothing to add. */
  memory(): MemoryUse {
    if (this.t.index !== 0) return { usedBytes: 0, liveBytes: 0 };
    return { usedBytes: this.peakWords * 4, liveBytes: this.meter.total().liveBytes };
  }

  /** Thread 0; null for the others. */
  trash(): TrashUse | null {
    if (this.t.index !== 0 || this.looks === 0) return null;
    return { looks: this.looks, peak: this.peak, mean: this.sum / this.looks, series: this.points };
  }

  private lookAtPages(): void {
    const own = this.meter.shared && this.t.index !== 0 ? 0 : this.meter.ownWords();
    const words = this.tally.publishUsed(own);
    if (words > this.peakWords) this.peakWords = words;
  }

  private addPoint(objects: number): void {
    this.points.push({ ms: performance.now() - this.began, objects });
    if (this.points.length <= MOST_POINTS) return;
    this.points = this.points.filter((_, index) => index % 2 === 0);
    this.stride *= 2;
  }
}
