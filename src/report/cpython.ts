/** What CPython itself reaches on the sixteen workloads, to hold our figures against. Measured, never computed. */

export const CPYTHON_SOURCE =
  'CPython 3.15.0a0 (main of May 2025, about 3.14.0b1), gcc 12 -O3, no PGO/LTO; GIL build and --disable-gil ' +
  'build; 2 vCPU AMD EPYC; threads pinned; median of 7 quiet runs';

/** Million operations per second of all threads together, at 1, 2 and 4 threads. */
type Throughput = readonly [one: number, two: number, four: number];

interface Figures {
  readonly gil: Throughput;
  readonly 'free-threaded': Throughput;
}

const FIGURES: Readonly<Record<string, Figures>> = {
  fib: { gil: [33, 32.8, 31.8], 'free-threaded': [29.3, 55.5, 56.1] },
  'int-add': { gil: [33.6, 32, 31.4], 'free-threaded': [31.4, 56.9, 61.4] },
  'private-list-append': { gil: [56.1, 46.9, 48.3], 'free-threaded': [29.3, 49.8, 44.6] },
  'shared-list-append': { gil: [50.3, 44.5, 47.1], 'free-threaded': [16.5, 17.5, 17.5] },
  'shared-list-read-immortal': { gil: [125.6, 141.4, 132.8], 'free-threaded': [105.2, 165, 192.5] },
  'shared-list-read-object': { gil: [135.8, 128.4, 129.8], 'free-threaded': [83.9, 33.4, 32.4] },
  'shared-list-write': { gil: [61.1, 66.3, 60.6], 'free-threaded': [56.5, 55.6, 56.8] },
  'private-dict': { gil: [26, 28.7, 26.2], 'free-threaded': [22.4, 41.5, 41.2] },
  'shared-dict-get': { gil: [63, 61.6, 59.1], 'free-threaded': [42.1, 68.2, 75.6] },
  'shared-dict-set': { gil: [29.1, 31.9, 32.7], 'free-threaded': [27.4, 27.5, 28.4] },
  'shared-dict-mixed': { gil: [25.2, 28.6, 27.8], 'free-threaded': [24.9, 38.6, 38.7] },
  'shared-counter-lock': { gil: [9.3, 9.4, 9.2], 'free-threaded': [8.2, 8.2, 8.5] },
  'call-shared-function': { gil: [35.6, 34.6, 31.7], 'free-threaded': [34.8, 67.2, 69.2] },
  'shared-tuple-read': { gil: [125.9, 112.7, 121.7], 'free-threaded': [134.9, 244.3, 259.2] },
  'alloc-drop-list': { gil: [44.9, 39.7, 43.9], 'free-threaded': [46.5, 88, 89.3] },
  'alloc-drop-instance': { gil: [12.5, 12.4, 12.3], 'free-threaded': [8.9, 17.4, 17.6] },
};

/** Million operations per second of CPython, all threads together; null where it was not measured. */
export function cpythonMops(workload: string, build: string, threads: number): number | null {
  if (!Object.hasOwn(FIGURES, workload)) return null;
  if (build !== 'gil' && build !== 'free-threaded') return null;
  const column = [1, 2, 4].indexOf(threads);
  return column < 0 ? null : FIGURES[workload][build][column];
}

/** CPython's throughput at `threads` over its throughput at 1 thread of the same build; null where not measured. */
export function cpythonSpeedup(workload: string, build: string, threads: number): number | null {
  const one = cpythonMops(workload, build, 1);
  const many = cpythonMops(workload, build, threads);
  return one === null || many === null ? null : many / one;
}

/** Nanoseconds per operation of CPython: 1000 / (Mops/s of all threads together); null where not measured. */
export function cpythonNsPerOp(workload: string, build: string, threads: number): number | null {
  const mops = cpythonMops(workload, build, threads);
  return mops === null ? null : 1000 / mops;
}
