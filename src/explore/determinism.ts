import type { FiberEngine } from './fiberEngine.js';
import { replaySchedule } from './replay.js';
import { formatSchedule } from './scheduleText.js';
import type { Tally } from './tally.js';

/** Outcomes whose schedules are repeated. */
const MAX_CHECKS = 16;

/**
 * Whether schedules lead where they led: the first one of each outcome is executed twice more. A scenario that keeps
 * state outside of the world, or reads what the scheduler does not know of, gives itself away here; its searches
 * mean nothing. Null, or what differs in one line.
 */
export function findNonDeterminism(engine: FiberEngine, tally: Tally): string | null {
  if (tally.parted)
    return 'not deterministic: a prefix of steps that was executed before could not be repeated';
  const counted = [...tally.outcomes.values()].filter(({ faithful }) => faithful).slice(0, MAX_CHECKS);
  for (const { outcome, segments } of counted) {
    for (let i = 0; i < 2; i++) {
      const again = replaySchedule(engine, segments)?.outcome ?? 'a schedule that does not fit';
      // A longer execution may still end, where a shorter one was cut off.
      if (again === outcome || outcome === 'livelock') continue;
      return `not deterministic: schedule ${formatSchedule(segments)} led to '${outcome}', and again to '${again}'`;
    }
  }
  return null;
}
