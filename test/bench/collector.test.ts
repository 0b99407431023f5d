import { describe, expect, it } from 'vitest';
import type { BenchIo, Figure } from '#ungil/report/benchTypes.js';
import { cpythonGarbageMs, cpythonLiveMs } from '#ungil/report/cpythonGc.js';
import { noise, quantile } from '#ungil/report/statistics.js';
import { Random } from '../../dist/bench/collector/random.js';
import { addedPercent, reportLiveTargets } from '../../dist/bench/collector/reports.js';
import { measureStops, measureVariants } from '../../dist/bench/collector/rounds.js';
import { aboveBare } from '../../dist/bench/collector/stops.js';

const never = new AbortController().signal;
const SMALL = { rounds: 2, samples: 2, memory: 64 << 20 };

describe('the arithmetic', () => {
  it('of quantiles and noise', () => {
    const values = [5, 1, 4, 2, 3];
    expect(quantile(values, 0)).toBe(1);
    expect(quantile(values, 0.2)).toBe(1);
    expect(quantile(values, 0.21)).toBe(2);
    expect(quantile(values, 0.99)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
    expect(noise([8, 9, 10, 11, 12, 1000, 0])).toBeCloseTo(0.4, 9);
  });

  it('of what collections add', () => {
    expect(addedPercent([110, 120, 130], [100, 90, 110])).toBeCloseTo(20, 9);
    expect(addedPercent([50], [100])).toBe(-50);
  });

  it('of a stop above a bare one', () => {
    const bare = Array.from({ length: 100 }, (_, i) => i / 100);
    const stop = bare.map((value) => value + 0.5);
    expect(aboveBare({ stop, bare })).toBeCloseTo(0.5, 9);
    expect(aboveBare({ stop: bare, bare: stop })).toBe(0);
  });

  it('of the targets', () => {
    const figures: Figure[] = [];
    const io: BenchIo = { progress: () => {}, figure: (one) => figures.push(one), signal: never };
    reportLiveTargets(io, { gil: [50], one: [20], oneOfTwo: [22], two: [11] });
    expect(figures.map(({ value }) => value)).toEqual([20, 2, 2.5]);
    expect(figures.map(({ target }) => target)).toEqual([
      { bound: 'at most', value: 21.042 },
      { bound: 'at least', value: 1.5 },
      { bound: 'at least', value: 2 },
    ]);
  });

  it('of shuffling: the same numbers, in another order, alike each time', () => {
    const shuffled = (): number[] => {
      const values = Int32Array.from({ length: 1000 }, (_, i) => i);
      new Random().shuffle(values);
      return [...values];
    };
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    expect(shuffled()).toEqual(shuffled());
    expect(shuffled()).not.toEqual(numbers);
    expect(shuffled().sort((a, b) => a - b)).toEqual(numbers);
  });
});

describe('CPython’s figures', () => {
  it('are there for what was measured, and null for the rest', () => {
    for (const kind of ['lists', 'dicts', 'instances']) {
      for (const objects of [10_000, 100_000, 1_000_000]) {
        for (const build of ['gil', 'free-threaded'] as const) {
          expect(cpythonLiveMs(kind, objects, build)).toBeGreaterThan(1);
        }
      }
    }
    expect(cpythonLiveMs('pairs', 10_000, 'gil')).toBeNull();
    expect(cpythonGarbageMs('pairs', 'gil')).toBe(12.596);
    expect(cpythonGarbageMs('sets', 'gil')).toBeNull();
  });
});

describe('a measurement', () => {
  it('end with the signal', async () => {
    const controller = new AbortController();
    controller.abort();
    const variants = [{ build: 'gil', threads: 1, one: { kind: 'young', objects: 1 } as const }];
    expect(await measureVariants(variants, SMALL, controller.signal)).toBeNull();
    expect(await measureStops(2, { others: 'running', stops: 1 }, controller.signal)).toBeNull();
  });
});

describe('stops', () => {
  it('are timed in turns among running threads, alone among sleeping ones', async () => {
    const running = await measureStops(3, { others: 'running', stops: 5 }, never);
    expect(running!.stop).toHaveLength(5);
    expect(running!.bare).toHaveLength(5);
    for (const time of [...running!.stop, ...running!.bare]) expect(time).toBeGreaterThan(0);
    const detached = await measureStops(4, { others: 'detached', stops: 5 }, never);
    expect(detached!.stop).toHaveLength(5);
    expect(detached!.bare).toHaveLength(0);
  });
});
