import type { SequentialSpec } from '../scenarios/scenario.js';

/** An operation on the object whose history is checked. */
export interface HistoryOperation {
  readonly thread: number;
  readonly operation: string;
  readonly args: readonly unknown[];
  /** What it returned; means nothing while it is pending. */
  readonly result: unknown;
  /** When it was called and when it returned, in steps of the execution; Infinity: pending, it never returned. */
  readonly call: number;
  readonly returned: number;
}

/** An order of the operations that explains their results. */
export interface Linearization {
  /** Indices into the history. Pending operations that took no effect are left out. */
  readonly order: readonly number[];
}

/**
 * Looks for an order in which the operations, one after the other, return what they returned, and in which no
 * operation stands before one that had returned before it was called (Herlihy and Wing 1990). A pending operation
 * may have taken effect, with any result, or not. Returns null where there is none: the history is not
 * linearizable. Results are compared by structure: their JSON texts are equal.
 *
 * Search of Wing and Gong (1993) with the memo of Lowe ("Testing for linearizability", 2017): two ways to the same
 * set of operations and the same state are continued once. Throws RangeError for a history with 2^53 sets or more.
 */
export function checkHistory<M>(
  history: readonly HistoryOperation[],
  spec: SequentialSpec<M>,
): Linearization | null {
  const search = new Search(history, spec);
  return search.from(spec.initial) ? { order: search.order } : null;
}

/**
 * The operations are laid out in lanes: in a lane each returns before the next is called (a thread's operations,
 * mostly). An order of the operations takes them from the front of each lane, so that a set of linearised
 * operations is a position in each lane: one number, where positions are its digits. That does the work of a bit
 * mask, with no limit at 32 operations, and leaves one operation a lane to try.
 */
class Search<M> {
  readonly order: number[] = [];
  private readonly history: readonly HistoryOperation[];
  private readonly spec: SequentialSpec<M>;
  private readonly lanes: readonly (readonly number[])[];
  private readonly positions: number[];
  private readonly digits: readonly number[];
  /** Operations that have returned and are not in the order yet. */
  private owed: number;
  /** The set of linearised operations, as a number. */
  private taken = 0;
  private readonly dead = new Set<string>();

  constructor(history: readonly HistoryOperation[], spec: SequentialSpec<M>) {
    this.history = history;
    this.spec = spec;
    this.lanes = lanesOf(history);
    this.positions = this.lanes.map(() => 0);
    this.digits = digitsOf(this.lanes);
    this.owed = 0;
    for (const operation of history) if (operation.returned !== Infinity) this.owed++;
  }

  /** Whether the rest of the history can follow this state; then `order` is complete. */
  from(state: M): boolean {
    if (this.owed === 0) return true;
    const { lanes, positions, history } = this;
    const deadline = this.earliestReturn();
    for (let lane = 0; lane < lanes.length; lane++) {
      const index = lanes[lane][positions[lane]];
      if (index === undefined || history[index].call > deadline) continue;
      if (this.tryNext(state, lane, index)) return true;
    }
    return false;
  }

  /** What is called after this must wait for the operation that returned then. */
  private earliestReturn(): number {
    const { lanes, positions, history } = this;
    let earliest = Infinity;
    for (let lane = 0; lane < lanes.length; lane++) {
      const index = lanes[lane][positions[lane]];
      if (index !== undefined && history[index].returned < earliest) earliest = history[index].returned;
    }
    return earliest;
  }

  private tryNext(state: M, lane: number, index: number): boolean {
    const { operation, args, result, returned } = this.history[index];
    const pending = returned === Infinity;
    const [next, expected] = this.spec.apply(state, operation, args);
    if (!pending && !sameResult(expected, result)) return false;
    this.step(lane, pending, 1);
    this.order.push(index);
    if (this.isNew(next) && this.from(next)) return true;
    this.order.pop();
    this.step(lane, pending, -1);
    return false;
  }

  private step(lane: number, pending: boolean, by: 1 | -1): void {
    this.positions[lane] += by;
    this.taken += by * this.digits[lane];
    if (!pending) this.owed -= by;
  }

  /** Notes set and state. What was seen before has failed: the search ends with its first success. */
  private isNew(state: M): boolean {
    const key = `${this.taken}:${keyOf(state, this.spec)}`;
    if (this.dead.has(key)) return false;
    this.dead.add(key);
    return true;
  }
}

/** The first lane whose last operation has returned takes the next operation, in the order of calls. */
function lanesOf(history: readonly HistoryOperation[]): number[][] {
  const byCall = history.map((_, index) => index).sort((a, b) => history[a].call - history[b].call);
  const lanes: number[][] = [];
  const ends: number[] = [];
  for (const index of byCall) {
    const { call, returned } = history[index];
    let lane = 0;
    while (lane < lanes.length && ends[lane] >= call) lane++;
    if (lane === lanes.length) lanes.push([]);
    lanes[lane].push(index);
    ends[lane] = returned;
  }
  return lanes;
}

/** What one step in each lane adds to the number of the set. */
function digitsOf(lanes: readonly (readonly number[])[]): number[] {
  const digits: number[] = [];
  let size = 1;
  for (const lane of lanes) {
    digits.push(size);
    size *= lane.length + 1;
  }
  if (size > Number.MAX_SAFE_INTEGER) {
    throw new RangeError('too many operations at once to check that the history is linearizable');
  }
  return digits;
}

function sameResult(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return JSON.stringify(a) === JSON.stringify(b);
}

function keyOf<M>(state: M, spec: SequentialSpec<M>): string {
  if (spec.key !== undefined) return spec.key(state);
  return typeof state === 'number' ? String(state) : JSON.stringify(state);
}
