import { availableParallelism } from 'node:os';

/** Words that the host and the workers of one stress run share. */
export const enum Stress {
  /** 1: the host has had enough. */
  Stop = 0,
  /** 0: set-up. Then it grows with each stride or state. */
  Progress = 1,
  /** 1: the workers go on; decided by the first of them. */
  Going = 2,
  /** Orders the calls and returns of a history. */
  Clock = 3,
  /** Each on a cache line of its own. */
  Arrived = 16,
  Sleeping = 32,
  Words = 48,
}

/** Turns of the loop before a worker goes to sleep: some 50 us, next to nothing where it keeps another from running. */
const SPINS = 4096;
const SPINS_CROWDED = 16;

/** A place where all workers wait for the last one. */
export class Meeting {
  private target = 0;
  private readonly spins: number;

  constructor(
    private readonly words: Int32Array,
    private readonly parties: number,
  ) {
    this.spins = parties > availableParallelism() ? SPINS_CROWDED : SPINS;
  }

  /** Returns when all have called it as often as the caller. */
  wait(): void {
    const { words } = this;
    this.target = (this.target + this.parties) | 0;
    const arrived = (Atomics.add(words, Stress.Arrived, 1) + 1) | 0;
    if (arrived === this.target) {
      if (Atomics.load(words, Stress.Sleeping) > 0) Atomics.notify(words, Stress.Arrived);
      return;
    }
    for (let spin = 0; spin < this.spins; spin++) {
      if (this.isComplete(Atomics.load(words, Stress.Arrived))) return;
    }
    this.sleep();
  }

  private sleep(): void {
    const { words } = this;
    Atomics.add(words, Stress.Sleeping, 1);
    for (;;) {
      const arrived = Atomics.load(words, Stress.Arrived);
      if (this.isComplete(arrived)) break;
      Atomics.wait(words, Stress.Arrived, arrived);
    }
    Atomics.sub(words, Stress.Sleeping, 1);
  }

  /** The count wraps around. */
  private isComplete(arrived: number): boolean {
    return ((arrived - this.target) | 0) >= 0;
  }
}
