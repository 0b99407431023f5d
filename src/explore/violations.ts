import type { FiberEngine } from './fiberEngine.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { isFault } from './outcome.js';
import type { Violation } from './results.js';
import { formatSchedule, type Segment } from './scheduleText.js';
import type { NamedSetting } from './settings.js';
import type { Tally } from './tally.js';
import { expectationOf } from './verdict.js';

/** Repeats a schedule on real workers. Resolves to whether the outcome came out again, or why that was not tried. */
export type Confirm = (
  setting: NamedSetting,
  segments: readonly Segment[],
  outcome: string,
) => Promise<{ readonly confirmed: boolean | null; readonly confirmation: string }>;

/** What went wrong, one entry for each outcome that is a fault or forbidden. */
export async function violationsOf(
  _engine: FiberEngine,
  _loaded: LoadedScenarios,
  setting: NamedSetting,
  tally: Tally,
  _confirm: Confirm | null,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { outcome, segments, found } of tally.outcomes.values()) {
    const forbidden = expectationOf(setting, outcome) === 'forbidden';
    if (!forbidden && !isFault(outcome)) continue;
    violations.push({
      kind: isFault(outcome) ? outcome : 'forbidden outcome',
      message: found[0]?.message ?? outcome,
      allowed: !forbidden,
      schedule: formatSchedule(segments),
      confirmed: null,
      confirmation: 'not tried',
      trace: [],
      cause: null,
    });
  }
  return violations;
}
