import { describe, expect, it } from 'vitest';
import { Control, EvalBreaker, GcLimits, GcState, GcStats, ThreadBlock } from '#ungil/memory/layout.js';
import { GcScene } from './gcScene.js';

describe('generations', () => {
  it('promote what survives, one at a time', () => {
    const s = new GcScene();
    const list = s.list();
    for (const generation of [0, 1, 2]) {
      expect(s.tracked(generation)).toEqual(new Set([list]));
      s.collect(generation);
    }
    expect(s.tracked(2)).toEqual(new Set([list]));
  });

  it('are collected with the younger ones, without the older ones', () => {
    const s = new GcScene();
    const old = s.list();
    s.collect(1);
    const middle = s.list();
    s.collect(0);
    const young = s.list();
    for (const object of [old, middle, young]) {
      s.t.lists.append(object, object);
      s.drop(object);
    }
    expect(s.tracked(0)).toEqual(new Set([young]));
    expect(s.tracked(1)).toEqual(new Set([middle]));
    expect(s.tracked(2)).toEqual(new Set([old]));
    expect(s.collect(1)).toBe(2);
    expect(s.collect(1)).toBe(0);
    expect(s.collect(2)).toBe(1);
  });

  it('keep a young object that an old one refers to', () => {
    const s = new GcScene();
    const old = s.list();
    s.collect(2);
    const young = s.cycle();
    s.t.lists.append(old, young);
    expect(s.collect(0)).toBe(0);
    expect(s.tracked(1)).toEqual(new Set([young]));
  });

  it('count their collections and the allocations since', () => {
    const s = new GcScene();
    s.collect();
    expect(s.counts()).toEqual([0, 0, 0]);
    const lists = [s.list(), s.list(), s.list()];
    expect(s.counts()).toEqual([3, 0, 0]);
    s.drop(lists.pop()!);
    // The list went to the free list: its memory is in use (CPython counts allocations and frees of memory).
    s.collect(0);
    s.collect(0);
    expect(s.counts()).toEqual([0, 2, 0]);
    s.collect(1);
    expect(s.counts()).toEqual([0, 0, 1]);
    s.collect(2);
    expect(s.counts()).toEqual([0, 0, 0]);
    expect([0, 1, 2].map((generation) => s.stats(generation, GcStats.Collections))).toEqual([2, 1, 2]);
  });

  it('have rows of statistics', () => {
    const s = new GcScene();
    s.cycle();
    s.cycle();
    s.list();
    s.collect(0);
    s.cycle();
    s.collect(1);
    expect([0, 1, 2].map((generation) => s.stats(generation, GcStats.Collected))).toEqual([2, 1, 0]);
    expect([0, 1, 2].map((generation) => s.stats(generation, GcStats.Candidates))).toEqual([3, 2, 0]);
  });
});

describe('a collection is due', () => {
  function scheduled(s: GcScene): boolean {
    return (s.heap[s.t.block + ThreadBlock.Breaker]! & EvalBreaker.GcScheduled) !== 0;
  }

  it('when more than the threshold was allocated, and starts at the next safepoint', () => {
    const s = new GcScene();
    s.collect();
    const garbage = s.cycle();
    const lists = Array.from({ length: GcLimits.Young - 1 }, () => s.list());
    s.t.poll();
    expect(scheduled(s)).toBe(false);
    expect(s.tracked(0).has(garbage)).toBe(true);
    lists.push(s.list());
    expect(scheduled(s)).toBe(true);
    expect(s.tracked(0).has(garbage)).toBe(true);
    s.t.poll();
    expect(scheduled(s)).toBe(false);
    expect(s.tracked().has(garbage)).toBe(false);
    expect(s.counts()).toEqual([0, 1, 0]);
    expect(s.tracked(1)).toEqual(new Set(lists));
    s.sound();
  });

  it('not while collections are disabled, nor with a threshold of 0', () => {
    for (const [word, value] of [
      [GcState.Enabled, 0],
      [GcState.Thresholds, 0],
    ] as const) {
      const s = new GcScene();
      s.setState(word, value);
      for (let i = 0; i < 2 * GcLimits.Young; i++) s.list();
      expect(scheduled(s)).toBe(false);
      s.t.poll();
      expect(s.counts()[0]).toBe(2 * GcLimits.Young);
    }
  });

  it('not if it was disabled since it was scheduled', () => {
    const s = new GcScene();
    for (let i = 0; i <= GcLimits.Young; i++) s.list();
    s.setState(GcState.Enabled, 0);
    expect(s.collector.due()).toBe(-1);
    s.setState(GcState.Enabled, 1);
    expect(s.collector.due()).toBe(0);
  });

  it('of the oldest generation above its threshold', () => {
    const s = new GcScene();
    const due = (...counts: number[]): number => {
      for (const generation of [0, 1, 2]) s.setState(GcState.Counts + generation, counts[generation]!);
      return s.collector.due();
    };
    expect(due(2000, 10, 10)).toBe(-1);
    expect(due(2001, 10, 10)).toBe(0);
    expect(due(2001, 11, 10)).toBe(1);
    expect(due(2001, 11, 11)).toBe(2);
    expect(due(0, 11, 0)).toBe(1);
    s.setState(GcState.Thresholds, 5);
    expect(due(6, 0, 0)).toBe(0);
  });

  it('of all objects only when a quarter of them would be new to it', () => {
    const s = new GcScene();
    s.setState(GcState.Counts, 2001);
    s.setState(GcState.Counts + 1, 11);
    s.setState(GcState.Counts + 2, 11);
    s.setState(GcState.LongLivedTotal, 4003);
    s.setState(GcState.LongLivedPending, 999);
    expect(s.collector.due()).toBe(1);
    s.setState(GcState.LongLivedPending, 1000);
    expect(s.collector.due()).toBe(2);
  });

  it('by objects that have survived the middle generation since the last full collection', () => {
    const s = new GcScene();
    const lists = Array.from({ length: 7 }, () => s.list());
    s.collect(0);
    expect(s.state(GcState.LongLivedPending)).toBe(0);
    s.collect(1);
    expect(s.state(GcState.LongLivedPending)).toBe(7);
    lists.push(s.list(), s.list());
    // Untracked by the collection: no survivor.
    s.t.tuples.create([s.t.numbers.int(1)]);
    s.cycle();
    s.collect(1);
    expect(s.state(GcState.LongLivedPending)).toBe(9);
    expect(s.state(GcState.LongLivedTotal)).toBe(0);
    s.collect(2);
    expect(s.state(GcState.LongLivedPending)).toBe(0);
    expect(s.state(GcState.LongLivedTotal)).toBe(9);
  });

  it('seldom enough that the work of full collections is linear in the number of objects', () => {
    const s = new GcScene();
    s.setState(GcState.Thresholds, 20);
    s.setState(GcState.Thresholds + 1, 2);
    s.setState(GcState.Thresholds + 2, 2);
    const all = s.list();
    let visited = 0;
    let last = s.t.collector.last;
    const made = 20_000;
    for (let i = 0; i < made; i++) {
      const list = s.list();
      s.t.lists.append(all, list);
      s.drop(list);
      s.t.poll();
      if (s.t.collector.last === last) continue;
      last = s.t.collector.last;
      if (last!.generation === 2) visited += last!.visited;
    }
    expect(s.stats(2, GcStats.Collections)).toBeGreaterThan(10);
    // Each is 5/4 of the one before, or more: 1 + 4/5 + (4/5)^2 + ... = 5.
    expect(visited).toBeLessThan(5.2 * made);
  });
});

describe('frozen objects', () => {
  it('are looked at by no collection, and come back to the oldest generation', () => {
    const s = new GcScene();
    const garbage = [s.cycle()];
    s.collect(0);
    garbage.length = 0;
    const young = s.cycle();
    const held = s.list();
    s.collector.freeze();
    expect(s.state(GcState.FreezeActive)).toBe(1);
    expect(s.counts()).toEqual([0, 0, 0]);
    expect(s.collector.freezeCount()).toBe(2);
    expect(s.tracked()).toEqual(new Set());
    expect(s.collect()).toBe(0);
    s.sound();
    s.collector.unfreeze();
    expect(s.state(GcState.FreezeActive)).toBe(0);
    expect(s.collector.freezeCount()).toBe(0);
    expect(s.tracked(2)).toEqual(new Set([young, held]));
    expect(s.collect(1)).toBe(0);
    expect(s.collect()).toBe(1);
  });

  it('are not written to', () => {
    const s = new GcScene();
    const list = s.list();
    s.t.lists.append(list, list);
    s.collector.freeze();
    const words = Array.from(s.heap.subarray(list - 4, list + 6));
    s.list(list);
    const count = words[5]!;
    s.collect();
    expect(Array.from(s.heap.subarray(list - 4, list + 6))).toEqual(words.with(5, count + 1));
  });

  it('die by their counts', () => {
    const s = new GcScene();
    const list = s.list();
    s.collector.freeze();
    s.drop(list);
    expect(s.collector.freezeCount()).toBe(0);
    s.sound();
  });
});

describe('the module asks for', () => {
  it('the objects of one generation, or of all, each with a reference', () => {
    const s = new GcScene();
    const old = s.list();
    s.collect();
    const young = s.list();
    expect(s.collector.objects(0)).toEqual([young]);
    expect(s.collector.objects(2)).toEqual([old]);
    expect(s.collector.objects(null)).toEqual([young, old]);
    expect(s.t.refs.count(young)).toBe(3);
  });

  it('what refers to some objects', () => {
    const s = new GcScene();
    const [a, b, c] = [s.list(), s.list(), s.list()];
    const first = s.list(a);
    const dict = s.dict('b', b);
    s.list(c);
    const both = s.t.tuples.create([a, b]);
    expect(new Set(s.collector.referrers([a, b]))).toEqual(new Set([first, dict, both]));
    expect(s.collector.referrers([])).toEqual([]);
    expect(s.t.refs.count(first)).toBe(2);
  });
});

it('a collection that begins in another one does nothing', () => {
  const s = new GcScene();
  s.cycle();
  s.setState(GcState.Collecting, 1);
  expect(s.collector.collect(2, 'manual')).toBe(0);
  expect(s.collector.last).toBe(null);
  s.setState(GcState.Collecting, 0);
  expect(s.collect()).toBe(1);
  expect(s.heap[Control.Gc + GcState.Collecting]).toBe(0);
});

it('a full collection empties the free lists', () => {
  const s = new GcScene();
  s.drop(s.list(), s.list());
  const young = s.counts()[0]!;
  s.collect(0);
  s.drop(s.list());
  expect(s.heap[Control.InterpreterFreeLists + 4]).not.toBe(0);
  s.collect(1);
  expect(s.heap[Control.InterpreterFreeLists + 4]).not.toBe(0);
  s.collect(2);
  expect(s.heap[Control.InterpreterFreeLists + 4]).toBe(0);
  expect(young).toBe(2);
});
