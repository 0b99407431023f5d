import { describe, expect, it } from 'vitest';
import { violationsOf } from './traceRules.js';

type Mutable = Record<string, unknown>;

/** A small file in which every kind of event occurs. */
function sample(): { displayTimeUnit: unknown; otherData: unknown; traceEvents: Mutable[] } {
  return {
    displayTimeUnit: 'ns',
    otherData: {},
    traceEvents: [
      { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: 'p' } },
      { name: 'thread_name', ph: 'M', pid: 1, tid: 1, args: { name: 't' } },
      { name: 'thread_name', ph: 'M', pid: 1, tid: 2, args: { name: 'u' } },
      { name: 'thread_sort_index', ph: 'M', pid: 1, tid: 2, args: { sort_index: 1 } },
      { name: 'a', cat: 'a', ph: 'X', pid: 1, tid: 1, ts: 0, dur: 10 },
      { name: 'b', cat: 'b', ph: 'X', pid: 1, tid: 1, ts: 0, dur: 4 },
      { name: 'c', cat: 'c', ph: 'X', pid: 1, tid: 2, ts: 6, dur: 4, args: { note: 'n' } },
      { name: 'w', cat: 'flow', ph: 's', pid: 1, tid: 1, ts: 5, id: 1 },
      { name: 'w', cat: 'flow', ph: 'f', bp: 'e', pid: 1, tid: 2, ts: 6, id: 1 },
      { name: 'n', ph: 'C', pid: 1, tid: 0, ts: 1, args: { value: 1 } },
      { name: 'n', ph: 'C', pid: 1, tid: 0, ts: 2, args: { value: 2 } },
    ],
  };
}

const [PROCESS, THREAD, , INDEX, OUTER, INNER, OTHER, LEAVES, ARRIVES, COUNTER] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

function mutated(index: number, change: Mutable): string[] {
  const file = sample();
  Object.assign(file.traceEvents[index]!, change);
  return violationsOf(JSON.stringify(file));
}

describe('the rules of trace events', () => {
  it('accept the sample', () => {
    expect(violationsOf(JSON.stringify(sample()))).toEqual([]);
  });

  it('ask for the object form', () => {
    expect(violationsOf('{')).toEqual(['not JSON']);
    expect(violationsOf(JSON.stringify({ ...sample(), traceEvents: {} }))).toEqual([
      'traceEvents is no array',
    ]);
    expect(violationsOf(JSON.stringify({ ...sample(), displayTimeUnit: 's' }))).toEqual(['displayTimeUnit']);
    expect(violationsOf(JSON.stringify({ ...sample(), otherData: 1 }))).toEqual(['otherData']);
  });

  it.each<[number, Mutable, string]>([
    [OUTER, { ph: 'Z' }, 'ph Z'],
    [OUTER, { name: '' }, 'name'],
    [OUTER, { pid: undefined }, 'pid'],
    [OUTER, { tid: '1' }, 'tid'],
    [OUTER, { ts: '0' }, 'ts'],
    [OUTER, { ts: -1 }, 'ts'],
    [OUTER, { dur: undefined }, 'dur'],
    [OUTER, { cat: undefined }, 'cat'],
    [OTHER, { args: 3 }, 'args'],
    [PROCESS, { args: { name: '' } }, 'metadata'],
    [THREAD, { name: 'colour' }, 'metadata'],
    [INDEX, { args: { sort_index: 'first' } }, 'metadata'],
    [LEAVES, { ts: null }, 'ts'],
    [LEAVES, { id: undefined }, 'id'],
    [ARRIVES, { cat: '' }, 'cat'],
    [ARRIVES, { bp: undefined }, 'bp'],
    [COUNTER, { ts: undefined }, 'ts'],
    [COUNTER, { args: {} }, 'counter args'],
    [COUNTER, { args: { value: '1' } }, 'counter args'],
  ])('ask for the fields of event %i (%j)', (index, change, problem) => {
    expect(mutated(index, change)).toEqual([`event ${index}: ${problem}`]);
  });

  it('ask for names of processes and tracks', () => {
    expect(mutated(PROCESS, { pid: 3 })).toEqual(['process 1 has no name']);
    expect(mutated(THREAD, { tid: 9 })).toEqual(['track 1/1 has no name']);
  });

  it('ask for slices that nest, the one around first', () => {
    expect(mutated(INNER, { ts: 8 })).toEqual(['track 1/1: event 5 lies across event 4']);
    const swapped = sample();
    [swapped.traceEvents[OUTER!], swapped.traceEvents[INNER!]] = [
      swapped.traceEvents[INNER!]!,
      swapped.traceEvents[OUTER!]!,
    ];
    expect(violationsOf(JSON.stringify(swapped))).toEqual(['track 1/1: event 5 lies across event 4']);
  });

  it('ask for arrows with two ends in slices that point forward', () => {
    expect(mutated(LEAVES, { ts: 10 })).toContain("flow flow 1 w: 's' lies in no slice");
    expect(mutated(ARRIVES, { ts: 10 })).toEqual(["flow flow 1 w: 'f' lies in no slice"]);
    expect(mutated(LEAVES, { ts: 7 })).toEqual(['flow flow 1 w: points backwards']);
    expect(mutated(LEAVES, { id: 2 })).toEqual([
      'flow flow 2 w: not one start and one end',
      'flow flow 1 w: not one start and one end',
    ]);
    const twice = sample();
    twice.traceEvents.push({ ...twice.traceEvents[LEAVES!]! });
    expect(violationsOf(JSON.stringify(twice))).toEqual(['flow flow 1 w: not one start and one end']);
  });

  it('ask for counters in the order of time', () => {
    expect(mutated(COUNTER, { ts: 3 })).toEqual(['counter 1 n: goes back in time']);
  });
});
