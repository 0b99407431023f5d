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
  return { workload, build, threads, samples, counters: {}, memory: null, wrong: null, leaks: [], ...more };
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
