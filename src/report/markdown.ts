import { cpythonSource } from './cpython.js';
import { speedupsBeside } from './cpythonColumns.js';
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
  plural,
} from './text.js';
import { trustInWords } from './trustWords.js';
import type { WorkloadInfo } from './types.js';
import { summaryInWords } from './words.js';

/** The same figures as the terminal's table, and efficiencies, as GitHub Markdown for the README. Ends in a newline. */
export function markdownTable(
  results: readonly Result[],
  workloads: readonly WorkloadInfo[],
  cpus = Number.POSITIVE_INFINITY,
): string {
  const columns = markdownColumns(results);
  const rows = [...new Set(results.map((result) => result.workload))].map((workload) => [
    `\`${workload}\``,
    ...columns.map((column) => column.cell(workload)),
  ]);
  const lines = [
    row(['workload', ...columns.map((column) => column.head)]),
    row(['---', ...columns.map(() => '---:')]),
    ...rows.map(row),
  ];
  const problems = findProblems(results, workloads).map(
    (problem) => `- ${escapeCell(problem.text.replace(/^\* /, ''))}`,
  );
  const sentences = summaryInWords(summarise(results), cpythonSource(results));
  const words = sentences.map((sentence) => `- ${sentence}`);
  const fidelity = fidelityInWords(fidelityOf(results)).map((sentence) => `- ${sentence}`);
  const trust = trustInWords(results, cpus).map((sentence) => `- ${escapeCell(sentence)}`);
  const parts = [lines, problems, words, fidelity, trust].filter((part) => part.length > 0);
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}

interface MarkdownColumn {
  head: string;
  cell(workload: string): string;
}

function markdownColumns(results: readonly Result[]): MarkdownColumn[] {
  const names = [...new Set(results.map((result) => result.workload))];
  const builds = [...new Set(results.map((result) => result.build))];
  const threads = [...new Set(results.map((result) => result.threads))].sort((a, b) => a - b);
  const most = threads[threads.length - 1];
  const columns = builds.flatMap((build) => [
    ...threads.map((count) => throughputColumn(results, build, count)),
    // At one thread a speed-up is 1 by definition.
    ...(most > 1 ? speedupColumns(results, build, most) : []),
    ...memoryColumns(results, build, most),
    ...trashColumns(results, build, most),
    ...pauseColumns(results, build, most),
  ]);
  const price: MarkdownColumn = {
    head: 'price of free threading at 1 thread',
    cell: (workload) => formatRatio(priceOfFreeThreading(results, workload)),
  };
  // A column without a single figure (no run at 1 thread, a build that CPython does not have) says nothing.
  return [...columns, price].filter((column) => names.some((name) => column.cell(name) !== '-'));
}

function throughputColumn(results: readonly Result[], build: string, threads: number): MarkdownColumn {
  return {
    head: `${build}, ${plural(threads, 'thread')} (Mops/s)`,
    cell: (workload) => {
      const result = findResult(results, workload, build, threads);
      const mark = result !== undefined && result.wrong !== null ? ' (wrong)' : '';
      return formatMops(result?.opsPerSecond.median) + mark;
    },
  };
}

function speedupColumns(results: readonly Result[], build: string, threads: number): MarkdownColumn[] {
  return [
    {
      head: `${build}, speed-up at ${threads}`,
      cell: (workload) => formatRatio(findResult(results, workload, build, threads)?.speedup),
    },
    {
      head: '±%',
      cell: (workload) => {
        const result = findResult(results, workload, build, threads);
        return formatHalfWidth(result?.speedup, result?.speedupInterval);
      },
    },
    {
      head: 'efficiency',
      cell: (workload) => {
        const result = findResult(results, workload, build, threads);
        return formatRatio(result?.ceiling == null ? null : result.efficiency);
      },
    },
    ...speedupsBeside(results, build, threads).map(({ interpreter, speedup }) => ({
      head: interpreter === null ? "CPython's" : `of ${interpreter}`,
      cell: (workload: string) => formatRatio(speedup(workload)),
    })),
  ];
}

function memoryColumns(results: readonly Result[], build: string, threads: number): MarkdownColumn[] {
  const memoryOf = (workload: string): Result['memory'] | undefined =>
    findResult(results, workload, build, threads)?.memory;
  return [
    {
      head: `${build}, peak MiB at ${threads}`,
      cell: (workload) => formatMiB(memoryOf(workload)?.peakBytes),
    },
    {
      head: `${build}, live MiB at ${threads}`,
      cell: (workload) => formatMiB(memoryOf(workload)?.liveBytes),
    },
  ];
}

function trashColumns(results: readonly Result[], build: string, threads: number): MarkdownColumn[] {
  const trashOf = (workload: string): Result['trash'] | undefined =>
    findResult(results, workload, build, threads)?.trash;
  return [
    {
      head: `${build}, peak trash at ${threads}, 1000 objects`,
      cell: (workload) => formatThousands(trashOf(workload)?.peak),
    },
    {
      head: `${build}, mean trash at ${threads}, 1000 objects`,
      cell: (workload) => formatThousands(trashOf(workload)?.mean),
    },
  ];
}

function pauseColumns(results: readonly Result[], build: string, threads: number): MarkdownColumn[] {
  return (['p50', 'p99', 'max'] as const).map((figure) => ({
    head: `${build}, gc pause at ${threads}, ${figure} (ms)`,
    cell: (workload) => formatMs(findResult(results, workload, build, threads)?.gcPauseMs?.[figure]),
  }));
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escapeCell).join(' | ')} |`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
