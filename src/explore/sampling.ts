import type { Dependence } from './dependence.js';
import { Cell, Strategy, ThreadCell } from './machineLayout.js';
import type { Random } from './random.js';
import { countThreads, lowestThread } from './threadSets.js';

/** What random choices need of the machine. */
export interface Sampled {
  readonly c: Int32Array;
  readonly random: Random;
  readonly dependence: Dependence;
}

/** The next thread of a random execution. */
export function chooseRandomly(machine: Sampled, enabled: number): number {
  const c = machine.c;
  const next = chooseThread(machine, enabled);
  const T = Cell.Thread + next * ThreadCell.Words;
  const alternatives = c[T + ThreadCell.Alternatives];
  if (alternatives > 1) c[T + ThreadCell.Choice] = machine.random.below(alternatives);
  return next;
}

function chooseThread(machine: Sampled, enabled: number): number {
  switch (machine.c[Cell.Strategy]) {
    case Strategy.Pct:
      return choosePct(machine, enabled);
    case Strategy.Pos:
      return choosePos(machine, enabled);
    case Strategy.Surw:
      return chooseSurw(machine, enabled);
    default:
      return nth(enabled, machine.random.below(countThreads(enabled)));
  }
}

/**
 * Before an execution: draws priorities. PCT (Burckhardt et al., ASPLOS 2010): distinct ones above `depth`, and
 * `depth` - 1 steps of about `length` at which the running thread drops below all others.
 */
export function prepareSampling(machine: Sampled, depth: number, length: number): void {
  const c = machine.c;
  const threads = c[Cell.Threads];
  if (c[Cell.Strategy] === Strategy.Pct) {
    for (let t = 0; t < threads; t++) setPriority(c, t, depth + t);
    for (let t = threads - 1; t > 0; t--) swapPriorities(c, t, machine.random.below(t + 1));
    c[Cell.PctPoints] = Math.min(depth - 1, Cell.PctPointMax - 1);
    for (let i = 0; i < c[Cell.PctPoints]; i++) {
      c[Cell.PctPoint + 1 + i] = 1 + machine.random.below(Math.max(1, length));
    }
  } else if (c[Cell.Strategy] === Strategy.Pos) {
    for (let t = 0; t < threads; t++) setPriority(c, t, machine.random.next() | 0);
  }
}

function choosePct(machine: Sampled, enabled: number): number {
  const c = machine.c;
  const current = c[Cell.Current];
  for (let i = 0; i < c[Cell.PctPoints]; i++) {
    // The thread that was running when change point i is reached drops to priority i.
    if (c[Cell.PctPoint + 1 + i] === c[Cell.Step] && current >= 0) setPriority(c, current, i);
  }
  const next = highest(c, enabled);
  // A thread that spins or waits would keep its rank for ever: going on after a wake costs it.
  if ((c[Cell.Woken] & (1 << next)) !== 0) setPriority(c, next, Math.min(0, lowestPriority(c)) - 1);
  return next;
}

/** POS (Yuan, Yang, Gu, CAV 2018): a random priority for each announced step, drawn anew for those that race with it. */
function choosePos(machine: Sampled, enabled: number): number {
  const c = machine.c;
  const next = highest(c, enabled);
  for (let t = 0; t < c[Cell.Threads]; t++) {
    if (t === next || ((c[Cell.Ready] & (1 << t)) !== 0 && machine.dependence.dependent(next, t))) {
      setPriority(c, t, machine.random.next() | 0);
    }
  }
  return next;
}

/** SURW: a thread is chosen with the weight of the steps that it is still expected to take. */
function chooseSurw(machine: Sampled, enabled: number): number {
  const c = machine.c;
  let total = 0;
  for (let t = 0; t < c[Cell.Threads]; t++) if ((enabled & (1 << t)) !== 0) total += remaining(c, t);
  let left = machine.random.below(total);
  for (let t = 0; t < c[Cell.Threads]; t++) {
    if ((enabled & (1 << t)) === 0) continue;
    left -= remaining(c, t);
    if (left < 0) return t;
  }
  return nth(enabled, 0);
}

function remaining(c: Int32Array, thread: number): number {
  const T = Cell.Thread + thread * ThreadCell.Words;
  return Math.max(1, c[T + ThreadCell.Expected] - c[T + ThreadCell.Steps]);
}

function highest(c: Int32Array, enabled: number): number {
  let best = -1;
  for (let t = 0; t < c[Cell.Threads]; t++) {
    if ((enabled & (1 << t)) === 0) continue;
    if (best < 0 || priority(c, t) > priority(c, best)) best = t;
  }
  return best;
}

function lowestPriority(c: Int32Array): number {
  let least = 0x7fffffff;
  for (let t = 0; t < c[Cell.Threads]; t++) least = Math.min(least, priority(c, t));
  return least;
}

function priority(c: Int32Array, thread: number): number {
  return c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Priority];
}

function setPriority(c: Int32Array, thread: number, value: number): void {
  c[Cell.Thread + thread * ThreadCell.Words + ThreadCell.Priority] = value;
}

function swapPriorities(c: Int32Array, s: number, t: number): void {
  const old = priority(c, s);
  setPriority(c, s, priority(c, t));
  setPriority(c, t, old);
}

/** The n-th set bit, from 0. */
function nth(mask: number, n: number): number {
  let rest = mask;
  for (let i = 0; i < n; i++) rest &= rest - 1;
  return lowestThread(rest);
}
