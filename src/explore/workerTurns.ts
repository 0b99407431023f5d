import { Hand, type HandOff, Party } from './handOff.js';
import type { Machine } from './machine.js';
import { Cell } from './machineLayout.js';

/**
 * Decides who takes the next step, and takes it for that thread. True: it is `me`, who goes on at once. Otherwise
 * the turn has been handed over, to the host where the execution has ended. `me` is -1 for a thread that has ended
 * and for the host. `between` is called between two steps.
 */
export function passOn(
  machine: Machine,
  hand: HandOff,
  me: number,
  between: (() => void) | null = null,
): boolean {
  for (;;) {
    if (between !== null) between();
    const next = machine.decide();
    if (next < 0) {
      hand.give(Party.Host);
      return false;
    }
    if (!machine.commit(next)) continue;
    if (next === me) return true;
    hand.give(next);
    return false;
  }
}

/** The thread has run up to its first step: the next one does, and after the last the first decision is made. */
export function startNext(
  machine: Machine,
  hand: HandOff,
  thread: number,
  me: number,
  between: (() => void) | null,
): boolean {
  machine.started(thread);
  const next = thread + 1;
  if (next < machine.c[Cell.Threads]) {
    hand.words[Hand.Starting] = next;
    hand.give(next);
    return false;
  }
  hand.words[Hand.Starting] = -1;
  return passOn(machine, hand, me, between);
}
