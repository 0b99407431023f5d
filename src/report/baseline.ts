import type { Interval } from './figures.js';
import type { CompareJson } from './json.js';

/** What a comparison with an older run needs of each of its rows. */
export interface BaselineRow {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  readonly opsPerSecond: { readonly median: number; readonly interval: Interval | null };
  /** Of which the interval was made: see `unitsOf`. */
  readonly units: number;
}

/** An older compare.json, as far as it is needed and has been checked. */
export interface Baseline {
  readonly ungil: string;
  readonly node: string;
  readonly cpus: number;
  readonly timeMs: number;
  readonly rows: readonly BaselineRow[];
}

/**
 * Reads the text of a compare.json that this version wrote. Throws Error saying what is wrong with it: no JSON, cut off,
 * another program's, another version's (whose figures may mean something else), or without a usable row.
 */
export function parseBaseline(text: string, version: string): Baseline {
  const json = parseJson(text);
  if (!isRecord(json) || typeof json.ungil !== 'string' || !Array.isArray(json.results)) {
    throw new Error(`it is no compare.json: ${foreign(json)}`);
  }
  if (json.ungil !== version) {
    throw new Error(
      `it was made by ungil ${json.ungil}, this is ${version}: other versions measure other things, or otherwise`,
    );
  }
  const { options, node, cpus } = json as unknown as CompareJson;
  if (!isRecord(options) || typeof options.timeMs !== 'number') throw new Error("it has no 'options.timeMs'");
  const rows = json.results.map((row, index) => toRow(row, index));
  const usable = rows.filter((row) => row !== null);
  if (usable.length === 0) throw new Error('it has no measured row');
  return { ungil: json.ungil, node: String(node), cpus: Number(cpus), timeMs: options.timeMs, rows: usable };
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new Error('it is empty');
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const cut = text.trimStart().startsWith('{') && !text.trimEnd().endsWith('}');
    throw new Error(cut ? `it is cut off after ${text.length} characters` : `it is no JSON: ${why}`);
  }
}

/** What the JSON seems to be instead. */
function foreign(json: unknown): string {
  if (json === null) return 'its top is null';
  if (!isRecord(json)) return `its top is a ${Array.isArray(json) ? 'list' : typeof json}`;
  if (!('ungil' in json)) return "it has no field 'ungil'";
  return "it has no list 'results'";
}

/** Null for a row that was not measured to its end (undefined figures are written as null). Throws for one of another shape. */
function toRow(row: unknown, index: number): BaselineRow | null {
  const bad = (what: string): never => {
    throw new Error(`row ${index} of its results has no ${what}`);
  };
  if (!isRecord(row)) return bad('fields');
  const { workload, build, threads, opsPerSecond } = row;
  if (typeof workload !== 'string') return bad("'workload'");
  if (typeof build !== 'string') return bad("'build'");
  if (typeof threads !== 'number') return bad("'threads'");
  if (!isRecord(opsPerSecond)) return bad("'opsPerSecond'");
  const { median } = opsPerSecond;
  if (median === null) return null;
  if (typeof median !== 'number') return bad("'opsPerSecond.median'");
  if (!(median > 0)) return null;
  const { beside } = row;
  if (!isRecord(beside) || !Array.isArray(beside.round)) return bad("'beside.round'");
  const units = unitsOf({ round: beside.round });
  return {
    workload,
    build,
    threads,
    opsPerSecond: { median, interval: toInterval(opsPerSecond.interval) },
    units,
  };
}

/** Rounds that samples are from, or samples where there was one round only: what the bootstrap draws from. */
export function unitsOf({ round }: { readonly round: readonly unknown[] }): number {
  const rounds = new Set(round).size;
  return rounds === 1 ? round.length : rounds;
}

function toInterval(value: unknown): Interval | null {
  if (!isRecord(value) || typeof value.low !== 'number' || typeof value.high !== 'number') return null;
  return { low: value.low, high: value.high };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
