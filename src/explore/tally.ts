import type { Outcome } from '../scenarios/scenario.js';
import type { Buffers } from './buffers.js';
import { Cell, End, FindCell, FindKind } from './machineLayout.js';
import type { Found, Result } from './outcome.js';
import type { Segment } from './scheduleText.js';

/** An outcome as often as it was reached. */
export interface Counted {
  readonly outcome: string;
  readonly fields: Outcome | null;
  count: number;
  /** Of the first execution that reached it. */
  segments: readonly Segment[];
  /** The segments lead there again: no word became a step in that execution, when it was too late for its schedule. */
  faithful: boolean;
  readonly found: readonly Found[];
}

/** Two places whose accesses race. */
export interface CountedRace {
  readonly word: number;
  readonly site: number;
  readonly otherSite: number;
  count: number;
  segments: readonly Segment[];
  /** As in `Counted`. */
  faithful: boolean;
}

/** What the executions of one search came to. */
export class Tally {
  readonly outcomes = new Map<string, Counted>();
  readonly races = new Map<string, CountedRace>();
  executions = 0;
  /** Given up because another execution covers them. */
  pruned = 0;
  /** An execution was cut off at the step limit: what would have followed has not been explored. */
  cutOff = false;
  /** A prefix that had been executed before could not be repeated. */
  parted = false;

  private promoted: number;
  private faithful = true;

  constructor(private readonly buffers: Buffers) {
    this.promoted = buffers.cells[Cell.Promoted];
  }

  add(result: Result): void {
    this.faithful = this.promoted === this.buffers.cells[Cell.Promoted];
    this.promoted = this.buffers.cells[Cell.Promoted];
    if (this.buffers.cells[Cell.Finds] !== 0) this.addRaces();
    if (this.buffers.cells[Cell.End] === End.Limit) this.cutOff = true;
    else if (this.buffers.cells[Cell.End] === End.Parted) this.parted = true;
    if (result.outcome === '') {
      this.pruned++;
      return;
    }
    this.executions++;
    const known = this.outcomes.get(result.outcome);
    if (known !== undefined) {
      known.count++;
      this.improve(known);
      return;
    }
    const { outcome, fields, found } = result;
    this.outcomes.set(outcome, {
      outcome,
      fields,
      found,
      count: 1,
      segments: recordedSegments(this.buffers),
      faithful: this.faithful,
    });
  }

  /** Takes the schedule of the execution that has just ended, if the known one is not good. */
  private improve(known: Counted | CountedRace): void {
    if (known.faithful || !this.faithful) return;
    known.segments = recordedSegments(this.buffers);
    known.faithful = true;
  }

  private addRaces(): void {
    const { cells, finds } = this.buffers;
    for (let at = 0; at < cells[Cell.Finds]; at++) {
      const f = at * FindCell.Words;
      if (finds[f + FindCell.Kind] !== FindKind.DataRace) continue;
      const site = finds[f + FindCell.Site];
      const otherSite = finds[f + FindCell.OtherSite];
      const key = site < otherSite ? `${site}/${otherSite}` : `${otherSite}/${site}`;
      const known = this.races.get(key);
      if (known !== undefined) {
        known.count++;
        this.improve(known);
        continue;
      }
      const word = finds[f + FindCell.Word];
      const segments = recordedSegments(this.buffers);
      this.races.set(key, { word, site, otherSite, count: 1, segments, faithful: this.faithful });
    }
  }

  /** Counts begin again: the executions so far had too few steps. What raced stays known. */
  restart(): void {
    this.outcomes.clear();
    this.cutOff = false;
    this.executions = 0;
    this.pruned = 0;
  }

  /** Takes over what another search has reached, as far as it is new. */
  merge(other: Tally): void {
    for (const [outcome, counted] of other.outcomes) {
      const known = this.outcomes.get(outcome);
      if (known === undefined) this.outcomes.set(outcome, counted);
      else {
        known.count += counted.count;
        improve(known, counted);
      }
    }
    for (const [key, race] of other.races) {
      const known = this.races.get(key);
      if (known === undefined) this.races.set(key, race);
      else improve(known, race);
    }
    this.parted ||= other.parted;
    this.executions += other.executions;
    this.pruned += other.pruned;
  }
}

/** Takes the other's schedule, if only that one is good. */
function improve(known: Counted | CountedRace, other: Counted | CountedRace): void {
  if (known.faithful || !other.faithful) return;
  known.segments = other.segments;
  known.faithful = true;
}

/** The schedule of the execution that has just ended. */
export function recordedSegments(buffers: Buffers): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < buffers.cells[Cell.Segments]; at++) {
    const [thread, count, choice] = buffers.segments.subarray(3 * at, 3 * at + 3);
    segments.push({ thread, count, choice });
  }
  return segments;
}
