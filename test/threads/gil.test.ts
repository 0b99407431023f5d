import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { threadBlock } from '#ungil/threads/evalBreaker.js';
import { Gil } from '#ungil/threads/gil.js';
import { program, withRuntime } from '../support/runtimes.js';

const GIL = program('gil');
const TEN_MINUTES = 600_000;

function runGil(threads: number, switchInterval: number, args: object) {
  return withRuntime({ build: 'gil', threads, switchInterval }, async (runtime) => {
    const report = await runtime.run(GIL, { args });
    expect(await runtime.shutdown()).toEqual({ leaks: [] });
    return report;
  });
}

describe('the GIL', () => {
  it.each([2, 3])('excludes %i threads from one another', async (threads) => {
    const rounds = 40_000;
    const report = await runGil(threads, 0.05, { case: 'counter', rounds });
    expect(report.results).toEqual(Array(threads).fill(threads * rounds));
    expect(report.counters.gilSwitches).toBeGreaterThan(threads);
  });

  it('lets every thread get on', async () => {
    const report = await runGil(3, 0.2, { case: 'progress' });
    expect(report.results).toEqual([true, true, true]);
  });

  it('is really handed over when it was asked for (D26)', async () => {
    const wanted = 60;
    const report = await runGil(2, 0.05, { case: 'forced', wanted });
    const results = report.results as { requests: number; violations: number }[];
    for (const result of results) expect(result.violations).toBe(0);
    expect(results[0].requests + results[1].requests).toBeGreaterThan(0);
    expect(report.counters.gilSwitches).toBeGreaterThanOrEqual(wanted);
  });

  it('stays with its holder for the switch interval', async () => {
    const report = await runGil(2, TEN_MINUTES, { case: 'patient' });
    const [first] = report.results.filter((result) => result !== null);
    expect(first).toEqual({ switches: 0, requested: 0 });
  });

  it('changes hands no more often than the interval allows', async () => {
    const report = await runGil(2, 10, { case: 'paced', ms: 100 });
    for (const { switches, elapsed } of report.results as { switches: number; elapsed: number }[]) {
      expect(switches).toBeLessThanOrEqual(elapsed / 8 + 4);
    }
  });

  it('is free while its holder is blocked in a lock', async () => {
    const report = await runGil(2, TEN_MINUTES, { case: 'blocked' });
    expect(report.results).toEqual([1000, 1000]);
  });
});

describe('the words of the GIL', () => {
  it('name the holder and count hand-overs between threads only', () => {
    const { i32 } = SharedMemory.create(16 << 20);
    const a = new Gil(i32, threadBlock(0));
    const b = new Gil(i32, threadBlock(1));
    a.take();
    expect([i32[Control.GilLocked], i32[Control.GilLastHolder]]).toEqual([1, threadBlock(0)]);
    a.drop(false);
    a.take();
    expect(i32[Control.GilSwitchNumber]).toBe(1);
    a.drop(false);
    b.take();
    expect([i32[Control.GilLastHolder], i32[Control.GilSwitchNumber]]).toEqual([threadBlock(1), 2]);
    b.drop(true);
    expect([i32[Control.GilLocked], i32[Control.GilWaiters]]).toEqual([0, 0]);
  });
});
