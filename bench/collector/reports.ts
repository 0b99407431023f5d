/** The figures of single collections, with CPython's beside them. */
import type { BenchIo, Target } from '../../src/report/benchTypes.js';
import {
  CPYTHON_BUILD,
  CPYTHON_YOUNG_MS,
  type CPythonBuild,
  cpythonGarbageMs,
  cpythonLiveMs,
} from '../../src/report/cpythonGc.js';
import { median, noise } from '../../src/report/statistics.js';
import type { CycleKind, LiveKind } from '../../src/workloads/gc/kinds.js';
import type { CaseTimes, Order } from './cases.js';
import { measureVariants, type RoundOptions, type Variant } from './rounds.js';

/** Where the targets stand. */
export const TARGETS = 'collector';
const LIVE = 'collector: a full collection, with live objects';
const ORDER = 'collector: a full collection of 1,000,000 live objects, by their order in memory';
const GARBAGE = 'collector: a full collection that finds 100,000 objects';
const BUILDING = 'collector: making a list of 1,000,000 lists';

const OPTIONS: RoundOptions = { rounds: 3, samples: 3, memory: 1 << 30 };
const MILLION = 1_000_000;
const SIZES = [10_000, 100_000, MILLION];
const KINDS: readonly LiveKind[] = ['lists', 'dicts', 'instances', 'pairs'];
const BUILDS: readonly CPythonBuild[] = ['gil', 'free-threaded'];

export const atMost = (value: number): Target => ({ bound: 'at most', value });
export const atLeast = (value: number): Target => ({ bound: 'at least', value });

/** Times of one kind and number of live objects: milliseconds. */
export interface LiveTimes {
  readonly gil: readonly number[];
  readonly one: readonly number[];
  /** Two threads: one marks, or both, in turn. */
  readonly oneOfTwo: readonly number[];
  readonly two: readonly number[];
}

export async function reportLive(io: BenchIo): Promise<void> {
  for (const of of KINDS) {
    for (const objects of SIZES) {
      const times = await measureLive(io, of, objects, OPTIONS);
      if (times === null) return;
      reportLiveTimes(io, of, objects, times);
      if (of === 'lists' && objects === MILLION) reportLiveTargets(io, times);
    }
  }
}

async function measureLive(
  io: BenchIo,
  of: LiveKind | Order,
  objects: number,
  options: RoundOptions,
): Promise<LiveTimes | null> {
  io.progress(`${grouped(objects)} live ${of}`);
  const live = (build: string, threads: number, markers: number[]): Variant => ({
    build,
    threads,
    one: { kind: 'live', of, objects, markers },
  });
  const times = await measureVariants(
    [live('gil', 1, [1]), live('free-threaded', 1, [1]), live('free-threaded', 2, [1, 2])],
    options,
    io.signal,
  );
  if (times === null) return null;
  const [[gil], [one], [oneOfTwo, two]] = times;
  return { gil, one, oneOfTwo, two };
}

function reportLiveTimes(io: BenchIo, of: string, objects: number, times: LiveTimes): void {
  const what = `${grouped(objects)} ${of}`;
  const row = (name: string, values: readonly number[], build: CPythonBuild): void => {
    const theirs = cpythonLiveMs(of, objects, build);
    const note = theirs === null ? noiseNote(values) : `${against(values, theirs)}; ${noiseNote(values)}`;
    io.figure({ table: LIVE, name: `${what}, ${name}`, value: median(values), unit: 'ms', note });
  };
  row('gil', times.gil, 'gil');
  row('free-threaded, 1 marker', times.one, 'free-threaded');
  row('free-threaded, 2 markers', times.two, 'free-threaded');
}

export function reportLiveTargets(io: BenchIo, times: LiveTimes): void {
  const theirs = cpythonLiveMs('lists', MILLION, 'free-threaded') ?? Number.NaN;
  io.figure({
    table: TARGETS,
    name: 'collect() of 1,000,000 live lists, free-threaded, 1 marker, against CPython free-threaded',
    value: median(times.one),
    unit: 'ms',
    note: `${noiseNote(times.one)}; CPython on another machine`,
    target: atMost(theirs),
  });
  io.figure({
    table: TARGETS,
    name: '2 markers over 1, the same heap and threads',
    value: median(times.oneOfTwo) / median(times.two),
    unit: 'x',
    note: `${ms(times.oneOfTwo)} over ${ms(times.two)}; ${noiseNote(times.two)}`,
    target: atLeast(1.5),
  });
  io.figure({
    table: TARGETS,
    name: 'a generational full collection over a free-threaded one, 1 marker',
    value: median(times.gil) / median(times.one),
    unit: 'x',
    note: `${ms(times.gil)} over ${ms(times.one)}; CPython 2.53x`,
    target: atLeast(2),
  });
}

/** In the order of allocation against shuffled: how much of the time is waiting for memory. */
export async function reportOrder(io: BenchIo): Promise<void> {
  for (const [ordered, shuffled] of [
    ['held', 'held shuffled'],
    ['chain', 'chain shuffled'],
  ] as const) {
    const straight = await measureLive(io, ordered, MILLION, OPTIONS);
    const mixed = await measureLive(io, shuffled, MILLION, OPTIONS);
    if (straight === null || mixed === null) return;
    const what = ordered === 'held' ? 'lists in a list' : 'instances, each held by the one before';
    for (const [name, key] of [
      ['gil', 'gil'],
      ['free-threaded, 1 marker', 'one'],
      ['free-threaded, 2 markers', 'two'],
    ] as const) {
      io.figure({
        table: ORDER,
        name: `${what}, ${name}`,
        value: median(straight[key]),
        unit: 'ms',
        note: `shuffled ${ms(mixed[key])}, ${(median(mixed[key]) / median(straight[key])).toFixed(2)}x; ${noiseNote(mixed[key])}`,
      });
    }
  }
}

export async function reportYoung(io: BenchIo): Promise<void> {
  io.progress('collections of the youngest generation');
  const variants = SIZES.map(
    (objects): Variant => ({ build: 'gil', threads: 1, one: { kind: 'young', objects } }),
  );
  const times = await measureVariants(variants, OPTIONS, io.signal);
  if (times === null) return;
  const [values] = times[times.length - 1];
  const each = times.map(([own], index) => `${micros(own)} with ${grouped(SIZES[index])}`);
  io.figure({
    table: TARGETS,
    name: 'collect(0), gil, with live lists',
    value: median(values) * 1000,
    unit: 'us',
    note: `${each.join(', ')}; CPython ${CPYTHON_YOUNG_MS * 1000} us`,
    target: atMost(10),
  });
}

export async function reportGarbage(io: BenchIo): Promise<void> {
  for (const of of ['lists', 'pairs', 'dicts'] satisfies CycleKind[]) {
    io.progress(`100,000 ${of} of garbage`);
    const variants = BUILDS.map((build): Variant => {
      return { build, threads: 1, one: { kind: 'garbage', of, objects: 100_000 } };
    });
    const times = await measureVariants(variants, OPTIONS, io.signal);
    if (times === null) return;
    for (const [index, build] of BUILDS.entries()) {
      const [values] = times[index];
      io.figure({
        table: GARBAGE,
        name: `${of}, ${build}`,
        value: median(values),
        unit: 'ms',
        note: `${against(values, cpythonGarbageMs(of, build) ?? Number.NaN)}; ${noiseNote(values)}`,
      });
    }
  }
}

export async function reportBuilding(io: BenchIo): Promise<void> {
  io.progress('automatic collections');
  const variants = BUILDS.map(
    (build): Variant => ({ build, threads: 1, one: { kind: 'build', objects: MILLION } }),
  );
  const times = await measureVariants(variants, OPTIONS, io.signal);
  if (times === null) return;
  for (const [index, build] of BUILDS.entries()) {
    const [on, off] = times[index];
    for (const [name, values] of [
      ['on', on],
      ['off', off],
    ] as const) {
      const note = `${against(values, CPYTHON_BUILD[name][build])}; ${noiseNote(values)}`;
      io.figure({
        table: BUILDING,
        name: `${build}, collector ${name}`,
        value: median(values),
        unit: 'ms',
        note,
      });
    }
    io.figure({
      table: TARGETS,
      name: `what automatic collections add to making 1,000,000 lists, ${build}`,
      value: addedPercent(on, off),
      unit: '%',
      note: `CPython ${addedPercent([CPYTHON_BUILD.on[build]], [CPYTHON_BUILD.off[build]]).toFixed(0)} %`,
      target: atMost(15),
    });
  }
}

/** What the first take more than the second, by their medians. */
export function addedPercent(more: CaseTimes[number], less: CaseTimes[number]): number {
  return (median(more) / median(less) - 1) * 100;
}

function against(values: readonly number[], theirs: number): string {
  return `CPython ${theirs.toFixed(2)} ms, ${(median(values) / theirs).toFixed(2)}x`;
}

/** How far the middle half of the samples lies apart. */
export function noiseNote(values: readonly number[]): string {
  return `+-${(noise(values) * 50).toFixed(0)} % of ${values.length}`;
}

export function ms(values: readonly number[]): string {
  return `${median(values).toFixed(2)} ms`;
}

function micros(values: readonly number[]): string {
  return `${(median(values) * 1000).toFixed(2)} us`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
