import type { FiberEngine } from './fiberEngine.js';
import { investigate } from './investigate.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell, ThreadCell } from './machineLayout.js';
import { isFault, type Result } from './outcome.js';
import { isDeclared } from './raceRows.js';
import { RaceInputError } from './raceTypes.js';
import { partedAt, replaySchedule } from './replay.js';
import type { Step, Violation } from './results.js';
import { parseSchedule, ScheduleError, type Segment } from './scheduleText.js';
import { scout } from './searches.js';
import type { NamedSetting } from './settings.js';
import { type CountedRace, Tally } from './tally.js';
import { expectationOf, forbidsDataRaces } from './verdict.js';

/** What came of one given schedule. */
export interface Replayed {
  readonly result: Result;
  /** Null: nothing went wrong. */
  readonly violation: Violation | null;
  readonly trace: readonly Step[];
  readonly races: readonly CountedRace[];
}

/**
 * Runs exactly this schedule, and goes on by the default policy where it ends. Throws RaceInputError: the text is no
 * schedule, or it does not fit the scenario.
 */
export function replayOnce(
  engine: FiberEngine,
  loaded: LoadedScenarios,
  setting: NamedSetting,
  text: string,
): Replayed {
  const segments = parse(text, engine.threads.length);
  // Which words threads race for decides who spins and who waits.
  scout(engine);
  const tally = new Tally(engine.buffers);
  const result = replaySchedule(engine, segments);
  if (result === null) throw new RaceInputError(whereParted(engine, segments));
  tally.add(result);
  const races = [...tally.races.values()];
  const race = forbidsDataRaces(setting) ? races.find((one) => !isDeclared(loaded, one)) : undefined;
  const kind = kindOf(setting, result) ?? (race === undefined ? null : 'data race');
  const sites = race === undefined ? [] : [race.otherSite, race.site];
  const inquiry = investigate(engine, loaded, segments, kind, sites);
  const trace = inquiry?.trace ?? [];
  if (kind === null) return { result, violation: null, trace, races };
  const cause = inquiry?.cause ?? null;
  const differs = inquiry?.difference ?? null;
  const violation: Violation = {
    kind: differs === null ? kind : 'not deterministic',
    message: differs ?? messageOf(kind, inquiry?.result ?? result, cause?.missing ?? ''),
    allowed: kind !== 'data race' && expectationOf(setting, result.outcome) !== 'forbidden',
    schedule: text,
    confirmed: null,
    confirmation: 'a replay',
    trace,
    cause,
  };
  return { result, violation, trace, races };
}

function parse(text: string, threads: number): Segment[] {
  try {
    return parseSchedule(text, threads);
  } catch (error) {
    if (error instanceof ScheduleError) throw new RaceInputError(error.message);
    throw error;
  }
}

function kindOf(setting: NamedSetting, { outcome }: Result): Violation['kind'] | null {
  if (isFault(outcome)) return outcome;
  const isBad = setting.finds.includes(outcome) || expectationOf(setting, outcome) === 'forbidden';
  return isBad ? 'forbidden outcome' : null;
}

/** One line: what happened, to which location. */
export function messageOf(kind: Violation['kind'], { outcome, found }: Result, missing: string): string {
  if (kind === 'data race') return missing;
  return found.find(({ fault }) => fault === kind)?.message ?? outcome;
}

/** Of the replay that has just ended too early. */
function whereParted(engine: FiberEngine, segments: readonly Segment[]): string {
  const c = engine.machine.c;
  const all = segments.reduce((sum, { count }) => sum + count, 0);
  const { thread, choice } = segments[Math.min(c[Cell.ReplaySegment], segments.length - 1)];
  const why = whyNot(engine, thread, choice);
  return `parted at access ${partedAt(engine)} of ${all}: ${why}`;
}

function whyNot(engine: FiberEngine, thread: number, choice: number): string {
  const c = engine.machine.c;
  const who = `thread ${String.fromCharCode('a'.charCodeAt(0) + thread)}`;
  const bit = 1 << thread;
  const T = Cell.Thread + thread * ThreadCell.Words;
  const where = engine.names.nameOf(c[T + ThreadCell.Word]);
  if ((c[Cell.Done] & bit) !== 0) return `${who} cannot run there (it has ended)`;
  if ((c[Cell.Asleep] & bit) !== 0) return `${who} cannot run there (it sleeps on ${where})`;
  if ((c[Cell.Spinning] & bit) !== 0) return `${who} cannot run there (it spins on ${where})`;
  if (choice >= c[T + ThreadCell.Alternatives]) return `${who} has no choice ${choice} there`;
  return 'threads cannot be switched there';
}
