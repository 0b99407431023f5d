import type { CompareJson } from './json.js';
import type { RaceJson } from './raceJson.js';

/** What a field must be: a type's name, several of them, or a list whose entries are checked. */
type Shape = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'object or null' | 'number or null';

const COMPARE: Readonly<Record<string, Shape>> = {
  ungil: 'string',
  node: 'string',
  cpus: 'number',
  complete: 'boolean',
  options: 'object',
  results: 'list',
  summary: 'object',
  cpythonSource: 'string',
  ceilings: 'list',
  fidelity: 'object or null',
  timelines: 'list',
};

const COMPARE_ROW: Readonly<Record<string, Shape>> = {
  workload: 'string',
  build: 'string',
  threads: 'number',
  opsPerSecond: 'object',
  seconds: 'list',
  speedup: 'number or null',
  speedupInterval: 'object or null',
  efficiency: 'number or null',
  fairness: 'number or null',
  nsPerOp: 'number or null',
  gcPauseMs: 'object or null',
  warnings: 'list',
  latency: 'object or null',
  gilWaits: 'object or null',
  counters: 'object',
  explanation: 'object or null',
  cpython: 'object or null',
  unraisable: 'list',
  leaks: 'list',
};

const RACE: Readonly<Record<string, Shape>> = {
  ungil: 'string',
  complete: 'boolean',
  results: 'list',
  summary: 'object',
};

const RACE_ROW: Readonly<Record<string, Shape>> = {
  scenario: 'string',
  about: 'string',
  refcount: 'string',
  variant: 'string',
  mode: 'string',
  exhaustive: 'boolean',
  executions: 'number',
  outcomes: 'list',
  unreached: 'list',
  violations: 'list',
  ok: 'boolean',
  problems: 'list',
};

/** What is wrong with a text that should be compare.json, in a phrase; else its value. */
export function parseCompareJson(text: string): CompareJson | string {
  return parse(text, 'compare.json', COMPARE, COMPARE_ROW) as CompareJson | string;
}

/** The same for race.json. */
export function parseRaceJson(text: string): RaceJson | string {
  return parse(text, 'race.json', RACE, RACE_ROW) as RaceJson | string;
}

function parse(
  text: string,
  kind: string,
  whole: Readonly<Record<string, Shape>>,
  row: Readonly<Record<string, Shape>>,
): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (text.trim() === '') return 'it is empty';
    return /^\s*[{[]/.test(text) ? 'it is no whole JSON: it may be truncated' : 'it is no JSON';
  }
  if (!isObject(value)) return `it is JSON, but no ${kind}`;
  const wrong = misfit(value, whole);
  if (wrong !== null) return `it is no ${kind} of this version: ${wrong}${madeBy(value)}`;
  for (const [i, entry] of (value.results as unknown[]).entries()) {
    const amiss = isObject(entry) ? misfit(entry, row) : 'it is no object';
    if (amiss !== null) return `it is no ${kind} of this version: in results[${i}] ${amiss}${madeBy(value)}`;
  }
  return value;
}

function misfit(value: Record<string, unknown>, shape: Readonly<Record<string, Shape>>): string | null {
  for (const [name, wanted] of Object.entries(shape)) {
    const field = value[name];
    if (field === undefined) return `'${name}' is missing`;
    if (!fits(field, wanted)) return `'${name}' is no ${wanted}`;
  }
  return null;
}

function fits(field: unknown, wanted: Shape): boolean {
  switch (wanted) {
    case 'list':
      return Array.isArray(field);
    case 'object':
      return isObject(field);
    case 'object or null':
      return field === null || isObject(field);
    case 'number or null':
      return field === null || typeof field === 'number';
    default:
      return typeof field === wanted;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function madeBy({ ungil }: Record<string, unknown>): string {
  return typeof ungil === 'string' ? ` (made by ungil ${ungil})` : '';
}
