import { alignRows } from './align.js';
import { type Figure, isReached } from './benchTypes.js';
import type { HostInfo } from './json.js';

/** A suite's figures, table by table in the order of their first figures. Lines without newlines. */
export function renderFigures(figures: readonly Figure[]): string[] {
  const tables = [...new Set(figures.map((figure) => figure.table))];
  return tables.flatMap((table, i) => {
    const own = figures.filter((figure) => figure.table === table);
    const lines = own.some((figure) => figure.target !== undefined) ? withTargets(own) : plain(own);
    return [...(i > 0 ? [''] : []), table, ...lines.map((line) => `  ${line}`)];
  });
}

function plain(figures: readonly Figure[]): string[] {
  return alignRows(
    figures.map((figure) => [figure.name, measured(figure), figure.note ?? '']),
    { right: [1] },
  );
}

function withTargets(figures: readonly Figure[]): string[] {
  const rows = figures.map((figure) => [
    figure.name,
    figure.target === undefined ? '' : `${figure.target.bound} ${figure.target.value}`,
    measured(figure),
    reached(figure),
    figure.note ?? '',
  ]);
  return alignRows([['', 'target', 'measured', 'reached', ''], ...rows], { right: [2] });
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
