import type { GcReason, GcRecord } from '#ungil/gc/collector.js';
import { GcJournal, type GcJournalData } from '#ungil/gc/journal.js';
import type { Measurement, WorkloadInfo } from '#ungil/report/types.js';

export const NAMES = [
  'fib',
  'int-add',
  'private-list-append',
  'shared-list-append',
  'shared-list-read-immortal',
  'shared-list-read-object',
  'shared-list-write',
  'private-dict',
  'shared-dict-get',
  'shared-dict-set',
  'shared-dict-mixed',
  'shared-counter-lock',
  'call-shared-function',
  'shared-tuple-read',
  'alloc-drop-list',
  'alloc-drop-instance',
];

export const WORKLOADS: WorkloadInfo[] = [
  ...NAMES.map((name) => ({ name, title: name, cpython: `what ${name} does`, unit: 'op' })),
  { name: 'racy-counter', title: 'racy counter', cpython: 'x += 1', unit: 'op', races: true },
];

/** One second per sample, `mops` million operations in all, shared evenly. */
export function measured(
  workload: string,
  build: string,
  threads: number,
  mops: number[],
  more: Partial<Measurement> = {},
): Measurement {
  const samples = mops.map((value) => ({
    operations: value * 1e6,
    seconds: 1,
    perThread: Array.from({ length: threads }, () => (value * 1e6) / threads),
  }));
  return {
    workload,
    build,
    threads,
    samples,
    counters: {},
    memory: null,
    trash: null,
    wrong: null,
    leaks: [],
    ...more,
  };
}

/** The measurement with what bare loops reached beside each sample, over one of them, and the samples' rounds. */
export function besides(
  measurement: Measurement,
  ceilings: (number | null)[],
  rounds = ceilings.map((_, i) => i),
  bareRates = ceilings.map(() => 1000),
): Measurement {
  const samples = measurement.samples.map((sample, i) => {
    const ceiling = ceilings[i];
    const together = ceiling === null ? null : ceiling * bareRates[i];
    return { ...sample, round: rounds[i], bare: { together, alone: bareRates[i] } };
  });
  return { ...measurement, samples };
}

/** Every combination, with figures that differ from one another. */
export function grid(workloads: string[], builds: string[], threads: number[]): Measurement[] {
  return workloads.flatMap((workload, w) =>
    builds.flatMap((build, b) =>
      threads.map((count) => {
        const scale = build === 'gil' ? 1 : count;
        return measured(workload, build, count, [(10 + w + b) * scale, (11 + w + b) * scale]);
      }),
    ),
  );
}

/** What a collection with such a pause did. */
export function collection(pause: number, reason: GcReason = 'heap'): GcRecord {
  return {
    reason,
    generation: 2,
    thread: 0,
    toSafepoint: pause / 10,
    toSafepointByThread: [{ thread: 1, milliseconds: pause / 10 }],
    pause1: pause,
    pause2: 0,
    duration: pause,
    visited: 10,
    markedAlive: 4,
    candidates: 6,
    collected: 5,
    uncollectable: 1,
    resurrected: 0,
    freedBytes: 64,
    markers: 1,
    phases: { markAlive: pause / 2 },
  };
}

/** One thread's journal: the first collection was asked for, the others were due, and one ended the run. */
export function journal(pauses: readonly number[]): GcJournalData {
  const kept = new GcJournal();
  for (const [index, pause] of pauses.entries()) kept.add(collection(pause, index === 0 ? 'manual' : 'heap'));
  kept.add(collection(1000, 'shutdown'));
  return kept.data();
}
