import type { FiberEngine } from './fiberEngine.js';
import { investigate } from './investigate.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell, FindCell, FindKind, Strategy } from './machineLayout.js';
import { isFault, type Result } from './outcome.js';
import { isDeclared } from './raceRows.js';
import { partedAt, replaySchedule } from './replay.js';
import { messageOf } from './replayOnce.js';
import type { Violation } from './results.js';
import { formatSchedule, type Segment } from './scheduleText.js';
import type { NamedSetting } from './settings.js';
import { shrink } from './shrink.js';
import { recordedSegments, type Tally } from './tally.js';
import { expectationOf, forbidsDataRaces } from './verdict.js';

/** Repeats a schedule on real workers. Resolves to whether the outcome came out again, or why that was not tried. */
export type Confirm = (
  setting: NamedSetting,
  segments: readonly Segment[],
  outcome: string,
) => Promise<{ readonly confirmed: boolean | null; readonly confirmation: string }>;

/** Runs that shrinking one schedule may take, and the time for it and for all of them, in milliseconds. */
const SHRINK_RUNS = 400;
const SHRINK_MS = 150;
const ALL_MS = 200;

/** How long random executions look again for what was found by a schedule that cannot be repeated, in milliseconds. */
const RETRY_MS = 50;

/** Faults that the scenario allows, and that are no finds of a broken variant, are explained up to so many. */
const MAX_ALLOWED = 3;

const NOT_TRIED = { confirmed: null, confirmation: 'not tried' } as const;

/** Something to explain, and the schedule that led to it. */
interface Case {
  readonly kind: Exclude<Violation['kind'], 'not deterministic'>;
  /** '' for a data race. */
  readonly outcome: string;
  readonly allowed: boolean;
  readonly segments: readonly Segment[];
  /** False: the schedule is of an execution that learnt too late which accesses are steps. */
  readonly faithful: boolean;
  /** Of a data race: its two places. */
  readonly sites: readonly number[];
}

/**
 * What went wrong, explained: forbidden outcomes, finds of a broken variant, faults, and the first data race that
 * nobody declared where there must be none. The schedules are shrunk, and replayed twice.
 */
export async function violationsOf(
  engine: FiberEngine,
  loaded: LoadedScenarios,
  setting: NamedSetting,
  tally: Tally,
  confirm: Confirm | null,
): Promise<Violation[]> {
  const cases = casesOf(loaded, setting, tally);
  const budgetMs = Math.min(SHRINK_MS, ALL_MS / cases.length);
  const violations: Violation[] = [];
  for (const one of cases) {
    const violation = explain(engine, loaded, one, budgetMs);
    violations.push(await confirmed(violation, one, setting, engine, confirm));
  }
  return violations;
}

// --- What to explain ---

function casesOf(loaded: LoadedScenarios, setting: NamedSetting, tally: Tally): Case[] {
  const cases: Case[] = [];
  let leave = MAX_ALLOWED;
  for (const { outcome, segments, faithful } of tally.outcomes.values()) {
    const allowed = expectationOf(setting, outcome) !== 'forbidden';
    if (allowed && !setting.finds.includes(outcome) && (!isFault(outcome) || leave-- <= 0)) continue;
    const kind = isFault(outcome) ? outcome : 'forbidden outcome';
    cases.push({ kind, outcome, allowed, segments, faithful, sites: [] });
  }
  if (forbidsDataRaces(setting)) {
    const race = [...tally.races.values()].find((one) => !isDeclared(loaded, one));
    if (race !== undefined) {
      const { site, otherSite, segments, faithful } = race;
      const sites = [otherSite, site];
      cases.push({ kind: 'data race', outcome: '', allowed: false, segments, faithful, sites });
    }
  }
  return cases;
}

// --- One case ---

function explain(engine: FiberEngine, loaded: LoadedScenarios, found: Case, budgetMs: number): Violation {
  const one = found.faithful ? found : findAgain(engine, found);
  if (one === null) return unexplained(found);
  const { kind, sites, allowed } = one;
  const again = replaySchedule(engine, one.segments);
  if (!isSame(engine, one, again)) return notDeterministic(engine, one, again);
  const segments = atLeastOne(engine, shorten(engine, one, budgetMs));
  const inquiry = investigate(engine, loaded, segments, kind, sites);
  if (inquiry === null || inquiry.difference !== null) {
    const what = inquiry?.difference ?? 'the second does not fit';
    return broken(one, segments, `two replays of the same schedule differ: ${what}`);
  }
  const { trace, cause, result } = inquiry;
  return {
    kind,
    message: messageOf(kind, result, cause?.missing ?? ''),
    allowed,
    schedule: formatSchedule(segments),
    ...NOT_TRIED,
    trace,
    cause,
  };
}

/** The schedule may still be right; else by chance, now that the words that threads race for are known. */
function findAgain(engine: FiberEngine, one: Case): Case | null {
  if (isSame(engine, one, attempt(engine, one.segments))) return { ...one, faithful: true };
  const { c } = engine.machine;
  const end = performance.now() + RETRY_MS;
  while (performance.now() < end) {
    const promoted = c[Cell.Promoted];
    c[Cell.Strategy] = Strategy.Random;
    const result = engine.run();
    if (c[Cell.Promoted] === promoted && isSame(engine, one, result)) {
      return { ...one, segments: recordedSegments(engine.buffers), faithful: true };
    }
  }
  return null;
}

function unexplained({ kind, outcome, allowed, segments }: Case): Violation {
  const message = `${outcome === '' ? 'seen' : outcome}, seen once, by a schedule that is not known exactly`;
  return { kind, message, allowed, schedule: formatSchedule(segments), ...NOT_TRIED, trace: [], cause: null };
}

/** Whether the execution that has just ended shows the same failure. */
function isSame(engine: FiberEngine, { outcome, sites, kind }: Case, result: Result | null): boolean {
  if (result === null) return false;
  return kind === 'data race' ? hasRace(engine, sites) : result.outcome === outcome;
}

function hasRace(engine: FiberEngine, [first, second]: readonly number[]): boolean {
  const { cells, finds } = engine.buffers;
  for (let at = 0; at < cells[Cell.Finds]; at++) {
    const f = at * FindCell.Words;
    if (finds[f + FindCell.Kind] !== FindKind.DataRace) continue;
    const site = finds[f + FindCell.Site];
    const otherSite = finds[f + FindCell.OtherSite];
    if ((site === second && otherSite === first) || (site === first && otherSite === second)) return true;
  }
  return false;
}

function shorten(engine: FiberEngine, one: Case, budgetMs: number): Segment[] {
  const end = performance.now() + budgetMs;
  let first = true;
  return shrink(
    one.segments,
    (segments) => {
      // The schedule itself is run whatever it takes: nothing else can be told from it.
      if (!first && performance.now() > end) return null;
      first = false;
      const result = attempt(engine, segments);
      return result && { segments: recordedSegments(engine.buffers), failed: isSame(engine, one, result) };
    },
    { runs: SHRINK_RUNS },
  );
}

/** The default policy alone may do, but an empty text is no schedule: then the first access stands for it. */
function atLeastOne(engine: FiberEngine, segments: readonly Segment[]): readonly Segment[] {
  if (segments.length > 0 || attempt(engine, segments) === null) return segments;
  return recordedSegments(engine.buffers)
    .slice(0, 1)
    .map((segment) => ({ ...segment, count: 1, choice: 0 }));
}

/** A schedule that nobody has recorded may lead to where code cannot be suspended, or run for too long. */
function attempt(engine: FiberEngine, segments: readonly Segment[]): Result | null {
  try {
    return replaySchedule(engine, segments);
  } catch {
    return null;
  }
}

function notDeterministic(engine: FiberEngine, one: Case, again: Result | null): Violation {
  const schedule = formatSchedule(one.segments);
  const what =
    again === null
      ? `its replay parts from it at access ${partedAt(engine)}`
      : one.kind === 'data race'
        ? 'its replay shows no data race'
        : `its replay gives '${again.outcome}'`;
  const was = one.kind === 'data race' ? 'a data race' : `'${one.outcome}'`;
  return broken(one, one.segments, `${was} by the schedule ${schedule}, but ${what}`);
}

function broken({ outcome }: Case, segments: readonly Segment[], what: string): Violation {
  return {
    kind: 'not deterministic',
    message: outcome === '' || what.includes(outcome) ? what : `${outcome}: ${what}`,
    allowed: false,
    schedule: formatSchedule(segments),
    ...NOT_TRIED,
    trace: [],
    cause: null,
  };
}

async function confirmed(
  violation: Violation,
  { outcome, kind }: Case,
  setting: NamedSetting,
  engine: FiberEngine,
  confirm: Confirm | null,
): Promise<Violation> {
  if (confirm === null || violation.kind === 'not deterministic') return violation;
  // Workers run the modules as they are: what is no outcome cannot be seen in them.
  if (kind === 'data race') return { ...violation, confirmation: 'only the vector clocks see a data race' };
  return { ...violation, ...(await confirm(setting, segmentsOf(engine), outcome)) };
}

/** Of the last execution, the replay of the shrunk schedule: complete, without any default policy. */
function segmentsOf(engine: FiberEngine): Segment[] {
  return recordedSegments(engine.buffers);
}
