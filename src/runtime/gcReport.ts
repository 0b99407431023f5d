import type { GcRecord } from '../gc/collector.js';
import { GC_TOTALS, type GcJournalData, type GcTotals } from '../gc/journal.js';
import { type Quantiles, quantilesOf, type Samples } from '../gc/samples.js';

/** What the collections of a run were like, all threads together. Times in milliseconds. */
export interface GcReport extends GcTotals {
  /** Collections that programs asked for, and that started by themselves. The last ones of a run are in `shutdown`. */
  readonly collections: { readonly manual: number; readonly heap: number };
  /** Each time that the world stood still; under a GIL each collection, without finalisers and callbacks. */
  readonly pauses: Quantiles;
  /** From the request to the world standing still; nothing under a GIL. */
  readonly toSafepoint: Quantiles & {
    /** By number of the thread that was waited for; one that was detached is not waited for. */
    readonly byThread: Readonly<Record<number, Quantiles>>;
  };
  /** Sum over all collections, from begin to end, finalisers and callbacks of weak references included. */
  readonly duration: number;
  /** Sum over all collections, by phase. */
  readonly phases: Readonly<Record<string, number>>;
  /** What was collected when all threads had finished, in the order of the collections. */
  readonly shutdown: readonly GcRecord[];
  /** What each thread has collected: several runs are summed up from these. */
  readonly journals: readonly GcJournalData[];
}

/** One report of what each thread has collected. */
export function toGcReport(journals: readonly GcJournalData[]): GcReport {
  const totals = Object.fromEntries(
    GC_TOTALS.map((name) => [name, sum(journals.map((journal) => journal.totals[name]))]),
  ) as unknown as GcTotals;
  return {
    collections: {
      manual: sum(journals.map(({ collections }) => collections.manual)),
      heap: sum(journals.map(({ collections }) => collections.heap)),
    },
    pauses: quantilesOf(journals.map(({ pauses }) => pauses)),
    toSafepoint: {
      ...quantilesOf(journals.map(({ toSafepoint }) => toSafepoint)),
      byThread: byThread(journals),
    },
    ...totals,
    duration: sum(journals.map(({ duration }) => duration)),
    phases: phases(journals),
    shutdown: journals.flatMap(({ shutdown }) => shutdown),
    journals,
  };
}

function byThread(journals: readonly GcJournalData[]): Record<number, Quantiles> {
  const parts = new Map<string, Samples[]>();
  for (const { toSafepointByThread } of journals) {
    for (const [thread, samples] of Object.entries(toSafepointByThread)) {
      parts.set(thread, [...(parts.get(thread) ?? []), samples]);
    }
  }
  return Object.fromEntries([...parts].map(([thread, samples]) => [thread, quantilesOf(samples)]));
}

function phases(journals: readonly GcJournalData[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const journal of journals) {
    for (const [name, milliseconds] of Object.entries(journal.phases)) {
      all[name] = (all[name] ?? 0) + milliseconds;
    }
  }
  return all;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
