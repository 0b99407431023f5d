import { type Column, type Group, layoutColumns, type Section } from './columns.js';
import { cpythonSource } from './cpython.js';
import { cpythonSpeedups } from './cpythonColumns.js';
import { fidelityInWords, fidelityOf } from './fidelity.js';
import { findProblems } from './problems.js';
import { findResult, priceOfFreeThreading, type Result } from './results.js';
import { summarise } from './summary.js';
import {
  formatHalfWidth,
  formatMiB,
  formatMops,
  formatMs,
  formatRatio,
  formatThousands,
  formatTime,
  type Paint,
  wrap,
} from './text.js';
import { trustInWords } from './trustWords.js';
import type { WorkloadInfo } from './types.js';
import { whyInWords } from './whyWords.js';
import { summaryInWords } from './words.js';

const LATENCIES = [
  ['p50', 'p50'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['max', 'max'],
] as const;

export interface TableOptions {
  /** No line is longer, as long as a row's name and one column fit (42 columns do). */
  width: number;
  paint: Paint;
  /** For what is expected to go wrong. */
  workloads: readonly WorkloadInfo[];
  /** Of the machine: more threads than these find it busy by themselves. Left out: there are always enough. */
  cpus?: number;
}

/** The terminal's report: the table, what went wrong, the summary. Lines without newlines; empty if no results. */
export function renderTable(results: readonly Result[], options: TableOptions): string[] {
  if (results.length === 0) return [];
  const { width, paint } = options;
  const shape = shapeOf(results);
  const table = layoutColumns(names(shape), groups(results, shape), width).map((line) =>
    line.heading ? paint('bold', line.text) : line.text,
  );
  const problems = findProblems(results, options.workloads).flatMap((problem) =>
    wrap(problem.text, width, '  ').map((line) => (problem.fails ? paint('red', line) : line)),
  );
  const sentences = summaryInWords(summarise(results), cpythonSource(results));
  const words = sentences.flatMap((sentence) => wrap(sentence, width, '  '));
  const fidelity = fidelityInWords(fidelityOf(results)).flatMap((sentence) => wrap(sentence, width, '  '));
  const trust = trustInWords(results, options.cpus ?? Number.POSITIVE_INFINITY).flatMap((sentence) =>
    wrap(sentence, width, '  '),
  );
  const why = whyInWords(results).flatMap((sentence) => wrap(sentence, width, '  '));
  return [table, problems, why, words, fidelity, trust]
    .filter((part) => part.length > 0)
    .flatMap((part, i) => (i > 0 ? ['', ...part] : part));
}

// --- What there is to show ---

/** The table's dimensions, each in the order measured. */
interface Shape {
  workloads: string[];
  builds: string[];
  threads: number[];
  /** The highest number of threads if a speed-up can be shown for it, else null. */
  scaledTo: number | null;
  priced: boolean;
}

function shapeOf(results: readonly Result[]): Shape {
  const workloads = unique(results.map((result) => result.workload));
  const threads = unique(results.map((result) => result.threads)).sort((a, b) => a - b);
  const most = threads[threads.length - 1];
  const scaled = results.some((result) => result.threads === most && most > 1 && result.speedup !== null);
  return {
    workloads,
    builds: unique(results.map((result) => result.build)),
    threads,
    scaledTo: scaled ? most : null,
    priced: workloads.some((workload) => priceOfFreeThreading(results, workload) !== null),
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

// --- Columns ---

function names(shape: Shape): Column {
  return { head: 'workload', cells: shape.workloads };
}

function groups(results: readonly Result[], shape: Shape): Group[] {
  const builds = shape.builds.map((build) => buildGroup(results, shape, build));
  return shape.priced ? [...builds, priceGroup(results, shape)] : builds;
}

function buildGroup(results: readonly Result[], shape: Shape, build: string): Group {
  const columns = shape.threads.map((threads) => throughputColumn(results, shape, build, threads));
  const sections: Section[] = [{ title: 'Mops/s', columns }];
  if (shape.scaledTo !== null) sections.push(speedupSection(results, shape, build, shape.scaledTo));
  const memory = memorySection(results, shape, build);
  if (memory !== null) sections.push(memory);
  const trash = trashSection(results, shape, build);
  if (trash !== null) sections.push(trash);
  const latency = latencySection(results, shape, build);
  if (latency !== null) sections.push(latency);
  const pauses = pauseSection(results, shape, build);
  if (pauses !== null) sections.push(pauses);
  return { title: build, sections };
}

/** A figure whose result was wrong carries a star; the others then a space, so that the digits stay aligned. */
function throughputColumn(results: readonly Result[], shape: Shape, build: string, threads: number): Column {
  const found = shape.workloads.map((workload) => findResult(results, workload, build, threads));
  const starred = found.some((result) => isWrong(result));
  const mark = (result: Result | undefined): string => (!starred ? '' : isWrong(result) ? '*' : ' ');
  return {
    head: `${threads} thr`,
    cells: found.map((result) => formatMops(result?.opsPerSecond.median) + mark(result)),
  };
}

function isWrong(result: Result | undefined): boolean {
  return result !== undefined && result.wrong !== null;
}

function speedupSection(results: readonly Result[], shape: Shape, build: string, threads: number): Section {
  const found = shape.workloads.map((name) => findResult(results, name, build, threads));
  const ours = found.map((result) => formatRatio(result?.speedup));
  const doubt = found.map((result) => formatHalfWidth(result?.speedup, result?.speedupInterval));
  const columns = [{ head: 'ungil', cells: ours }];
  if (doubt.some((cell) => cell !== '-')) columns.push({ head: '±%', cells: doubt });
  columns.push(...cpythonSpeedups(results, shape.workloads, build, threads));
  return { title: `speed-up at ${threads}`, columns };
}

/** At the highest number of threads; null where nothing was looked at. */
function memorySection(results: readonly Result[], shape: Shape, build: string): Section | null {
  const threads = shape.threads[shape.threads.length - 1];
  const found = shape.workloads.map((name) => findResult(results, name, build, threads)?.memory);
  if (!found.some((memory) => memory)) return null;
  const columns = [
    { head: 'peak', cells: found.map((memory) => formatMiB(memory?.peakBytes)) },
    { head: 'live', cells: found.map((memory) => formatMiB(memory?.liveBytes)) },
  ];
  return { title: `MiB at ${threads}`, columns };
}

/** Uncollected garbage at the highest number of threads; null where nobody looked. */
function trashSection(results: readonly Result[], shape: Shape, build: string): Section | null {
  const threads = shape.threads[shape.threads.length - 1];
  const found = shape.workloads.map((name) => findResult(results, name, build, threads)?.trash);
  if (!found.some((trash) => trash)) return null;
  const columns = [
    { head: 'peak', cells: found.map((trash) => formatThousands(trash?.peak)) },
    { head: 'mean', cells: found.map((trash) => formatThousands(trash?.mean)) },
  ];
  return { title: `1000 trash at ${threads}`, columns };
}

/** Times of requests at the highest number of threads; null where there were none. */
function latencySection(results: readonly Result[], shape: Shape, build: string): Section | null {
  const threads = shape.threads[shape.threads.length - 1];
  const found = shape.workloads.map((name) => findResult(results, name, build, threads)?.latency);
  if (!found.some((latency) => latency)) return null;
  const columns = LATENCIES.map(([head, field]) => ({
    head,
    cells: found.map((latency) => formatTime(latency?.[field])),
  }));
  return { title: `a request, at ${threads}`, columns };
}

/** Collections of cycles at the highest number of threads; null where there were none. */
function pauseSection(results: readonly Result[], shape: Shape, build: string): Section | null {
  const threads = shape.threads[shape.threads.length - 1];
  const found = shape.workloads.map((name) => findResult(results, name, build, threads)?.gcPauseMs);
  if (!found.some((pauses) => pauses)) return null;
  const columns = (['p50', 'p99', 'max'] as const).map((head) => ({
    head,
    cells: found.map((pauses) => formatMs(pauses?.[head])),
  }));
  return { title: `gc pause ms at ${threads}`, columns };
}

function priceGroup(results: readonly Result[], shape: Shape): Group {
  const cells = shape.workloads.map((workload) => formatRatio(priceOfFreeThreading(results, workload)));
  const columns = [{ head: 'threading', cells }];
  return { title: 'price of', sections: [{ title: 'free', columns }] };
}
