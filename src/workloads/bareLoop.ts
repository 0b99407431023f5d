import { Control } from '../memory/layout.js';
import type { Thread } from '../runtime/thread.js';

/** Words of private memory, 4 KiB: they stay in a core's first cache. */
const LENGTH = 1024;
/** Turns between two looks at the clock: about 10 us. */
const TURNS = 8;
/**
 * What V8 gets to compile the loop in a worker that has not run it yet. With 10 ms the first measurement of each worker was
 * a quarter below the others.
 */
const WARMUP_MS = 40;

/**
 * Behind a sample the loop is run for so long before it counts: medians of what two threads reached together went from 1.6
 * and 1.9 (first and second sample of a round) to 2.0 and 2.0 million turns a second; one alone does 1.1.
 */
const RAMP_MS = 6;

/** What bare loops reached right beside a sample, in turns per second. */
export interface BareRates {
  /** This thread's, all threads running theirs at once. */
  readonly together: number;
  /** Thread 0 running it, the others asleep; 0 in the others. */
  readonly alone: number;
}

/**
 * A loop that shares nothing with anybody: what threads reach together with it, over one alone, is all that the
 * machine has to give at that moment. A load, an addition and a store of typed arrays in a turn's each step, at
 * addresses that arithmetic decides, as in the runtime's own code. One a worker.
 */
export class BareLoop {
  private readonly cells = new Int32Array(LENGTH);
  private turns = 0;

  /** Turns per second over so many milliseconds. Throws Error if the loop did not do what it was to do. */
  run(timeMs: number): number {
    const before = this.turns;
    const start = performance.now();
    let elapsed = 0;
    while (elapsed < timeMs) {
      for (let turn = 0; turn < TURNS; turn++) this.turn();
      elapsed = performance.now() - start;
    }
    this.check();
    return ((this.turns - before) * 1000) / elapsed;
  }

  get isCold(): boolean {
    return this.turns === 0;
  }

  /**
   * Adds 1 to each cell, in the order of a linear congruential generator, whose period is the whole length (Hull and
   * Dobell 1962: the factor is 1 modulo 4, the increment odd).
   */
  private turn(): void {
    const { cells } = this;
    let at = this.turns & (LENGTH - 1);
    for (let i = 0; i < LENGTH; i++) {
      at = (Math.imul(at, 5) + 1) & (LENGTH - 1);
      cells[at] = (cells[at] + 1) | 0;
    }
    this.turns++;
  }

  /** Each turn left its trace in each cell: no compiler has found that nobody wants the result. */
  private check(): void {
    const wrong = this.cells.findIndex((cell) => cell !== (this.turns | 0));
    if (wrong < 0) return;
    throw new Error(
      `a bare loop has added ${this.cells[wrong]} in place of ${this.turns} to its cell ${wrong}`,
    );
  }
}

/**
 * Every thread of a run, right behind a sample, `timeMs` for each part: first all together, while nobody has slept
 * (a thread that has gets a core at once, and a busy machine would look idle), then thread 0 alone. Detached
 * meanwhile, as a C extension that has released the GIL. Throws RunAborted.
 */
export function measureBare(t: Thread, timeMs: number): BareRates {
  const loop = t.memo(BareLoop, () => new BareLoop());
  t.barrier();
  const together = runDetached(t, loop, timeMs);
  if (t.i32[Control.RunThreads] === 1) return { together, alone: together };
  t.barrier();
  const alone = t.index === 0 ? runDetached(t, loop, timeMs) : 0;
  t.barrier();
  return { together, alone };
}

/** Every thread, during its warm-up: the first measurement finds the loop compiled. */
export function warmBareUp(t: Thread): void {
  const loop = t.memo(BareLoop, () => new BareLoop());
  if (loop.isCold) runDetached(t, loop, WARMUP_MS);
}

/** Nothing of the runtime is held or looked at meanwhile: the world may be stopped, as while a thread waits. */
function runDetached(t: Thread, loop: BareLoop, timeMs: number): number {
  t.state.atSafepoint(1);
  t.state.detach();
  loop.run(RAMP_MS);
  const rate = loop.run(timeMs);
  t.state.attach();
  t.state.atSafepoint(0);
  return rate;
}
