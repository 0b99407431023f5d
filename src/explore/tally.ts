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
  readonly segments: readonly Segment[];
  readonly found: readonly Found[];
}

/** Two places whose accesses race. */
export interface CountedRace {
  readonly word: number;
  readonly site: number;
  readonly otherSite: number;
  count: number;
  readonly segments: readonly Segment[];
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

  constructor(private readonly buffers: Buffers) {}

  add(result: Result): void {
    if (this.buffers.cells[Cell.Finds] !== 0) this.addRaces();
    if (this.buffers.cells[Cell.End] === End.Limit) this.cutOff = true;
    if (result.outcome === '') {
      this.pruned++;
      return;
    }
    this.executions++;
    const known = this.outcomes.get(result.outcome);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const { outcome, fields, found } = result;
    this.outcomes.set(outcome, {
      outcome,
      fields,
      found,
      count: 1,
      segments: recordedSegments(this.buffers),
    });
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
      if (known !== undefined) known.count++;
      else {
        const word = finds[f + FindCell.Word];
        this.races.set(key, { word, site, otherSite, count: 1, segments: recordedSegments(this.buffers) });
      }
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
      else known.count += counted.count;
    }
    for (const [key, race] of other.races) if (!this.races.has(key)) this.races.set(key, race);
    this.executions += other.executions;
    this.pruned += other.pruned;
  }
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
