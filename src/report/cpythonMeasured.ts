/** Made by scripts/cpythonMeasured.mjs from the file of measurements; not to be edited. */

/** Figures at 1, 2 and 4 threads. */
export type AtThreads = readonly [one: number, two: number, four: number];

/** One workload: what the Python code did, and its throughput by build. */
export interface MeasuredWorkload {
  readonly did: string;
  readonly gil: AtThreads;
  readonly 'free-threaded': AtThreads;
}

/** Interpreter, machine and method. */
export const MEASURED_SOURCE =
  'CPython 3.15.0a0 (main of May 2025, about 3.14.0b1), gcc 12 -O3, no PGO/LTO; GIL build and --disable-gil build; 2 vCPU AMD EPYC; threads pinned; median of 7 quiet runs; hardware ceiling for two independent processes 1.9-2.0x';

/** What the figures are. */
export const MEASURED_UNIT = 'million operations per second, total over all threads, at 1, 2 and 4 threads';

export const MEASURED: Readonly<Record<string, MeasuredWorkload>> = {
  fib: {
    did: 'fib(18) recursive, per thread (calls)',
    gil: [33, 32.8, 31.8],
    'free-threaded': [29.3, 55.5, 56.1],
  },
  'int-add': {
    did: 'int add loop s+=i (private)',
    gil: [33.6, 32, 31.4],
    'free-threaded': [31.4, 56.9, 61.4],
  },
  'private-list-append': {
    did: 'private list append',
    gil: [56.1, 46.9, 48.3],
    'free-threaded': [29.3, 49.8, 44.6],
  },
  'shared-list-append': {
    did: 'shared list append (one list)',
    gil: [50.3, 44.5, 47.1],
    'free-threaded': [16.5, 17.5, 17.5],
  },
  'shared-list-read-immortal': {
    did: 'U8 shared list read s[5] (immortal elem)',
    gil: [125.6, 141.4, 132.8],
    'free-threaded': [105.2, 165, 192.5],
  },
  'shared-list-read-object': {
    did: 'U8 shared list read s[5] (same non-immortal elem)',
    gil: [135.8, 128.4, 129.8],
    'free-threaded': [83.9, 33.4, 32.4],
  },
  'shared-list-write': {
    did: 'shared list write a[0] same idx',
    gil: [61.1, 66.3, 60.6],
    'free-threaded': [56.5, 55.6, 56.8],
  },
  'private-dict': { did: 'private dict set+get', gil: [26, 28.7, 26.2], 'free-threaded': [22.4, 41.5, 41.2] },
  'shared-dict-get': {
    did: 'U8 shared dict get int (immortal value)',
    gil: [63, 61.6, 59.1],
    'free-threaded': [42.1, 68.2, 75.6],
  },
  'shared-dict-set': {
    did: 'shared dict set same key',
    gil: [29.1, 31.9, 32.7],
    'free-threaded': [27.4, 27.5, 28.4],
  },
  'shared-dict-mixed': {
    did: 'shared dict mixed 90% get / 10% set',
    gil: [25.2, 28.6, 27.8],
    'free-threaded': [24.9, 38.6, 38.7],
  },
  'shared-counter-lock': {
    did: 'shared counter under Lock (with L: c+=1)',
    gil: [9.3, 9.4, 9.2],
    'free-threaded': [8.2, 8.2, 8.5],
  },
  'call-shared-function': {
    did: 'call shared global function f0()',
    gil: [35.6, 34.6, 31.7],
    'free-threaded': [34.8, 67.2, 69.2],
  },
  'shared-tuple-read': {
    did: 'U8 shared tuple read s[5] (immortal elem)',
    gil: [125.9, 112.7, 121.7],
    'free-threaded': [134.9, 244.3, 259.2],
  },
  'alloc-drop-list': {
    did: 'alloc+drop [] per thread',
    gil: [44.9, 39.7, 43.9],
    'free-threaded': [46.5, 88, 89.3],
  },
  'alloc-drop-instance': {
    did: 'alloc+drop CInit(i) (shared class)',
    gil: [12.5, 12.4, 12.3],
    'free-threaded': [8.9, 17.4, 17.6],
  },
};
