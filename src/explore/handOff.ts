/**
 * Captured before a worker replaces `globalThis.Atomics`: the hand-off itself is not under exploration.
 */
const { exchange, notify, store, wait } = Atomics;

/** Words that the host and the workers of one exploration share for taking turns. */
export const enum Hand {
  /** Who has the turn: a model thread's number, or `Party.Host`. */
  Turn = 0,
  /** Counts what the host has asked for: a thread that wakes in another epoch has been given up. */
  Epoch = 1,
  /** `Command`. */
  Command = 2,
  /** The thread that runs up to its first step; -1: all have started. */
  Starting = 3,
  /** Bytes in the message buffer. */
  MessageBytes = 4,
  /** Operations of the history so far. */
  Operations = 5,
  /** Thread whose worker has ended in the middle of it all, + 1. */
  Dead = 6,
  /** 1: `never` has held in this execution. */
  Broken = 7,
  /** State of the random numbers that the code draws: 4 words. */
  Numbers = 8,
  /** By party: 1 = it is its turn. */
  Word = 16,
  Words = 32,
}

export const enum Party {
  Host = 8,
}

/** What the host wants of the worker whose turn it is. */
export const enum Command {
  /** Make world and state; hand back to the host. */
  SetUp = 1,
  /** Run the body. */
  Run = 2,
  /** Forget the scenario. */
  Leave = 3,
}

/**
 * Only one party runs at a time. A turn is handed over by `Atomics.notify` (10-15 us); what the giver has written
 * before, with plain stores too, the taker sees.
 */
export class HandOff {
  readonly words: Int32Array;

  constructor(readonly handle: SharedArrayBuffer) {
    this.words = new Int32Array(handle);
  }

  static create(): HandOff {
    return new HandOff(new SharedArrayBuffer(Hand.Words * 4));
  }

  /** It is the other party's turn. The caller goes to `take` next. */
  give(to: number): void {
    const { words } = this;
    words[Hand.Turn] = to;
    store(words, Hand.Word + to, 1);
    notify(words, Hand.Word + to, 1);
  }

  /** Blocks until it is this party's turn. */
  take(me: number): void {
    const { words } = this;
    while (exchange(words, Hand.Word + me, 0) === 0) wait(words, Hand.Word + me, 0);
  }

  /** As `take`, for at most so many milliseconds. False: the turn has not come. */
  takeWithin(me: number, ms: number): boolean {
    const { words } = this;
    if (exchange(words, Hand.Word + me, 0) !== 0) return true;
    wait(words, Hand.Word + me, 0, ms);
    return exchange(words, Hand.Word + me, 0) !== 0;
  }
}
