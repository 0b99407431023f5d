import { alignRows } from './align.js';
import type { Baseline } from './baseline.js';
import { type Change, type Changes, regressions } from './changes.js';
import type { HostInfo } from './json.js';
import { formatMops, formatRatio, type Paint, plural, wrap } from './text.js';

export interface ChangesOptions {
  readonly width: number;
  readonly paint: Paint;
  /** The baseline, as the user named it. */
  readonly file: string;
  readonly baseline: Baseline;
  readonly host: HostInfo;
  /** Milliseconds of a repeat in this run. */
  readonly timeMs: number;
}

const INDENT = '  ';

/** What became faster or slower, the farthest first. Lines without newlines. */
export function renderChanges(changes: Changes, options: ChangesOptions): string[] {
  const { width, paint, file } = options;
  const heading = `Against ${file}: ${counts(changes)}; all rows together ${formatRatio(changes.overall)} times as fast.`;
  const moved = changes.rows
    .filter((row) => row.verdict === 'faster' || row.verdict === 'slower')
    .sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  const cells = alignRows(moved.map(toCells), { right: [2, 3, 4] });
  const fits = cells.every((line) => INDENT.length + line.length <= width);
  const lines = fits
    ? cells.map((line) => INDENT + line)
    : moved.flatMap((row) => wrap(toCells(row).join(' '), width, INDENT));
  const coloured = fits
    ? lines.map((line, i) => (moved[i].verdict === 'slower' ? paint('red', line) : line))
    : lines;
  return [
    ...wrap(heading, width, INDENT),
    ...coloured,
    ...caveats(changes, options).flatMap((text) => wrap(text, width, INDENT)),
  ];
}

function counts({ rows }: Changes): string {
  const of = (verdict: Change['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  const parts = [`${of('faster')} faster`, `${of('slower')} slower`, `${of('as before')} as before`];
  const unknown = of('unknown');
  if (unknown > 0) parts.push(`${unknown} unknown (fewer than three repeats)`);
  return `${plural(rows.length, 'row')}, ${parts.join(', ')}`;
}

function toCells({ verdict, workload, build, threads, before, after, ratio, interval }: Change): string[] {
  return [
    verdict,
    `${workload}, ${build}, ${plural(threads, 'thread')}`,
    formatMops(before),
    `-> ${formatMops(after)} Mops/s`,
    percent(ratio),
    interval === null ? '' : `(${percent(interval.low)} to ${percent(interval.high)})`,
  ];
}

/** `+12 %`, `-3.4 %`. */
export function percent(ratio: number): string {
  const value = (ratio - 1) * 100;
  const digits = Math.abs(value) < 9.95 ? 1 : 0;
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)} %`;
}

/** What else differs between the two runs. */
function caveats(changes: Changes, { baseline, host, timeMs }: ChangesOptions): string[] {
  const lines: string[] = [];
  const others: string[] = [];
  if (baseline.node !== host.node) others.push(`Node ${baseline.node} instead of ${host.node}`);
  if (baseline.cpus !== host.cpus)
    others.push(`${plural(baseline.cpus, 'processor')} instead of ${host.cpus}`);
  if (baseline.timeMs !== timeMs) others.push(`repeats of ${baseline.timeMs} ms instead of ${timeMs}`);
  if (others.length > 0) lines.push(`The baseline had ${others.join(', ')}: changes may come from there.`);
  if (changes.onlyBefore > 0) lines.push(`Only the baseline has ${plural(changes.onlyBefore, 'row')}.`);
  if (changes.onlyAfter > 0)
    lines.push(`The baseline lacks ${plural(changes.onlyAfter, 'row')} of this run.`);
  return lines;
}

/** Whether the run fails for it. */
export function failureWords(changes: Changes, share: number): string {
  const slower = regressions(changes, share);
  const bound = `${Number((share * 100).toFixed(3))} %`;
  if (slower.length === 0) return `No row is surely slower by ${bound} or more.`;
  return `REGRESSION: ${plural(slower.length, 'row')} slower by ${bound} or more.`;
}
