import type { Exploration, OutcomeRow } from '../explore/results.js';
import { alignedWidth, alignRows } from './align.js';
import { isCaught } from './raceVerdict.js';
import { expectationWords, schemeName, UNREACHED } from './raceWords.js';
import { formatCount, type Paint, wrap } from './text.js';

const INDENT = '  ';

/** A cell of the table, and whether it says that something is wrong. */
interface Cell {
  readonly text: string;
  readonly bad: boolean;
}

/**
 * One scenario with its schemes side by side: a row an outcome, how often it was reached and what is thought of it,
 * `never` where the search has proved that it cannot be; then what each count is out of, then the variants.
 */
export function renderScenario(explorations: readonly Exploration[], width: number, paint: Paint): string[] {
  const declared = explorations.filter(({ variant }) => variant === '');
  const variants = explorations.filter(({ variant }) => variant !== '');
  const [{ scenario, about }] = explorations;
  const failed = explorations.some(({ ok }) => !ok);
  const inner = width - INDENT.length;
  const body = [
    ...wrap(about, inner),
    ...table(declared, inner, paint),
    ...variantLines(variants, inner, paint),
  ];
  return [paint(failed ? 'red' : 'bold', scenario), ...body.map((line) => INDENT + line)];
}

// --- The table ---

function table(declared: readonly Exploration[], width: number, paint: Paint): string[] {
  if (declared.length === 0) return [];
  const outcomes = [...new Set(declared.flatMap(outcomesOf))];
  const heads = ['outcome', ...declared.map(({ refcount }) => schemeName(refcount)), 'first schedule'];
  const rows = [
    ...outcomes.map((outcome) => [
      plain(outcome === '' ? '(no fields)' : outcome),
      ...declared.map((exploration) => cellOf(exploration, outcome)),
      plain(firstSchedule(declared, outcome)),
    ]),
    [plain('of'), ...declared.map((exploration) => plain(searched(exploration)))],
  ];
  const room = (list: readonly (readonly Cell[])[]): string[][] =>
    list.map((row) => row.map(({ text }) => text));
  const whole = [heads, ...room(rows)];
  const columns = alignedWidth(whole) <= width ? heads.length : heads.length - 1;
  const shown = whole.map((row) => row.slice(0, columns));
  if (alignedWidth(shown) > width) return stacked(declared, outcomes, width, paint);
  return alignRows(shown, {
    paint: (text, row, column) =>
      row === 0 ? paint('bold', text) : rows[row - 1][column].bad ? paint('red', text) : text,
  });
}

/** Too narrow for a table: a line for each scheme. */
function stacked(
  declared: readonly Exploration[],
  outcomes: readonly string[],
  width: number,
  paint: Paint,
): string[] {
  return declared.flatMap((exploration) => {
    const cells = outcomes.map((outcome) => ({ outcome, cell: cellOf(exploration, outcome) }));
    const parts = cells
      .filter(({ cell }) => cell.text !== '')
      .map(({ outcome, cell }) => `${outcome}: ${cell.text}`);
    const text = `${schemeName(exploration.refcount)}, ${searched(exploration)}: ${parts.join('; ')}`;
    const bad = cells.some(({ cell }) => cell.bad);
    return wrap(text, width, INDENT).map((line) => (bad ? paint('red', line) : line));
  });
}

function outcomesOf({ outcomes, unreached }: Exploration): string[] {
  return [...outcomes.filter(({ count }) => count > 0).map(({ outcome }) => outcome), ...unreached];
}

function cellOf(exploration: Exploration, outcome: string): Cell {
  const row = exploration.outcomes.find((one) => one.outcome === outcome && one.count > 0);
  if (row !== undefined) return { text: reached(row), bad: row.expectation === 'forbidden' };
  if (exploration.unreached.includes(outcome)) return { text: UNREACHED, bad: !exploration.ok };
  return plain(exploration.exhaustive ? 'never' : 'not seen');
}

function reached({ count, expectation }: OutcomeRow): string {
  return `${formatCount(count)} ${expectationWords(expectation)}`;
}

function plain(text: string): Cell {
  return { text, bad: false };
}

/** Of the first scheme that reached it. */
function firstSchedule(declared: readonly Exploration[], outcome: string): string {
  for (const { refcount, outcomes } of declared) {
    const row = outcomes.find((one) => one.outcome === outcome && one.count > 0);
    if (row !== undefined)
      return refcount === 'none' ? row.schedule : `${schemeName(refcount)} ${row.schedule}`;
  }
  return '-';
}

/** What the counts of an exploration are out of. */
function searched({ exhaustive, executions, guarantee }: Exploration): string {
  if (!exhaustive) return `${formatCount(executions)} sampled`;
  return guarantee.includes('states')
    ? guarantee.replace('exhaustive: ', '')
    : `${formatCount(executions)} classes`;
}

// --- The variants ---

function variantLines(variants: readonly Exploration[], width: number, paint: Paint): string[] {
  return variants.flatMap((exploration) => {
    const { variant, refcount, ok } = exploration;
    const text = `${verdictOf(exploration)}${refcount === 'none' ? '' : ` (${schemeName(refcount)})`}: ${variant}`;
    return wrap(text, width, INDENT).map((line) => (ok ? line : paint('red', line)));
  });
}

function verdictOf(exploration: Exploration): string {
  if (!exploration.ok) return exploration.outcomes.length === 0 ? 'FAILED' : 'NOT AS DECLARED';
  // Real workers may miss a bug that is there.
  if (!isCaught(exploration) && exploration.engine === 'stress') return 'nothing found';
  if (!isCaught(exploration)) return 'correct variant';
  const { outcomes } = exploration;
  const finds = outcomes
    .filter(({ fields, count }) => fields === null && count > 0)
    .map(({ outcome }) => outcome);
  return finds.length === 0 ? 'caught' : `caught by ${finds.join(', ')}`;
}
