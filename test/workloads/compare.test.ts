import { describe, expect, it } from 'vitest';
import { type CompareOptions, compare, type Measurement, wallSeconds } from '#ungil/workloads/compare.js';

const OPTIONS: CompareOptions = {
  workloads: ['int-add', 'fib'],
  builds: ['gil', 'free-threaded'],
  threads: [1, 2],
  timeMs: 5,
  repeats: 3,
  memoryBytes: 2 ** 25,
};

interface Seen {
  starts: [number, number | undefined][];
  steps: string[];
  measurements: Measurement[];
}

async function run(options: CompareOptions, stopAt = Number.POSITIVE_INFINITY): Promise<Seen> {
  const controller = new AbortController();
  const seen: Seen = { starts: [], steps: [], measurements: [] };
  const hooks = {
    onStart: (total: number, rounds?: number) => seen.starts.push([total, rounds]),
    onStep: (workload: string, build: string, threads: number, round?: number) => {
      seen.steps.push(`${round} ${workload} ${build} ${threads}`);
      if (seen.steps.length === stopAt) controller.abort();
    },
    onMeasurement: (measurement: Measurement) => seen.measurements.push(measurement),
  };
  await compare(options, hooks, controller.signal);
  return seen;
}

describe('a comparison', () => {
  it('goes round by round, builds in turns, most threads first, and delivers in the order of the plan', async () => {
    const { starts, steps, measurements } = await run({ ...OPTIONS, repeats: 3 });
    expect(starts).toEqual([[8, 3]]);
    const turns = ['gil 2', 'free-threaded 2', 'gil 1', 'free-threaded 1'];
    const round = (number: number) =>
      OPTIONS.workloads.flatMap((name) => turns.map((turn) => `${number} ${name} ${turn}`));
    expect(steps).toEqual([0, 1, 2].flatMap(round));
    expect(measurements.map(({ workload, build, threads }) => `${workload} ${build} ${threads}`)).toEqual(
      OPTIONS.workloads.flatMap((name) =>
        ['gil', 'free-threaded'].flatMap((build) => [1, 2].map((n) => `${name} ${build} ${n}`)),
      ),
    );
    for (const { samples, threads, chunks, wrong, leaks } of measurements) {
      expect([wrong, leaks]).toEqual([null, []]);
      expect(samples.map((sample) => sample.round)).toEqual([0, 1, 2]);
      expect(chunks).toHaveLength(3 * threads);
      for (const chunk of chunks!) expect(chunk).toBeGreaterThan(0);
      for (const { operations, perThread, bare } of samples) {
        expect(operations).toBeGreaterThan(0);
        expect(perThread).toHaveLength(threads);
        expect(bare?.alone).toBeGreaterThan(0);
        if (threads === 1) expect(bare?.together).toBeNull();
        else expect(bare?.together).toBeGreaterThan(0);
      }
    }
  });

  it('gives the first rounds what does not divide', async () => {
    const one = { ...OPTIONS, workloads: ['int-add'], builds: ['free-threaded'], threads: [1] };
    const { starts, measurements } = await run({ ...one, repeats: 7 });
    expect(starts).toEqual([[1, 4]]);
    expect(measurements[0].samples.map(({ round }) => round)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  it('delivers what every combination has so far when it is stopped', async () => {
    const { steps, measurements } = await run({ ...OPTIONS, workloads: ['int-add'] }, 6);
    expect(steps).toHaveLength(6);
    expect(measurements.map(({ build, threads, samples }) => [build, threads, samples.length])).toEqual([
      ['gil', 1, 1],
      ['gil', 2, 2],
      ['free-threaded', 1, 1],
      ['free-threaded', 2, 1],
    ]);
  });

  it('takes the time from the first start to the last end, not the longest time of one thread', () => {
    const ended = (begun: number, seconds: number) => ({ begun: 1.7e12 + begun, seconds });
    expect(wallSeconds([ended(0, 0.1)])).toBe(0.1);
    // Two threads under the GIL: the second began when the first had its first turn behind it.
    expect(wallSeconds([ended(5, 0.1), ended(0, 0.1)])).toBeCloseTo(0.105, 9);
    expect(wallSeconds([ended(0, 0.2), ended(5, 0.1)])).toBeCloseTo(0.2, 9);
  });
});
