import { describe, expect, it } from 'vitest';
import { memoryInUse, resetCounts, shouldCollect } from '#ungil/gc/freeThreaded/schedule.js';
import { Control, EvalBreaker, GcLimits, GcState, ThreadBlock } from '#ungil/memory/layout.js';
import { GcWorld } from './support/gcWorld.js';

const GC = Control.Gc;

function state(overrides: Partial<Record<number, number>> = {}): { world: GcWorld; due: () => boolean } {
  const world = new GcWorld('free-threaded');
  world.i32[GC + GcState.Counts] = GcLimits.Young + 1;
  for (const [word, value] of Object.entries(overrides)) world.i32[GC + Number(word)] = value as number;
  return { world, due: () => shouldCollect(world.i32) };
}

describe('a collection is due', () => {
  it('above the threshold, if enabled', () => {
    expect(state().due()).toBe(true);
    expect(state({ [GcState.Counts]: GcLimits.Young }).due()).toBe(false);
    expect(state({ [GcState.Thresholds]: 0 }).due()).toBe(false);
    expect(state({ [GcState.Enabled]: 0 }).due()).toBe(false);
  });

  it('when a quarter as many objects are new as live long, so that its cost stays linear (gh-114746)', () => {
    expect(state({ [GcState.LongLivedTotal]: 4 * (GcLimits.Young + 1) + 3 }).due()).toBe(true);
    expect(state({ [GcState.LongLivedTotal]: 4 * (GcLimits.Young + 2) }).due()).toBe(false);
  });

  it('at once with a second threshold of 0', () => {
    const never = {
      [GcState.LongLivedTotal]: 1 << 24,
      [GcState.MemoryGate]: 1,
      [GcState.LastMemory]: 1 << 24,
    };
    expect(state(never).due()).toBe(false);
    expect(state({ ...never, [GcState.Thresholds + 1]: 0 }).due()).toBe(true);
  });

  it('behind the memory gate only when memory has grown; what waits is put aside (gh-132917)', () => {
    const { world, due } = state({ [GcState.MemoryGate]: 1 });
    world.i32[GC + GcState.LastMemory] = memoryInUse(world.i32);
    expect(due()).toBe(false);
    expect(world.i32[GC + GcState.DeferredCount]).toBe(GcLimits.Young + 1);
    expect(world.i32[GC + GcState.Counts]).toBe(0);
    world.i32[GC + GcState.Counts] = GcLimits.Young + 1;
    world.i32[GC + GcState.LastMemory] = 0;
    expect(due()).toBe(true);
  });

  it('behind the memory gate when too much has been put aside', () => {
    const { world, due } = state({ [GcState.MemoryGate]: 1 });
    world.i32[GC + GcState.LastMemory] = memoryInUse(world.i32);
    world.i32[GC + GcState.DeferredCount] = GcLimits.DeferredThresholds * GcLimits.Young;
    expect(due()).toBe(false);
    world.i32[GC + GcState.Counts] = GcLimits.Young + 1;
    expect(due()).toBe(true);
  });
});

describe('counts of allocations', () => {
  it('begin anew with a collection of their generation', () => {
    const { i32 } = state().world;
    for (let i = 0; i < 3; i++) i32[GC + GcState.Counts + i] = 7;
    i32[GC + GcState.DeferredCount] = 9;
    resetCounts(i32, 1);
    expect([...i32.subarray(GC + GcState.Counts, GC + GcState.Counts + 3)]).toEqual([0, 0, 8]);
    expect(i32[GC + GcState.DeferredCount]).toBe(0);
  });

  it('are told by 512, and make a collection due for the thread that tells', () => {
    const world = new GcWorld('free-threaded');
    const { block, lists } = world.main;
    world.i32[GC + GcState.Thresholds] = GcLimits.ThreadBuffer;
    const make = (count: number): void => {
      const list = lists.create();
      for (let i = 0; i < count; i++) lists.append(list, lists.create());
    };
    make(GcLimits.ThreadBuffer - 2);
    expect(world.i32[GC + GcState.Counts]).toBe(0);
    make(1);
    expect(world.i32[GC + GcState.Counts]).toBe(GcLimits.ThreadBuffer);
    expect(world.i32[block + ThreadBlock.Breaker] & EvalBreaker.GcScheduled).toBe(0);
    make(GcLimits.ThreadBuffer);
    expect(world.i32[block + ThreadBlock.Breaker] & EvalBreaker.GcScheduled).toBe(EvalBreaker.GcScheduled);
  });

  it('never go below 0, whatever is freed (gh-142048, D30)', () => {
    const world = new GcWorld('free-threaded');
    const { lists, refs } = world.main;
    const list = lists.create();
    for (let i = 0; i < 3000; i++) {
      const item = lists.create();
      lists.append(list, item);
      refs.decref(item);
    }
    world.i32[GC + GcState.Counts] = 10;
    refs.decref(list);
    expect(world.i32[GC + GcState.Counts]).toBe(0);
  });

  it('are told by a thread that leaves (gh-142233)', () => {
    const world = new GcWorld('free-threaded');
    const other = world.thread();
    world.as(other, () => {
      for (let i = 0; i < 100; i++) other.lists.create();
    });
    expect(world.i32[GC + GcState.Counts]).toBe(0);
    world.exit(other);
    expect(world.i32[GC + GcState.Counts]).toBe(100);
    expect(world.i32[other.block + ThreadBlock.GcAllocations]).toBe(0);
  });

  it('are taken back by a thread that leaves and has freed more than it has allocated', () => {
    const world = new GcWorld('free-threaded');
    const other = world.thread();
    world.i32[GC + GcState.Counts] = 1000;
    world.i32[other.block + ThreadBlock.GcAllocations] = -300;
    world.exit(other);
    expect(world.i32[GC + GcState.Counts]).toBe(700);
  });

  it('of what lives long are those of the last collection, resurrected objects with them', () => {
    const world = new GcWorld('free-threaded:mark-alive=off');
    const { lists } = world.main;
    for (let i = 0; i < 50; i++) lists.create();
    for (let i = 0; i < 7; i++) world.garbage();
    world.collect();
    expect(world.i32[GC + GcState.LongLivedTotal]).toBe(50);
    expect(world.i32[GC + GcState.LastMemory]).toBe(memoryInUse(world.i32));
  });
});
