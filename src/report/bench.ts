import { alignedWidth, alignRows } from './align.js';
import { type Figure, isReached } from './benchTypes.js';
import type { HostInfo } from './json.js';
import { wrap } from './text.js';

const INDENT = '  ';
/** In front of what does not fit into a row: the rest of a name, and a note. */
const REST = '  ';
const NOTE = '    ';
/** A name is not broken into lines shorter than this. */
const LEAST_NAME = 24;

/**
 * A suite's figures, table by table in the order of their first figures. Lines without newlines, no longer than `width`
 * where that leaves room for the figures themselves: notes, and what is left of long names, go to lines of their own.
 */
export function renderFigures(figures: readonly Figure[], width: number): string[] {
  const tables = [...new Set(figures.map((figure) => figure.table))];
  return tables.flatMap((table, i) => {
    const own = figures.filter((figure) => figure.table === table);
    const lines = renderTable(own, width - INDENT.length);
    return [...(i > 0 ? [''] : []), table, ...lines.map((line) => `${INDENT}${line}`)];
  });
}

function renderTable(figures: readonly Figure[], width: number): string[] {
  const targets = figures.some((figure) => figure.target !== undefined);
  const head = targets ? [['', 'target', 'measured', 'reached']] : [];
  const right = [targets ? 2 : 1];
  const rows = figures.map((figure) => (targets ? withTarget(figure) : [figure.name, measured(figure)]));
  const notes = figures.map((figure) => figure.note ?? '');
  const whole = [...head, ...rows.map((row, i) => [...row, notes[i]])];
  if (alignedWidth(whole) <= width) return alignRows(whole, { right });
  return renderNarrow(head, rows, notes, right, width);
}

function renderNarrow(
  head: readonly (readonly string[])[],
  rows: readonly (readonly string[])[],
  notes: readonly string[],
  right: readonly number[],
  width: number,
): string[] {
  const figures = alignedWidth([...head, ...rows].map((row) => ['', ...row.slice(1)]));
  const names = rows.map(([name]) => wrap(name, Math.max(LEAST_NAME, width - figures), REST));
  const cells = rows.map(([, ...row], i) => [names[i][0], ...row]);
  const lines = alignRows([...head, ...cells], { right });
  const below = rows.map((_, i) => [
    ...names[i].slice(1),
    ...wrap(notes[i], width - NOTE.length).map((line) => `${NOTE}${line}`),
  ]);
  return [...lines.slice(0, head.length), ...below.flatMap((rest, i) => [lines[head.length + i], ...rest])];
}

function withTarget(figure: Figure): string[] {
  const target = figure.target === undefined ? '' : `${figure.target.bound} ${figure.target.value}`;
  return [figure.name, target, measured(figure), reached(figure)];
}

function measured({ value, unit }: Figure): string {
  if (value === null) return '-';
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
  return `${value.toFixed(digits)}${unit === '' || unit === 'x' ? unit : ` ${unit}`}`;
}

function reached(figure: Figure): string {
  const kept = isReached(figure);
  return kept === null ? '-' : kept ? 'yes' : 'NO';
}

/** The figures of one suite, as far as they were measured. */
export interface SuiteFigures {
  readonly name: string;
  readonly about: string;
  readonly figures: readonly Figure[];
}

/** Text of bench.json, ending in a newline. `reached` is null without a target or a value. */
export function formatBenchJson(host: HostInfo, suites: readonly SuiteFigures[], complete: boolean): string {
  const withReached = suites.map((suite) => ({
    ...suite,
    figures: suite.figures.map((figure) => ({ ...figure, reached: isReached(figure) })),
  }));
  return `${JSON.stringify({ ...host, complete, suites: withReached }, null, 2)}\n`;
}
