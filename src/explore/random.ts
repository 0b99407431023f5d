/** Words of the state that `Random` keeps. */
export const enum RandomState {
  Words = 4,
}

/** Outputs thrown away after seeding, as the author of sfc32 advises. */
const WARM_UP = 12;

/**
 * Chris Doty-Humphrey's sfc32 (PractRand): small, fast, 32-bit arithmetic only, passes BigCrush. The state lives in
 * words of the caller, so that several workers draw from one sequence; they take turns, and the hand-off between
 * them orders the plain accesses. Not for secrets.
 */
export class Random {
  private readonly words: Int32Array;
  private readonly at: number;

  /** `words[at..at+3]` are the state. They are left as they are: whoever comes first calls `seed`. */
  constructor(words: Int32Array = new Int32Array(RandomState.Words), at = 0) {
    this.words = words;
    this.at = at;
  }

  /** Starts the sequence of this seed: an integer up to 2^53 in size. Returns itself. */
  seed(seed: number): this {
    const { words, at } = this;
    words[at] = 0x9e3779b9;
    words[at + 1] = seed | 0;
    words[at + 2] = Math.floor(seed / 2 ** 32);
    words[at + 3] = 1;
    for (let i = 0; i < WARM_UP; i++) this.next();
    return this;
  }

  /** A random number from 0 to 2^32 - 1. */
  next(): number {
    const { words, at } = this;
    const b = words[at + 1];
    const c = words[at + 2];
    const counter = words[at + 3];
    const sum = (words[at] + b + counter) | 0;
    words[at] = b ^ (b >>> 9);
    words[at + 1] = (c + (c << 3)) | 0;
    words[at + 2] = (((c << 21) | (c >>> 11)) + sum) | 0;
    words[at + 3] = (counter + 1) | 0;
    return sum >>> 0;
  }

  /**
   * A random number from 0 to `n` - 1; `n` from 1 to 2^32. The most likely number is more likely than the least
   * by a factor of about 1 + n / 2^32: nothing, for the handful of threads or steps that an explorer chooses from.
   */
  below(n: number): number {
    return Math.floor((this.next() * n) / 2 ** 32);
  }

  /** Puts the first `length` items into a random order, in place (Fisher and Yates). */
  shuffle<T>(items: { [index: number]: T; readonly length: number }, length = items.length): void {
    for (let i = length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
  }
}
