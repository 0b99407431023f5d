import type { Exploration, OutcomeRow } from '../explore/results.js';
import { COUNT_SCHEMES, type Scheme } from '../scenarios/scheme.js';
import { isCaught, isUnfinished } from './raceVerdict.js';
import { faultCode, faultLegend, schemeName } from './raceWords.js';

/** The summary: one row a scenario, one column a scheme, and what became of the variants. */
export interface Matrix {
  readonly schemes: readonly Scheme[];
  readonly rows: readonly MatrixRow[];
  /** Whether there is anything in the column of variants. */
  readonly withVariants: boolean;
  /** What the short forms mean that occur. */
  readonly legend: readonly string[];
}

export interface MatrixRow {
  readonly scenario: string;
  /** One for each scheme. */
  readonly cells: readonly MatrixCell[];
  readonly variants: MatrixCell;
}

export interface MatrixCell {
  /** Empty where there was nothing to explore. */
  readonly text: string;
  readonly failed: boolean;
}

const ORDER: readonly Scheme[] = [...COUNT_SCHEMES, 'none'];

export function buildMatrix(explorations: readonly Exploration[]): Matrix {
  const schemes = ORDER.filter((scheme) => explorations.some(({ refcount }) => refcount === scheme));
  const scenarios = [...new Set(explorations.map(({ scenario }) => scenario))];
  const rows = scenarios.map((scenario): MatrixRow => {
    const own = explorations.filter((exploration) => exploration.scenario === scenario);
    const declared = own.filter(({ variant }) => variant === '');
    return {
      scenario,
      cells: schemes.map((scheme) => cellOf(declared.find(({ refcount }) => refcount === scheme))),
      variants: variantsCell(own.filter(({ variant }) => variant !== '')),
    };
  });
  return {
    schemes,
    rows,
    withVariants: rows.some((row) => row.variants.text !== ''),
    legend: legendOf(rows),
  };
}

/** Heads of the matrix's columns, the scenarios' first. */
export function matrixHeads({ schemes, withVariants }: Matrix): string[] {
  return ['scenario', ...schemes.map(schemeName), ...(withVariants ? ['variants'] : [])];
}

/** Cells beside a scenario's name, as many as there are heads for them. */
export function matrixCells(row: MatrixRow, { withVariants }: Matrix): readonly MatrixCell[] {
  return withVariants ? [...row.cells, row.variants] : row.cells;
}

// --- Cells ---

/** An interesting outcome is named if it is no longer than this, else it is a star. */
const SHORT_OUTCOME = 14;
const STAR = '*';
const UNFINISHED = '~';

function cellOf(exploration: Exploration | undefined): MatrixCell {
  if (exploration === undefined) return { text: '', failed: false };
  const words = [
    ...exploration.outcomes.filter(({ count }) => count > 0).flatMap(standsOut),
    ...failuresBesideOutcomes(exploration),
  ];
  const text = words.length > 0 ? [...new Set(words)].join(', ') : exploration.ok ? 'OK' : 'FAILED';
  return { text: isUnfinished(exploration) ? text + UNFINISHED : text, failed: !exploration.ok };
}

/** The outcome's short form if it is worth a word: faults, forbidden and interesting outcomes. */
function standsOut({ outcome, expectation }: OutcomeRow): string[] {
  const forbidden = expectation === 'forbidden';
  const code = faultCode(outcome);
  if (code !== null) return [forbidden ? `${code}!` : code];
  if (forbidden) return [outcome.length <= SHORT_OUTCOME ? `${outcome}!` : 'WRONG!'];
  if (expectation !== 'interesting') return [];
  return [outcome.length <= SHORT_OUTCOME ? outcome : STAR];
}

function failuresBesideOutcomes({ ok, violations, unreached }: Exploration): string[] {
  const kinds = violations.filter(({ allowed }) => !allowed).map(({ kind }) => kind);
  const words: string[] = [];
  if (kinds.includes('data race')) words.push('RACE!');
  if (kinds.includes('not deterministic')) words.push('NONDET!');
  if (!ok && unreached.length > 0) words.push('MISSING!');
  return words;
}

/** `caught 3/3`; variants without a bug, in which nothing was found, are counted apart. */
function variantsCell(variants: readonly Exploration[]): MatrixCell {
  const caught = variants.filter(isCaught).length;
  const failed = variants.filter(({ ok }) => !ok).length;
  const clean = variants.length - caught - failed;
  const parts: string[] = [];
  if (caught + failed > 0) parts.push(`caught ${caught}/${caught + failed}`);
  if (clean > 0) parts.push(`clean ${clean}`);
  return { text: parts.join(', '), failed: failed > 0 };
}

// --- The legend ---

function legendOf(rows: readonly MatrixRow[]): string[] {
  const texts = rows.flatMap((row) => row.cells.map((cell) => cell.text));
  const words = new Set(texts.flatMap((text) => text.replaceAll(/[!~]/g, '').split(', ')));
  const entries: [shown: boolean, text: string][] = [
    ...faultLegend().map(([code, fault]): [boolean, string] => [words.has(code), `${code} ${fault}`]),
    [words.has('WRONG'), 'WRONG a forbidden outcome'],
    [words.has('RACE'), 'RACE undeclared data race'],
    [words.has('NONDET'), 'NONDET the scenario is not deterministic'],
    [words.has('MISSING'), 'MISSING a required outcome was not reached'],
    [[...words].some((word) => word.includes('=')), 'name=value an outcome that stands out'],
    [words.has(STAR), `${STAR} an interesting outcome`],
    [texts.some((text) => text.includes('!')), '! must not be'],
    [texts.some((text) => text.endsWith(UNFINISHED)), `${UNFINISHED} not all interleavings covered`],
  ];
  return entries.filter(([shown]) => shown).map(([, text]) => text);
}
