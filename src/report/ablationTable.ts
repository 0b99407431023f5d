import { type AblationCell, ablationInWords, formatCost } from './ablation.js';
import { type Group, layoutColumns } from './columns.js';
import { findProblems } from './problems.js';
import type { Result } from './results.js';
import type { TableOptions } from './table.js';
import { plural, wrap } from './text.js';

const LEGEND =
  'Throughput with the mechanism over throughput without it: above 1 it pays, below 1 it costs; ≈1: the 95 % ' +
  'interval contains 1, or the builds differ no more than each from itself between rounds.';

const FEW_REPEATS = 3;
const NO_NOISE = `Fewer than ${FEW_REPEATS} repeats: the noise is not known, 5 % is assumed.`;

/** The table of an ablation, what went wrong, a line for each mechanism. Lines without newlines. */
export function renderAblation(
  cells: readonly AblationCell[],
  results: readonly Result[],
  options: TableOptions,
): string[] {
  if (cells.length === 0) return [];
  const { width, paint } = options;
  const lines = shapeOf(cells).builds.flatMap((build, i) => {
    const own = cells.filter((cell) => cell.build === build);
    const { workloads } = shapeOf(own);
    const table = layoutColumns({ head: 'workload', cells: workloads }, groups(own), width).filter(
      // The line of the sections' titles, which have none.
      (line) => !line.heading || line.text !== '',
    );
    return [
      ...(i > 0 ? [''] : []),
      paint('bold', `Worth of each mechanism of ${build}`),
      ...table.map((line) => (line.heading ? paint('bold', line.text) : line.text)),
    ];
  });
  const problems = findProblems(results, options.workloads).flatMap((problem) =>
    wrap(problem.text, width, '  ').map((line) => (problem.fails ? paint('red', line) : line)),
  );
  const words = inWords(cells, results).flatMap((sentence) => wrap(sentence, width, '  '));
  return [lines, problems, words]
    .filter((part) => part.length > 0)
    .flatMap((part, i) => (i > 0 ? ['', ...part] : part));
}

/** The same as GitHub Markdown. Ends in a newline. */
export function ablationMarkdown(
  cells: readonly AblationCell[],
  results: readonly Result[],
  options: Pick<TableOptions, 'workloads'>,
): string {
  const tables = shapeOf(cells).builds.map((build) => {
    const own = cells.filter((cell) => cell.build === build);
    const { workloads, mechanisms, threads } = shapeOf(own);
    const columns = mechanisms.flatMap((mechanism) => threads.map((count) => ({ mechanism, count })));
    const heads = columns.map(({ mechanism, count }) => `${mechanism}, ${plural(count, 'thread')}`);
    const rows = workloads.map((workload) => [
      `\`${workload}\``,
      ...columns.map(({ mechanism, count }) => formatCost(find(own, mechanism, workload, count))),
    ]);
    return [
      `Worth of each mechanism of \`${build}\`:`,
      '',
      row(['workload', ...heads]),
      row(['---', ...heads.map(() => '---:')]),
      ...rows.map(row),
    ];
  });
  const problems = findProblems(results, options.workloads).map(
    ({ text }) => `- ${text.replace(/^\* /, '')}`,
  );
  const words = inWords(cells, results).map((sentence) => `- ${sentence}`);
  const parts = [...tables, problems, words].filter((part) => part.length > 0);
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}

function inWords(cells: readonly AblationCell[], results: readonly Result[]): string[] {
  const few = results.some((result) => result.opsPerSecond.samples.length < FEW_REPEATS);
  return [LEGEND, ...(few ? [NO_NOISE] : []), ...ablationInWords(cells)];
}

/** A group of columns for each mechanism, a column for each number of threads. */
function groups(cells: readonly AblationCell[]): Group[] {
  const { workloads, mechanisms, threads } = shapeOf(cells);
  return mechanisms.map((mechanism) => ({
    title: mechanism,
    sections: [
      {
        title: '',
        columns: threads.map((count) => ({
          head: `${count} thr`,
          cells: workloads.map((workload) => formatCost(find(cells, mechanism, workload, count))),
        })),
      },
    ],
  }));
}

interface Shape {
  builds: string[];
  workloads: string[];
  mechanisms: string[];
  threads: number[];
}

function shapeOf(cells: readonly AblationCell[]): Shape {
  return {
    builds: unique(cells.map((cell) => cell.build)),
    workloads: unique(cells.map((cell) => cell.workload)),
    mechanisms: unique(cells.map((cell) => cell.mechanism)),
    threads: unique(cells.map((cell) => cell.threads)),
  };
}

function find(
  cells: readonly AblationCell[],
  mechanism: string,
  workload: string,
  threads: number,
): AblationCell | undefined {
  return cells.find(
    (cell) => cell.mechanism === mechanism && cell.workload === workload && cell.threads === threads,
  );
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
