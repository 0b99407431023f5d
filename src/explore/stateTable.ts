import type { Machine } from './machine.js';
import { Cell, FindCell, FindKind, ThreadCell } from './machineLayout.js';
import type { StateCache } from './turns.js';

const EMPTY = 0;

/**
 * The states that a search has been in, as 64-bit hashes: heap, what each thread has seen, who waits in which
 * order. Two states with one hash would hide an execution: 1 in 10^7 for a million states.
 */
export class StateTable implements StateCache {
  private table = new Int32Array(1 << 16);
  private count = 0;

  /** `withBudget`: a state is an old one only if it was reached with as few preemptions (bounded search). */
  constructor(
    private readonly machine: Machine,
    private readonly withBudget = false,
  ) {}

  get size(): number {
    return this.count;
  }

  seen(): boolean {
    const { c, hash } = this.machine;
    if (c[Cell.HashWord] !== 0) hash.flush();
    let low =
      c[Cell.HeapHash] ^
      Math.imul(c[Cell.Asleep] + 77, 0x9e3779b1) ^
      Math.imul(c[Cell.Woken] + 5, 0x85ebca6b);
    let high = c[Cell.HeapHash + 1] ^ Math.imul(c[Cell.Spinning] + 31, 0xc2b2ae35);
    for (let t = 0; t < c[Cell.Threads]; t++) {
      const T = Cell.Thread + t * ThreadCell.Words;
      low = Math.imul(low ^ c[T + ThreadCell.SeenHash], 0x27d4eb2f + 2 * t) ^ (low >>> 15);
      high = Math.imul(high ^ c[T + ThreadCell.SeenHash + 1], 0x165667b1 + 2 * t) ^ (high >>> 13);
      low ^= Math.imul(this.placeInQueue(c, t) + 1, 0x85ebca77 + 2 * t);
      high ^= Math.imul(this.outlook(t), 0x2545f491 + 2 * t);
    }
    low ^= Math.imul(this.failures(), 0x1b873593);
    if (this.withBudget) {
      low ^= Math.imul(c[Cell.Preemptions] + 1, 0x2c1b3c6d);
      high ^= Math.imul(c[Cell.Current] + 2, 0x297a2d39);
    }
    return this.insert(low | 0, (high | 0) === EMPTY ? 1 : high | 0);
  }

  /** What decides on a thread's next pause or time-out, and what others did at that time. */
  private outlook(thread: number): number {
    const { c, turns, spinning } = this.machine;
    const idle = turns.isIdle(Cell.Thread + thread * ThreadCell.Words) ? 1 : 0;
    return c[Cell.PauseSeen] !== 0 && spinning.somethingChanged(thread) ? idle + 2 : idle;
  }

  /** What the execution has come to already: an outcome is named after it, whatever follows. As bits. */
  private failures(): number {
    const {
      c,
      buffers: { finds },
    } = this.machine;
    let kinds = c[Cell.Broken];
    for (let at = 0; at < c[Cell.Finds]; at++) {
      const kind = finds[at * FindCell.Words + FindCell.Kind];
      if (kind !== FindKind.DataRace) kinds |= 2 << kind;
    }
    return kinds;
  }

  /** How many sleepers of its address came before this one; -1: it does not sleep. */
  private placeInQueue(c: Int32Array, thread: number): number {
    if ((c[Cell.Asleep] & (1 << thread)) === 0) return -1;
    const T = Cell.Thread + thread * ThreadCell.Words;
    let place = 0;
    for (let t = 0; t < c[Cell.Threads]; t++) {
      const U = Cell.Thread + t * ThreadCell.Words;
      if ((c[Cell.Asleep] & (1 << t)) === 0 || c[U + ThreadCell.Word] !== c[T + ThreadCell.Word]) continue;
      if (c[U + ThreadCell.WaitOrder] < c[T + ThreadCell.WaitOrder]) place++;
    }
    return place;
  }

  /** Whether it was there. */
  private insert(low: number, high: number): boolean {
    const mask = this.table.length / 2 - 1;
    let at = (low >>> 0) & mask;
    while (this.table[2 * at + 1] !== EMPTY) {
      if (this.table[2 * at] === low && this.table[2 * at + 1] === high) return true;
      at = (at + 1) & mask;
    }
    this.table[2 * at] = low;
    this.table[2 * at + 1] = high;
    if (++this.count * 4 > this.table.length) this.grow();
    return false;
  }

  private grow(): void {
    const old = this.table;
    this.table = new Int32Array(old.length * 2);
    this.count = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== EMPTY) this.insert(old[at], old[at + 1]);
  }
}
