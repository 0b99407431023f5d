import type { FiberEngine } from './fiberEngine.js';
import { Cell, End, Size, Strategy } from './machineLayout.js';
import type { Result } from './outcome.js';
import type { Segment } from './scheduleText.js';

/** Every access is a step in a replay: as many times more steps than in a search may be taken. */
const STEPS_FACTOR = 20;

/**
 * Runs one schedule, every access being a step; after its end threads stay on until they block. Null: it does not
 * fit; `partedAt` tells at which access.
 */
export function replaySchedule(engine: FiberEngine, segments: readonly Segment[]): Result | null {
  const { machine } = engine;
  const c = machine.c;
  const maxSteps = c[Cell.MaxSteps];
  const { replay } = engine.buffers;
  segments.forEach(({ thread, count, choice }, i) => {
    replay[3 * i] = thread;
    replay[3 * i + 1] = count;
    replay[3 * i + 2] = choice;
  });
  replay[3 * segments.length + 1] = 0;
  c[Cell.ReplayLength] = segments.length;
  c[Cell.Strategy] = Strategy.Replay;
  c[Cell.PrefixLength] = 0;
  c[Cell.EveryAccess] = 1;
  const monitor = c[Cell.Monitor];
  c[Cell.Monitor] = c[Cell.Gil] !== 0 ? 0 : 1;
  c[Cell.MaxSteps] = Math.min(maxSteps * STEPS_FACTOR, Size.Steps - 1);
  try {
    const result = engine.run();
    return c[Cell.End] === End.Parted || c[Cell.ReplaySegment] < segments.length ? null : result;
  } finally {
    c[Cell.EveryAccess] = 0;
    // From the first plain access on, wherever it was, searches need the clocks.
    c[Cell.Monitor] = c[Cell.Gil] !== 0 ? 0 : monitor | c[Cell.PlainSeen];
    c[Cell.ReplayLength] = 0;
    c[Cell.MaxSteps] = maxSteps;
    c[Cell.Strategy] = Strategy.Systematic;
  }
}

/** Access at which the last replay left its schedule, from 1. */
export function partedAt(engine: FiberEngine): number {
  const c = engine.machine.c;
  return c[Cell.Parted] !== 0 ? c[Cell.Parted] : c[Cell.AllAccesses] + 1;
}
