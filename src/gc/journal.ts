import type { GcRecord } from './collector.js';
import { Sampler, type Samples } from './samples.js';

/** The figures of `GcRecord` that add up. */
export const GC_TOTALS = [
  'visited',
  'markedAlive',
  'candidates',
  'collected',
  'uncollectable',
  'resurrected',
  'freedBytes',
] as const;

export type GcTotals = Readonly<Record<(typeof GC_TOTALS)[number], number>>;

/** What one thread has collected in a run. Plain data: travels from worker to host. Times in milliseconds. */
export interface GcJournalData {
  /** Collections by reason; the last one of a run, `shutdown`, is in none of the figures below. */
  readonly collections: { readonly manual: number; readonly heap: number };
  /** Each stop of the world, or under the GIL each collection. */
  readonly pauses: Samples;
  readonly toSafepoint: Samples;
  /** By number of the thread that was waited for. */
  readonly toSafepointByThread: Readonly<Record<number, Samples>>;
  readonly totals: GcTotals;
  /** Milliseconds of all collections by phase. */
  readonly phases: Readonly<Record<string, number>>;
  /** From begin to end, finalisers included. */
  readonly duration: number;
  /** The collections at the end of the run. */
  readonly shutdown: readonly GcRecord[];
}

/** What a thread's collections were like. Private to the thread. */
export class GcJournal {
  private manual = 0;
  private heap = 0;
  private duration = 0;
  private pauses = new Sampler();
  private toSafepoint = new Sampler();
  private byThread = new Map<number, Sampler>();
  private totals: Record<(typeof GC_TOTALS)[number], number> = noTotals();
  private phases: Record<string, number> = {};
  private shutdown: GcRecord[] = [];

  /** A new run. */
  clear(): void {
    this.manual = 0;
    this.heap = 0;
    this.duration = 0;
    this.pauses = new Sampler();
    this.toSafepoint = new Sampler();
    this.byThread = new Map();
    this.totals = noTotals();
    this.phases = {};
    this.shutdown = [];
  }

  add(record: GcRecord): void {
    if (record.reason === 'shutdown') {
      this.shutdown.push(record);
      return;
    }
    if (record.reason === 'manual') this.manual++;
    else this.heap++;
    this.duration += record.duration;
    this.pauses.add(record.pause1);
    if (record.pause2 > 0) this.pauses.add(record.pause2);
    this.toSafepoint.add(record.toSafepoint);
    for (const { thread, milliseconds } of record.toSafepointByThread) {
      const known = this.byThread.get(thread) ?? new Sampler();
      this.byThread.set(thread, known);
      known.add(milliseconds);
    }
    for (const name of GC_TOTALS) this.totals[name] += record[name];
    for (const [name, milliseconds] of Object.entries(record.phases)) {
      this.phases[name] = (this.phases[name] ?? 0) + milliseconds;
    }
  }

  data(): GcJournalData {
    const byThread = [...this.byThread].map(([thread, sampler]) => [thread, sampler.samples()] as const);
    return {
      collections: { manual: this.manual, heap: this.heap },
      pauses: this.pauses.samples(),
      toSafepoint: this.toSafepoint.samples(),
      toSafepointByThread: Object.fromEntries(byThread),
      totals: this.totals,
      phases: this.phases,
      duration: this.duration,
      shutdown: this.shutdown,
    };
  }
}

function noTotals(): Record<(typeof GC_TOTALS)[number], number> {
  return {
    visited: 0,
    markedAlive: 0,
    candidates: 0,
    collected: 0,
    uncollectable: 0,
    resurrected: 0,
    freedBytes: 0,
  };
}
