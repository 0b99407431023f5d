import type { Exploration } from '../explore/results.js';
import { alignedWidth, alignRows } from './align.js';
import { printable } from './printable.js';
import { buildMatrix, type Matrix, type MatrixCell, matrixCells, matrixHeads } from './raceMatrix.js';
import { renderOutcomes } from './raceOutcomes.js';
import type { RepeatContext } from './raceRepeat.js';
import { renderScenario } from './raceScenario.js';
import { summariseRace } from './raceVerdict.js';
import { renderViolation } from './raceViolation.js';
import {
  declaredWords,
  formatSeconds,
  howExplored,
  raceWords,
  schemeName,
  undeclaredRaces,
  verdict,
} from './raceWords.js';
import { formatCount, type Paint, plural, wrap } from './text.js';

export interface RaceTextOptions {
  /** No line is longer, as long as it is 40 or more; only the command that repeats a schedule is never broken. */
  width: number;
  paint: Paint;
  /** Every exploration in full. */
  verbose: boolean;
  /** One scenario was asked for: in full, with what was found and is allowed. */
  single: boolean;
  interrupted: boolean;
  repeat: RepeatContext;
}

/** The steps that are shown of a long schedule. */
const MAX_STEPS = 60;
const INDENT = '  ';

/**
 * The terminal's report: each scenario with its schemes side by side; what failed (or everything, if asked for) in
 * full; one row a scenario; the sum.
 * Lines without newlines.
 */
export function renderRace(found: readonly Exploration[], options: RaceTextOptions): string[] {
  const explorations = printable(found);
  const full = explorations.filter((one) => options.verbose || options.single || !one.ok);
  const scenarios = options.verbose || options.single ? [] : byScenario(explorations);
  const parts = [
    ...scenarios.map((own) => renderScenario(own, options.width, options.paint)),
    ...full.map((exploration) => renderExploration(exploration, options)),
  ];
  if (explorations.length > 1) parts.push(renderMatrix(buildMatrix(explorations), options));
  parts.push(renderSum(explorations, options));
  return parts.flatMap((part, i) => (i > 0 ? ['', ...part] : part));
}

function byScenario(explorations: readonly Exploration[]): Exploration[][] {
  const names = [...new Set(explorations.map(({ scenario }) => scenario))];
  return names.map((name) => explorations.filter(({ scenario }) => scenario === name));
}

// --- One exploration ---

function renderExploration(exploration: Exploration, options: RaceTextOptions): string[] {
  const { width, paint } = options;
  const inner = width - INDENT.length;
  const body = [
    ...wrap(exploration.about, inner),
    ...wrap(howExplored(exploration), inner).map((line) => paint('dim', line)),
    ...renderOutcomes(exploration, inner, paint),
    ...problems(exploration, inner, paint),
    ...races(exploration, inner),
    ...violations(exploration, inner, options),
  ];
  return [...headline(exploration, width, paint), ...body.map((line) => (line === '' ? '' : INDENT + line))];
}

/** `owner-exit  biased  exhaustive: 28 of 28 classes, 0.01 s`. */
function headline(exploration: Exploration, width: number, paint: Paint): string[] {
  const { scenario, refcount, variant, ok } = exploration;
  const name = [scenario, schemeName(refcount), ...(variant === '' ? [] : [`variant ${variant}`])].join('  ');
  const words = verdict(exploration);
  const lines =
    name.length + 2 + words.length <= width
      ? [`${name}  ${words}`]
      : [
          ...(name.length <= width ? [name] : wrap(name, width, INDENT)),
          ...wrap(words, width - 2, '').map((line) => INDENT + line),
        ];
  return lines.map((line) => paint(ok ? 'bold' : 'red', line));
}

function problems({ problems: found }: Exploration, width: number, paint: Paint): string[] {
  return found.flatMap((problem) =>
    wrap(`FAILED: ${problem}`, width, '  ').map((line) => paint('red', line)),
  );
}

function races(exploration: Exploration, width: number): string[] {
  const rows = undeclaredRaces(exploration).flatMap((race) =>
    wrap(`data race on ${raceWords(race)}`, width, '  '),
  );
  const { declaredRaces } = exploration;
  return declaredRaces > 0 ? [...rows, ...wrap(declaredWords(declaredRaces), width, '  ')] : rows;
}

function violations(exploration: Exploration, width: number, options: RaceTextOptions): string[] {
  const { single, verbose, paint, repeat } = options;
  const maxSteps = verbose ? Number.POSITIVE_INFINITY : MAX_STEPS;
  return exploration.violations
    .filter(({ allowed }) => !allowed || single || verbose)
    .flatMap((violation) => [
      '',
      ...renderViolation(exploration, violation, { width, paint, repeat, maxSteps }),
    ]);
}

// --- All of them ---

function renderMatrix(matrix: Matrix, { width, paint }: RaceTextOptions): string[] {
  const rows = matrix.rows.map((row) => [{ text: row.scenario, failed: false }, ...matrixCells(row, matrix)]);
  const heads = matrixHeads(matrix);
  const texts = [heads, ...rows.map((row) => row.map((cell) => cell.text || '-'))];
  const lines =
    alignedWidth(texts) <= width
      ? alignRows(texts, {
          paint: (text, row, column) =>
            row === 0 ? paint('bold', text) : rows[row - 1][column].failed ? paint('red', text) : text,
        })
      : rows.flatMap((row) => stackedRow(heads, row, width, paint));
  return [...lines, ...wrap(matrix.legend.join('; '), width).map((line) => paint('dim', line))];
}

/** The row of a matrix that is too wide: the scenario's name, and its cells below with their heads. */
function stackedRow(
  heads: readonly string[],
  [name, ...cells]: readonly MatrixCell[],
  width: number,
  paint: Paint,
): string[] {
  const text = cells
    .map((cell, i) => (cell.text === '' ? '' : `${heads[i + 1]} ${cell.text}`))
    .filter((part) => part !== '')
    .join('; ');
  const failed = cells.some((cell) => cell.failed);
  return [
    ...wrap(name.text, width),
    ...wrap(text, width - 2).map((line) => INDENT + (failed ? paint('red', line) : line)),
  ];
}

function renderSum(explorations: readonly Exploration[], options: RaceTextOptions): string[] {
  const sum = summariseRace(explorations, options.interrupted);
  const parts = [
    `${plural(sum.explorations, 'exploration')}: ${sum.ok} ok`,
    ...(sum.failed > 0 ? [`${sum.failed} failed`] : []),
    ...(sum.caught > 0 ? [`${plural(sum.caught, 'bug')} caught as expected`] : []),
    ...(sum.notExhaustive > 0 ? [`${sum.notExhaustive} not exhaustive`] : []),
    `${formatCount(sum.executions)} execution${sum.executions === 1 ? '' : 's'}`,
    formatSeconds(sum.seconds),
  ];
  const style = sum.failed > 0 ? 'red' : 'bold';
  const lines = wrap(parts.join(', '), options.width, INDENT).map((line) => options.paint(style, line));
  return sum.interrupted ? [...lines, 'interrupted: not exhaustive'] : lines;
}
