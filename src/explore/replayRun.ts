import { memoryBytesFor } from './engineMemory.js';
import { FiberEngine } from './fiberEngine.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { Cell } from './machineLayout.js';
import { raceRows } from './raceRows.js';
import { type Replayed, replayOnce } from './replayOnce.js';
import type { Exploration, RaceRow } from './results.js';
import type { NamedSetting } from './settings.js';
import { expectationOf, forbidsDataRaces } from './verdict.js';

/**
 * Executes the one schedule of `--replay`. Throws RaceInputError where the text is no schedule or does not fit;
 * rethrows what the scenario's set-up throws.
 */
export function replayRun(
  loaded: LoadedScenarios,
  setting: NamedSetting,
  schedule: string,
  maxSteps: number | null,
): Exploration {
  const started = performance.now();
  const bytes = memoryBytesFor(setting.spec);
  const place = loaded.memories.take(bytes);
  const engine = new FiberEngine(loaded, setting, place);
  try {
    if (maxSteps !== null) engine.machine.c[Cell.MaxSteps] = maxSteps;
    const replayed = replayOnce(engine, loaded, setting, schedule);
    const races = raceRows(engine, loaded, replayed.races);
    return explorationOf(engine, setting, schedule, replayed, races, (performance.now() - started) / 1000);
  } finally {
    engine.close();
    loaded.memories.give(bytes, place);
  }
}

function explorationOf(
  engine: FiberEngine,
  setting: NamedSetting,
  schedule: string,
  { result, violation }: Replayed,
  races: readonly RaceRow[],
  seconds: number,
): Exploration {
  const { outcome, fields } = result;
  const expectation = expectationOf(setting, outcome);
  const problems = expectation === 'forbidden' ? [`forbidden outcome: ${outcome}`] : [];
  if (violation?.kind === 'not deterministic') problems.push(violation.message);
  for (const { declared, location, first, second } of forbidsDataRaces(setting) ? races : []) {
    if (!declared) problems.push(`data race on ${location}: ${first} and ${second}`);
  }
  return {
    scenario: setting.scenario.name,
    about: setting.spec.about,
    refcount: setting.scheme,
    variant: setting.variant,
    threads: engine.threads,
    engine: 'fiber',
    mode: 'replay',
    exhaustive: false,
    executions: 1,
    pruned: 0,
    seconds,
    guarantee: 'one execution',
    outcomes: [{ outcome, fields, expectation, count: 1, schedule }],
    unreached: [],
    violations: violation === null ? [] : [violation],
    races,
    declaredRaces: races.filter(({ declared }) => declared).length,
    ok: problems.length === 0,
    problems,
    interrupted: false,
  };
}
