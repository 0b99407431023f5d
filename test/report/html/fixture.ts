import type { Explanation, Latency, Waits } from '#ungil/report/figures.js';
import { type CompareJson, toCompareJson } from '#ungil/report/json.js';
import { type Result, toResults } from '#ungil/report/results.js';
import type { Timeline, TimelineSlice } from '#ungil/report/timeline.js';
import type { WorkloadInfo } from '#ungil/report/types.js';
import { GROUPS, type WorkloadGroup } from '#ungil/workloads/workload.js';
import { journal, measured, NAMES } from '../fixtures.js';

export interface Shape {
  workloads?: number;
  builds?: string[];
  threads?: number[];
}

const COUNTERS = [
  'shared increments', 'shared decrements', 'merges', 'queue hand-overs', 'lock acquisitions', 'lock spins',
  'lock parks', 'lock hand-offs', 'GIL waits', 'GIL wait time', 'switches', 'critical sections suspended',
  'QSBR delays', 'cross-thread frees', 'stop-the-world time',
]; // biome-ignore format: a list

/** Numbers between 0 and 1, the same each time (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const GROUP_NAMES = Object.keys(GROUPS) as WorkloadGroup[];

/** The sixteen, then as many more as it takes, over the groups. */
export function infos(count: number): WorkloadInfo[] {
  return Array.from({ length: count }, (_, i) => ({
    name: NAMES[i] ?? `${GROUP_NAMES[i % GROUP_NAMES.length]}-workload-${i}`,
    group: i < 10 ? 'sharing' : GROUP_NAMES[i % GROUP_NAMES.length],
    title: 'one list that all threads read; each read counts a reference to a shared object',
    cpython: 'for _ in range(n): shared[i]',
    unit: 'op',
  }));
}

/** A comparison in which no field is empty, the same each time. */
export function compared({
  workloads = 16,
  builds = ['gil', 'free-threaded', 'gilectomy'],
  threads = [1, 2, 4],
}: Shape = {}): { json: CompareJson; workloads: WorkloadInfo[] } {
  const random = numbers(workloads);
  const known = infos(workloads);
  const measurements = known.flatMap(({ name }, w) => {
    const base = 5 + random() * 200;
    const scaling = random() * 1.2 - 0.2;
    return builds.flatMap((build, b) =>
      threads.map((count) => {
        const speed = build === 'gil' ? 1 : Math.max((count * 0.95) ** scaling, 0.2);
        const rate = (base / (1 + b * 0.4)) * speed * (name.includes('request') ? 1e-3 : 1);
        const samples = Array.from({ length: 9 }, () => rate * (0.97 + random() * 0.06));
        const collected =
          w % 5 === 4 ? { gc: [journal([0.3 + random(), 1 + random() * 3, 2 + random() * 30])] } : {};
        const counters = { switches: Math.floor(random() * 1000), merges: Math.floor(random() * 1e6) };
        return measured(name, build, count, samples, { counters, ...collected });
      }),
    );
  });
  const results = toResults(measurements, known).map((result) => filled(result, random));
  const host = {
    ungil: '0.5.0',
    node: 'v20.20.0',
    cpus: 4,
    environment: {
      cpu: 'AMD EPYC 7B13',
      system: 'Linux 6.1.0, x64',
      memoryBytes: 16 * 2 ** 30,
      date: '2026-11-21T18:30:00.000Z',
      command: "ungil compare --threads 1,2,4 --builds gil,free-threaded,gilectomy --html 'my report.html'",
    },
  };
  const options = {
    workloads: known.map(({ name }) => name),
    builds,
    threads,
    timeMs: 100,
    repeats: 9,
    memoryBytes: 2 ** 30,
  };
  const json = {
    ...toCompareJson(host, options, results, true),
    ceilings: threads
      .filter((count) => count > 1)
      .map((count) => ({
        threads: count,
        median: count * 0.96,
        min: count * 0.9,
        max: count * 0.98,
        samples: Array.from({ length: 9 }, () => count * (0.9 + random() * 0.08)),
      })),
    fidelity: {
      rows: 32,
      threads: 2,
      rankCorrelation: 0.87,
      within25Percent: 0.78,
      outside: [
        { workload: 'shared-list-append', build: 'free-threaded', ours: 0.36, cpython: 1.06 },
        { workload: 'shared-dict-get', build: 'free-threaded', ours: 0.65, cpython: 1.62 },
      ],
      builds: {
        gil: { rows: 16, rankCorrelation: 0.12, within25Percent: 1 },
        'free-threaded': { rows: 16, rankCorrelation: 0.91, within25Percent: 0.56 },
      },
    },
    timelines: [timeline('gil', random), timeline('free-threaded', random)],
  };
  return { json, workloads: known };
}

function filled(result: Result, random: () => number): Result {
  const { threads, workload, build } = result;
  const { median } = result.opsPerSecond;
  const around = (value: number, by: number) => ({ low: value * (1 - by), high: value * (1 + by) });
  const ceiling = threads * 0.96;
  return {
    ...result,
    opsPerSecond: { ...result.opsPerSecond, interval: around(median, 0.02) },
    speedupInterval: result.speedup === null ? null : around(result.speedup, 0.05),
    ceiling: threads === 1 ? null : ceiling,
    efficiency: result.speedup === null ? null : result.speedup / (threads === 1 ? 1 : ceiling),
    fairness: threads === 1 ? 1 : 1 - random() * (1 - 1 / threads) * (workload.includes('lock') ? 1 : 0.1),
    warnings: random() < 0.08 ? ['the repeats scatter by 14 %: something else was running'] : [],
    latency: workload.startsWith('requests') || workload === 'shared-counter-lock' ? latency(random) : null,
    gilWaits: build === 'gil' && threads > 1 ? waits(random) : null,
    explanation: threads > 1 || workload === 'fib' ? explanation(result, random) : null,
  };
}

function latency(random: () => number): Latency {
  const p50 = 2000 + random() * 4000;
  const tail = 1 + random() * 3;
  const at = (share: number) => p50 * (1 + tail * Math.max(-Math.log10(1 - share) - 0.3, 0) ** 2);
  const shares = Array.from({ length: 60 }, (_, i) => 1 - 10 ** (-i / 12));
  return {
    count: 48_211,
    mean: p50 * 1.2,
    p50,
    p99: at(0.99),
    p999: at(0.999),
    max: at(0.99998),
    curve: [...shares.map((share): [number, number] => [share, at(share)]), [1, at(0.99998)]],
  };
}

function waits(random: () => number): Waits {
  const histogram = Array.from({ length: 14 }, (_, i): [number, number] => [
    2 ** i,
    Math.floor(400 * Math.exp(-((i - 12) ** 2) / 4) + random() * 20),
  ]);
  const count = histogram.reduce((sum, [, each]) => sum + each, 3);
  return { count, totalMs: count * 4.6, longestMs: 21.4, histogram: [...histogram, [Infinity, 3]] };
}

function explanation({ workload, threads }: Result, random: () => number): Explanation {
  const share = Math.round(random() * 100);
  return {
    operations: 1_234_567,
    seconds: 0.1,
    threads: Array.from({ length: threads }, () =>
      Object.fromEntries(
        COUNTERS.map((name, i) => [name, i % 4 === 3 ? 0 : Math.floor(random() ** 6 * 2_000_000)]),
      ),
    ),
    hotCount: { what: 'float', count: 1_200_000, share: 0.97, threads },
    hotLock: null,
    hotMiss: null,
    diagnosis: `${workload}: ${share} % of reads increment one object's shared count: cache-line contention`,
  };
}

function timeline(build: string, random: () => number): Timeline {
  const tracks = [0, 1].map((thread) => {
    const slices: TimelineSlice[] = [];
    for (let at = 0; at < 20_000; ) {
      const end = Math.min(at + 1000 + random() * 4000, 20_000);
      const waiting = build === 'gil' && (slices.length + thread) % 2 === 1;
      slices.push({ state: waiting ? 'waiting for the GIL' : 'running', start: at, end });
      if (!waiting && end - at > 1500) {
        slices.push({ state: 'waiting for a lock', start: at + 300, end: at + 900, note: 'list at 0x1a40' });
      }
      at = end;
    }
    return { kind: 'thread' as const, name: `thread ${thread}`, slices };
  });
  const held = tracks[0].slices
    .filter(({ state }) => state === 'running')
    .map(({ start, end }): TimelineSlice => ({ state: 'held', start, end, thread: 0 }));
  return {
    workload: 'shared-list-append',
    build,
    threads: 2,
    microseconds: 20_000,
    tracks: [...tracks, { kind: 'lock', name: build === 'gil' ? 'GIL' : 'list at 0x1a40', slices: held }],
    arrows: [],
    series: [],
    dropped: 0,
  };
}
