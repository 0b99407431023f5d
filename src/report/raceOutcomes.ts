import type { Exploration } from '../explore/results.js';
import { alignedWidth, alignRows } from './align.js';
import { expectationWords, formatShare, UNREACHED } from './raceWords.js';
import { formatCount, type Paint, wrap } from './text.js';

const HEADS = ['outcome', 'expectation', 'count', 'share', 'first schedule'];
const LEAST_OUTCOME = 12;

/** A line of the table: an outcome that was reached, or one that should have been. */
export interface OutcomeLine {
  readonly outcome: string;
  readonly expectation: string;
  readonly count: string;
  readonly share: string;
  readonly schedule: string;
  readonly bad: boolean;
}

/** What must not be first, then what was missed, then the rest as the explorer gave it. */
export function outcomeLines({ outcomes, unreached, ok }: Exploration): OutcomeLine[] {
  const total = outcomes.reduce((sum, row) => sum + row.count, 0);
  const reached = outcomes
    .filter((row) => row.count > 0)
    .map((row) => ({
      outcome: row.outcome === '' ? '(no fields)' : row.outcome,
      expectation: expectationWords(row.expectation),
      count: formatCount(row.count),
      share: formatShare(row.count, total),
      schedule: row.schedule,
      bad: row.expectation === 'forbidden',
    }));
  const missed = unreached.map((outcome) => ({
    outcome,
    expectation: UNREACHED,
    count: '0',
    share: '-',
    schedule: '-',
    bad: !ok,
  }));
  return [...reached.filter((line) => line.bad), ...missed, ...reached.filter((line) => !line.bad)];
}

/**
 * The table in jcstress's manner. On a narrow terminal the schedules are cut, then left out; at last each outcome
 * becomes a sentence. Nothing is lost: schedules stand whole in the JSON.
 */
export function renderOutcomes(exploration: Exploration, width: number, paint: Paint): string[] {
  const lines = outcomeLines(exploration);
  if (lines.length === 0) return ['no execution came to its end'];
  const layout = layoutOf(lines, width);
  return layout === null ? sentences(lines, width, paint) : table(lines, layout, paint);
}

// --- As a table ---

interface Layout {
  readonly outcome: number;
  /** 0: left out. */
  readonly schedule: number;
}

const GAP = 2;

/** Null if there is no room for a table. */
function layoutOf(lines: readonly OutcomeLine[], width: number): Layout | null {
  const middle = lines.map(({ expectation, count, share }) => [expectation, count, share]);
  const room = width - alignedWidth([HEADS.slice(1, 4), ...middle]) - GAP;
  const longest = lines.reduce((most, { outcome }) => Math.max(most, outcome.length), HEADS[0].length);
  const readable = Math.min(longest, LEAST_OUTCOME);
  const beside = room - GAP - HEADS[4].length;
  if (beside >= readable) {
    const outcome = Math.min(longest, beside);
    return { outcome, schedule: room - GAP - outcome };
  }
  return room >= readable ? { outcome: Math.min(longest, room), schedule: 0 } : null;
}

function table(lines: readonly OutcomeLine[], layout: Layout, paint: Paint): string[] {
  const rows = lines.flatMap((line) => tableRows(line, layout));
  const cells = [layout.schedule > 0 ? HEADS : HEADS.slice(0, 4), ...rows.map((row) => row.cells)];
  return alignRows(cells, {
    right: [2, 3],
    paint: (text, row) => (row === 0 ? paint('bold', text) : rows[row - 1].bad ? paint('red', text) : text),
  });
}

/** More than one row if the outcome is too long. */
function tableRows(line: OutcomeLine, layout: Layout): { cells: string[]; bad: boolean }[] {
  const [first = '', ...rest] = wrap(line.outcome, layout.outcome);
  const cells = [first, line.expectation, line.count, line.share];
  if (layout.schedule > 0) cells.push(cut(line.schedule, layout.schedule));
  return [cells, ...rest.map((text) => [text])].map((row) => ({ cells: row, bad: line.bad }));
}

// --- As sentences ---

function sentences(lines: readonly OutcomeLine[], width: number, paint: Paint): string[] {
  return lines.flatMap(({ outcome, expectation, count, share, bad }) => {
    const text = `${outcome}: ${expectation}${expectation === UNREACHED ? '' : `, ${count} (${share})`}`;
    return wrap(text, width, '  ').map((line) => (bad ? paint('red', line) : line));
  });
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
