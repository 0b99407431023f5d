import { TreeEstimate } from './estimate.js';
import type { Machine } from './machine.js';
import { Cell, Strategy, ThreadCell } from './machineLayout.js';
import type { Result } from './outcome.js';
import { prepareSampling } from './sampling.js';
import { StateTable } from './stateTable.js';
import { Tally } from './tally.js';
import { type Reduction, SearchTree } from './tree.js';

/** What a search needs of an engine. */
export interface Runner {
  readonly machine: Machine;
  run(): Result;
}

/**
 * Looked at after each execution: true ends the search. Now and then it is a promise, which lets signals in.
 * `estimate`: executions in all, null unknown.
 */
export type Stop = (executions: number, estimate: () => number | null) => boolean | Promise<boolean>;

/** What a search came to. */
export interface Searched {
  readonly tally: Tally;
  /** Nothing is left to try. */
  readonly exhausted: boolean;
  /** States seen, of a search with a state cache. */
  readonly states: number;
}

/** Executions that find out which words threads race for, before anything is counted. */
const SCOUTS = 64;

/**
 * Runs some random executions so that racing words are known to be steps, and the threads' lengths are known.
 * Returns the tally: what they found is true, however they were chosen.
 */
export function scout(runner: Runner): Tally {
  const { machine } = runner;
  const tally = new Tally(machine.buffers);
  let steps = 0;
  const expected = new Array<number>(machine.c[Cell.Threads]).fill(0);
  for (let i = 0; i < SCOUTS; i++) {
    begin(machine, i % 2 === 0 ? Strategy.Random : Strategy.Pos);
    prepareSampling(machine, 1, 1);
    tally.add(runner.run());
    steps = Math.max(steps, machine.c[Cell.Step]);
    for (let t = 0; t < expected.length; t++) {
      expected[t] = Math.max(expected[t], machine.c[Cell.Thread + t * ThreadCell.Words + ThreadCell.Steps]);
    }
  }
  for (let t = 0; t < expected.length; t++) {
    machine.c[Cell.Thread + t * ThreadCell.Words + ThreadCell.Expected] = expected[t];
  }
  machine.c[Cell.PctLength] = Math.max(1, steps);
  return tally;
}

/**
 * Depth-first search over all schedules, as far as `reduction` leaves them; starts again when it learns of another
 * word that threads race for.
 */
export async function searchTree(
  runner: Runner,
  reduction: Reduction,
  stop: Stop,
  bound?: number,
  cached = false,
): Promise<Searched> {
  const { machine } = runner;
  const tally = new Tally(machine.buffers);
  let promoted = -1;
  let tree: SearchTree | null = null;
  let estimate = new TreeEstimate();
  let states: StateTable | null = null;
  let runs = 0;
  for (;;) {
    if (tree === null || machine.c[Cell.Promoted] !== promoted) {
      promoted = machine.c[Cell.Promoted];
      tally.restart();
      begin(machine, Strategy.Systematic);
      tree = new SearchTree(machine.buffers, reduction, bound);
      estimate = new TreeEstimate();
      states = cached ? new StateTable(machine, bound !== undefined) : null;
      machine.turns.cache = states;
      machine.c[Cell.Hashing] = cached ? 1 : 0;
    }
    tally.add(runner.run());
    runs++;
    const current = tree;
    current.grow();
    const known = (): number | null => estimate.total(current.alternatives());
    if (machine.c[Cell.Promoted] !== promoted) continue;
    const more = current.advance();
    if (more) estimate.advance(current.branch);
    const stopped = more ? stop(runs, known) : true;
    if (stopped === true || (stopped !== false && (await stopped))) {
      end(machine);
      return { tally, exhausted: !more && !tally.cutOff, states: states?.size ?? 0 };
    }
  }
}

/** Random executions until `stop` says so. `depth`: of PCT. */
export async function sample(
  runner: Runner,
  strategy: Strategy,
  depth: number,
  stop: Stop,
): Promise<Searched> {
  const { machine } = runner;
  const tally = new Tally(machine.buffers);
  begin(machine, strategy);
  for (let runs = 1; ; runs++) {
    prepareSampling(machine, depth, machine.c[Cell.PctLength]);
    tally.add(runner.run());
    const stopped = stop(runs, () => null);
    if (stopped === true || (stopped !== false && (await stopped))) break;
  }
  end(machine);
  return { tally, exhausted: false, states: 0 };
}

function begin(machine: Machine, strategy: Strategy): void {
  const c = machine.c;
  c[Cell.Strategy] = strategy;
  c[Cell.EveryAccess] = 0;
  c[Cell.PrefixLength] = 0;
  c[Cell.BranchSleep] = 0;
  c[Cell.Hashing] = 0;
  machine.turns.cache = null;
}

function end(machine: Machine): void {
  machine.turns.cache = null;
  machine.c[Cell.Hashing] = 0;
}
