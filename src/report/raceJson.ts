import type { RaceRequest } from '../explore/raceTypes.js';
import type { Exploration, OutcomeRow, Violation } from '../explore/results.js';
import type { HostInfo } from './json.js';
import { type RepeatContext, repeatCommand } from './raceRepeat.js';
import { type RaceSummary, summariseRace } from './raceVerdict.js';

/** race.json: the interface that scripts rely on. Fields may be added, never renamed. */
export interface RaceJson extends HostInfo {
  /** False when the run was interrupted or ended by an error: `results` holds what was explored until then. */
  complete: boolean;
  options: RaceRequest;
  results: RaceResult[];
  summary: RaceSummary;
}

/** All fields of an exploration; outcomes and violations say a little more. */
export interface RaceResult extends Omit<Exploration, 'outcomes' | 'violations'> {
  outcomes: RaceOutcome[];
  violations: RaceViolation[];
}

export interface RaceOutcome extends Omit<OutcomeRow, 'outcome' | 'fields'> {
  /** The fields; of a fault `{ fault: 'leak' }`. */
  outcome: Readonly<Record<string, unknown>>;
  /** As the tables print it. */
  text: string;
}

export interface RaceViolation extends Violation {
  /** The command that executes the schedule again. */
  repeat: string;
}

/** What of a run is no exploration. */
export interface RaceRun {
  host: HostInfo;
  request: RaceRequest;
  explorations: readonly Exploration[];
  /** Everything that was asked for was explored. */
  complete: boolean;
  interrupted: boolean;
  repeat: RepeatContext;
}

export function toRaceJson({
  host,
  request,
  explorations,
  complete,
  interrupted,
  repeat,
}: RaceRun): RaceJson {
  return {
    ungil: host.ungil,
    node: host.node,
    cpus: host.cpus,
    complete,
    options: request,
    results: explorations.map((exploration) => toResult(exploration, repeat)),
    summary: summariseRace(explorations, interrupted),
  };
}

/** Text of race.json, ending in a newline. A BigInt among the outcomes is written as text. */
export function formatRaceJson(json: RaceJson): string {
  const replacer = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? String(value) : value;
  return `${JSON.stringify(json, replacer, 2)}\n`;
}

function toResult(exploration: Exploration, repeat: RepeatContext): RaceResult {
  return {
    ...exploration,
    outcomes: exploration.outcomes.map(({ outcome, fields, ...rest }) => ({
      outcome: fields ?? { fault: outcome },
      text: outcome,
      ...rest,
    })),
    violations: exploration.violations.map((violation) => ({
      ...violation,
      repeat: repeatCommand(exploration, violation.schedule, repeat),
    })),
  };
}
