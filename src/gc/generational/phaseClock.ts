import { Clock } from '../../sync/clock.js';

/** Phases of a collection, in their order. The last one is none. */
export const enum Phase {
  UpdateRefs = 0,
  SubtractRefs = 1,
  MoveUnreachable = 2,
  Untrack = 3,
  Legacy = 4,
  Weakrefs = 5,
  Callbacks = 6,
  Finalizers = 7,
  Resurrection = 8,
  Clear = 9,
  FreeLists = 10,
  Count = 11,
}

/** CPython's functions, by `Phase`. */
export const PHASE_NAMES: readonly string[] = [
  'updateRefs',
  'subtractRefs',
  'moveUnreachable',
  'untrackTuples',
  'moveLegacyFinalizers',
  'clearWeakrefs',
  'callbacks',
  'finalizeGarbage',
  'handleResurrected',
  'deleteGarbage',
  'clearFreeLists',
];

/** How long the phases of one collection took, in milliseconds. Used again and again: collections allocate nothing. */
export class PhaseClock {
  private readonly clock = new Clock();
  private readonly phases = new Float64Array(Phase.Count);
  /** When it started, when the last phase ended. */
  private readonly times = new Float64Array(2);

  start(): void {
    this.phases.fill(0);
    this.times.fill(this.clock.milliseconds());
  }

  /** A phase ends here, and began where the one before ended. */
  end(phase: Phase): void {
    const now = this.clock.milliseconds();
    this.phases[phase] = now - this.times[1];
    this.times[1] = now;
  }

  /** From the start to now. */
  duration(): number {
    return this.clock.milliseconds() - this.times[0];
  }

  of(phase: Phase): number {
    return this.phases[phase];
  }

  /** By `PHASE_NAMES`. */
  record(): Readonly<Record<string, number>> {
    const record: Record<string, number> = {};
    for (let phase = 0; phase < Phase.Count; phase++) record[PHASE_NAMES[phase]] = this.phases[phase];
    return record;
  }
}
