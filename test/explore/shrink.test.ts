import { describe, expect, it } from 'vitest';
import { type Runner, toSegments, toSteps } from '#ungil/explore/deviations.js';
import { searchByPreemptions } from '#ungil/explore/preemptionSearch.js';
import { Random } from '#ungil/explore/random.js';
import { formatSchedule, mergeSegments, parseSchedule, type Segment } from '#ungil/explore/scheduleText.js';
import { type Run, shrink } from '#ungil/explore/shrink.js';

/** Memory of the toy: named numbers, and a register a thread. */
interface Toy {
  readonly words: Record<string, number>;
  readonly registers: number[];
}

/** One access. False: the thread must wait. `choice` is 0 or, where `choices` says so, more. */
type Access = (toy: Toy, thread: number, choice: number) => unknown;

interface ToyProgram {
  readonly threads: readonly (readonly Access[])[];
  /** Choices that each access has; 1 by default. */
  readonly choices?: (access: Access) => number;
  readonly failed: (toy: Toy, deadlock: boolean) => boolean;
}

const load =
  (name: string): Access =>
  (toy, thread) => {
    toy.registers[thread] = toy.words[name] ?? 0;
  };
const storeNext =
  (name: string): Access =>
  (toy, thread) => {
    toy.words[name] = toy.registers[thread] + 1;
  };
const set =
  (name: string, value: number): Access =>
  (toy) => {
    toy.words[name] = value;
  };
const noise: Access = (toy) => {
  toy.words.noise = (toy.words.noise ?? 0) + 1;
};
const lock =
  (name: string): Access =>
  (toy) => {
    if (toy.words[name] === 1) return false;
    toy.words[name] = 1;
    return true;
  };
const unlock = (name: string): Access => set(name, 0);

/** An execution of the toy that can be continued step by step. */
class Machine {
  readonly toy: Toy = { words: {}, registers: [] };
  readonly segments: Segment[] = [];
  private readonly program: ToyProgram;
  private readonly at: number[];

  constructor(program: ToyProgram) {
    this.program = program;
    this.at = program.threads.map(() => 0);
  }

  runnable(): number[] {
    return this.program.threads.flatMap((_, thread) => (this.canRun(thread) ? [thread] : []));
  }

  /** Tries the access on a copy. */
  canRun(thread: number): boolean {
    const access = this.program.threads[thread]?.[this.at[thread]];
    if (access === undefined) return false;
    const copy = { words: { ...this.toy.words }, registers: [...this.toy.registers] };
    return access(copy, thread, 0) !== false;
  }

  choices(thread: number): number {
    return this.program.choices?.(this.program.threads[thread][this.at[thread]]) ?? 1;
  }

  step(thread: number, choice: number): boolean {
    if (!this.canRun(thread) || choice >= this.choices(thread)) return false;
    this.program.threads[thread][this.at[thread]++](this.toy, thread, choice);
    this.segments.push({ thread, count: 1, choice });
    return true;
  }

  ended(): { segments: readonly Segment[]; failed: boolean } {
    const deadlock = this.at.some((at, thread) => at < this.program.threads[thread].length);
    return { segments: mergeSegments(this.segments), failed: this.program.failed(this.toy, deadlock) };
  }
}

/** `Run` of the toy, which counts. */
function runnerOf(program: ToyProgram) {
  const counted = { runs: 0, run };
  function run(segments: readonly Segment[]): ReturnType<Run> {
    counted.runs++;
    const machine = new Machine(program);
    let current = -1;
    for (const { thread, count, choice } of segments) {
      for (let i = 1; i <= count; i++) if (!machine.step(thread, i === count ? choice : 0)) return null;
      current = thread;
    }
    for (let can = machine.runnable(); can.length > 0; can = machine.runnable()) {
      if (!can.includes(current)) current = can[0];
      machine.step(current, 0);
    }
    return machine.ended();
  }
  return counted;
}

/** The first random schedule that fails. */
function randomFailure(program: ToyProgram, seed: number): readonly Segment[] {
  const random = new Random().seed(seed);
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const machine = new Machine(program);
    for (let can = machine.runnable(); can.length > 0; can = machine.runnable()) {
      const thread = can[random.below(can.length)];
      machine.step(thread, random.below(machine.choices(thread)));
    }
    const { segments, failed } = machine.ended();
    if (failed) return segments;
  }
  throw new Error('no random schedule fails');
}

function padded(accesses: readonly Access[], before: number, after: number): Access[] {
  return [...Array<Access>(before).fill(noise), ...accesses, ...Array<Access>(after).fill(noise)];
}

const increment = [load('x'), storeNext('x')];

const lostUpdate: ToyProgram = {
  threads: [padded(increment, 9, 9), padded(increment, 9, 9), padded([], 10, 10)],
  failed: ({ words }) => words.x === 1,
};

/** Needs b between a's two stores, and the rest of a between b's two loads. */
const twoPreemptions: ToyProgram = {
  threads: [
    padded([set('p', 1), set('q', 1)], 12, 8),
    padded(
      [
        (toy) => {
          toy.words.seen = toy.words.p === 1 && toy.words.q !== 1 ? 1 : 0;
        },
        (toy) => {
          if (toy.words.seen === 1 && toy.words.q === 1) toy.words.bad = 1;
        },
      ],
      12,
      8,
    ),
    padded([], 8, 8),
  ],
  failed: ({ words }) => words.bad === 1,
};

const lockOrder: ToyProgram = {
  threads: [
    padded([lock('m'), lock('n'), unlock('n'), unlock('m')], 6, 6),
    padded([lock('n'), lock('m'), unlock('m'), unlock('n')], 6, 6),
  ],
  failed: (_, deadlock) => deadlock,
};

const checkB: Access = (toy) => {
  toy.words.bad = toy.words.b === 1 ? 0 : 1;
};

/** Fails when c goes before b: who goes first when a has ended is no preemption. */
const freeSwitch: ToyProgram = {
  threads: [padded([], 5, 0), padded([set('b', 1)], 5, 0), padded([checkB], 5, 0)],
  failed: ({ words }) => words.bad === 1,
};

const timeOut: Access = (toy, _, choice) => {
  toy.words.timedOut = choice;
};
const choice: ToyProgram = {
  threads: [padded([timeOut], 10, 10), padded([], 10, 10)],
  choices: (access) => (access === timeOut ? 3 : 1),
  failed: ({ words }) => words.timedOut === 2,
};

const always: ToyProgram = { threads: [padded([], 10, 0), padded([], 10, 0)], failed: () => true };

describe('shrink', () => {
  it.each([1, 2, 3, 4, 5])('brings a lost update down to one preemption (seed %i)', (seed) => {
    const initial = randomFailure(lostUpdate, seed);
    expect(initial.length).toBeGreaterThan(20);
    const counted = runnerOf(lostUpdate);
    const short = shrink(initial, counted.run, { runs: 3_000 });
    // One of the two has loaded when the other starts; if it is a, nothing else needs saying.
    expect(formatSchedule(short)).toBe('a10-b1');
    expect(counted.run(short)?.failed).toBe(true);
  });

  it.each([1, 2, 3])('brings a failure that needs two preemptions down to two (seed %i)', (seed) => {
    const counted = runnerOf(twoPreemptions);
    const short = shrink(randomFailure(twoPreemptions, seed), counted.run, { runs: 6_000 });
    expect(formatSchedule(short)).toBe('a13-b13-a1');
    expect(counted.run(short)?.failed).toBe(true);
  });

  it.each([1, 2, 3])('brings a deadlock down to one preemption (seed %i)', (seed) => {
    const counted = runnerOf(lockOrder);
    const short = shrink(randomFailure(lockOrder, seed), counted.run, { runs: 3_000 });
    expect(formatSchedule(short)).toBe('a7-b1');
  });

  it('takes a switch where the thread has ended for free', () => {
    const counted = runnerOf(freeSwitch);
    expect(formatSchedule(shrink(randomFailure(freeSwitch, 1), counted.run, { runs: 3_000 }))).toBe('c1');
  });

  it('keeps the choice that the failure needs', () => {
    const counted = runnerOf(choice);
    const short = shrink(randomFailure(choice, 1), counted.run, { runs: 3_000 });
    expect(formatSchedule(short)).toBe('a11!2');
  });

  it('finds a choice of the first access after a preemption by search, too', () => {
    const marked: Access = (toy, _, chosenOne) => {
      if (toy.words.p === 1 && toy.words.q !== 1 && chosenOne === 2) toy.words.bad = 1;
    };
    const program: ToyProgram = {
      threads: [padded([set('p', 1), set('q', 1)], 3, 3), padded([marked], 0, 12)],
      choices: (access) => (access === marked ? 3 : 1),
      failed: ({ words }) => words.bad === 1,
    };
    const { run } = runnerOf(program);
    expect(formatSchedule(shrink(randomFailure(program, 4), run, { runs: 1_000 }))).toBe('a4-b1!2');
    const runner: Runner = {
      left: 1_000,
      total: 1_000,
      run(steps) {
        const result = run(toSegments(steps));
        return result && { steps: toSteps(result.segments), failed: result.failed };
      },
    };
    const choices = [{ thread: 1, count: 1, next: null, choice: 2 }];
    const plan = searchByPreemptions({ threads: 2, choices, below: Infinity }, runner);
    expect(plan).toMatchObject({ preemptions: 1, prefix: 5 });
    expect(plan?.deviations).toHaveLength(2);
  });

  it('gives no segments where the default policy fails', () => {
    expect(shrink(randomFailure(always, 1), runnerOf(always).run, { runs: 100 })).toEqual([]);
  });

  it('finds few preemptions by search where the runs do not reach for delta debugging', () => {
    const initial = randomFailure(lostUpdate, 1);
    const counted = runnerOf(lostUpdate);
    // All deviations are more than half of the runs; one preemption of thread a is found with the rest.
    expect(formatSchedule(shrink(initial, counted.run, { runs: 60 }))).toBe('a10-b1');
    expect(counted.runs).toBeLessThanOrEqual(60);
  });

  it.each([0, 1, 2, 7, 30, 100])('never runs more than %i times, and its result fails', (runs) => {
    for (const program of [lostUpdate, twoPreemptions, lockOrder, choice]) {
      const counted = runnerOf(program);
      const short = shrink(randomFailure(program, 2), counted.run, { runs });
      expect(counted.runs).toBeLessThanOrEqual(runs);
      expect(counted.run(short)?.failed).toBe(true);
    }
  });

  it('is deterministic', () => {
    const initial = randomFailure(twoPreemptions, 9);
    const [first, second] = [runnerOf(twoPreemptions), runnerOf(twoPreemptions)];
    expect(shrink(initial, first.run, { runs: 500 })).toEqual(shrink(initial, second.run, { runs: 500 }));
    expect(first.runs).toBe(second.runs);
  });

  it('leaves alone what does not fail or does not fit', () => {
    const { run } = runnerOf(lostUpdate);
    for (const text of ['a3-b2', 'a99']) {
      expect(formatSchedule(shrink(parseSchedule(text), run, { runs: 1_000 }))).toBe(text);
    }
  });

  it.each([3, 5])('takes every %i. run as one that does not fit if its record ends too early', (nth) => {
    const initial = randomFailure(lostUpdate, 1);
    const counted = runnerOf(lostUpdate);
    const cutShort: Run = (segments) => {
      const result = counted.run(segments);
      if (result === null || counted.runs % nth !== 0) return result;
      const most = segments.reduce((sum, { count }) => sum + count, -1);
      return { ...result, segments: toSegments(toSteps(result.segments).slice(0, Math.max(0, most))) };
    };
    const short = shrink(initial, cutShort, { runs: 3_000 });
    expect(short.length).toBeLessThan(initial.length);
    expect(counted.run(short)?.failed).toBe(true);
  });

  it('does not go on from a run of another schedule', () => {
    const initial = randomFailure(lostUpdate, 1);
    const { run } = runnerOf(lostUpdate);
    const other: Run = (segments) => {
      const lies = segments.length > 0 && segments[0].thread !== initial[0].thread;
      return run(lies ? initial : segments);
    };
    expect(run(shrink(initial, other, { runs: 3_000 }))?.failed).toBe(true);
  });

  it('does not ask twice for the same schedule', () => {
    const asked = new Map<string, number>();
    const { run } = runnerOf(lostUpdate);
    shrink(
      randomFailure(lostUpdate, 3),
      (segments) => {
        const text = formatSchedule(segments);
        asked.set(text, (asked.get(text) ?? 0) + 1);
        return run(segments);
      },
      { runs: 2_000 },
    );
    expect(Math.max(...asked.values())).toBe(1);
  });
});
