import { describe, expect, it } from 'vitest';
import type { Timeline, TimelineTrack } from '#ungil/report/timeline.js';
import { record, trace } from '#ungil/report/tracing/record.js';
import { formatTraceFile, toTraceFile } from '#ungil/report/tracing/traceEvents.js';
import { renderTimeline } from '#ungil/report/tracing/traceText.js';
import type { TraceOptions } from '#ungil/workloads/trace.js';
import { doubleGil, innermost, nonsense, outermost } from './meaning.js';
import { violationsOf } from './traceRules.js';

const HOST = { ungil: '1.2.3', node: 'v20', cpus: 2 };
const NEVER = new AbortController().signal;

function options(workload: string, build: string, more: Partial<TraceOptions> = {}): TraceOptions {
  const common = { threads: 2, timeMs: 15, warmupMs: 30, memoryBytes: 64 << 20 };
  return { workload, build, ...common, ...more };
}

/** Runs, and checks what holds of every timeline. */
async function timelineOfRun(asked: TraceOptions, attempts = 4): Promise<Timeline> {
  const { run, timeline } = await trace(asked, NEVER);
  // A busy machine may wake a thread when the stretch is over: then there is nothing of it to look at.
  const late = timeline?.tracks.some(({ slices }) => slices.length === 0) ?? false;
  if (late && attempts > 1) return timelineOfRun(asked, attempts - 1);
  expect(run.wrong).toBeNull();
  expect(run.unraisable).toEqual([]);
  expect(timeline).not.toBeNull();
  const found = timeline as Timeline;
  expect(nonsense(found)).toEqual([]);
  const file = toTraceFile(found, HOST, true);
  expect(violationsOf(formatTraceFile(file))).toEqual([]);
  expect(file.traceEvents.filter(({ ph }) => ph === 's')).toHaveLength(found.arrows.length);
  const threads = found.tracks.filter(({ kind }) => kind === 'thread');
  expect(threads.map(({ name }) => name)).toEqual(
    Array.from({ length: asked.threads }, (_, index) => `thread ${index}`),
  );
  // A workload may run out of work before its time.
  expect(found.microseconds).toBeLessThanOrEqual(asked.timeMs * 1000);
  expect(found.microseconds).toBeGreaterThan(asked.timeMs * 500);
  for (const track of threads) expect(outermost(track).at(-1)?.end).toBe(found.microseconds);
  expect(renderTimeline(found).join('\n')).toContain(`${asked.workload}, ${asked.build}`);
  return found;
}

/** Threads on a busy machine may pass each other by for a while. */
async function until(asked: TraceOptions, wanted: (timeline: Timeline) => boolean): Promise<Timeline> {
  let timeline = await timelineOfRun(asked);
  for (let round = 0; round < 12 && !wanted(timeline); round++) timeline = await timelineOfRun(asked);
  return timeline;
}

function interrupted(milliseconds: number): ReturnType<typeof trace> {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return trace(options('fib', 'gil', { timeMs: 60_000, warmupMs: 1 }), controller.signal);
}

function states(timeline: Timeline): Set<string> {
  return new Set(timeline.tracks.flatMap(({ slices }) => slices.map(({ state }) => state)));
}

function locksOf(timeline: Timeline): TimelineTrack[] {
  return timeline.tracks.filter(({ kind }) => kind === 'lock');
}

describe('timelines of real runs', () => {
  it('of the GIL: one thread at a time, and the owner is who runs', async () => {
    const asked = options('fib', 'gil', { threads: 3, switchInterval: 1, timeMs: 30 });
    const timeline = await until(asked, ({ arrows }) => arrows.length > 0);
    // Both ends of each slice are rounded to eighths, and clocks of two threads are compared.
    const slices = timeline.tracks.reduce((sum, track) => sum + track.slices.length, 0);
    expect(doubleGil(timeline)).toBeLessThanOrEqual(slices / 4);
    const [gil, ...others] = locksOf(timeline);
    expect(gil?.name).toBe('GIL');
    expect(others).toEqual([]);
    expect(states(timeline)).toContain('waiting for the GIL');
    let ran = 0;
    for (const [index, track] of timeline.tracks.filter(({ kind }) => kind === 'thread').entries()) {
      const held = gil!.slices.filter(({ thread }) => thread === index);
      for (const piece of innermost(track).filter(({ state }) => state === 'running')) {
        ran += piece.end - piece.start;
        // A hold is found from its first acquisition in the stretch on.
        const around = held.some(({ start, end }) => start <= piece.start + 1 && end >= piece.end - 1);
        expect(around, `thread ${index} ran from ${piece.start} to ${piece.end} without the GIL`).toBe(true);
      }
    }
    expect(ran).toBeGreaterThan(0);
    for (const { name } of timeline.arrows) expect(name).toMatch(/^GIL/);
  });

  it('of a list that two threads append to: its lock has a name and owners', async () => {
    const asked = options('shared-list-append', 'free-threaded', { timeMs: 30 });
    const [lock] = locksOf(await until(asked, (timeline) => locksOf(timeline).length > 0));
    expect(lock?.name).toMatch(/^list at 0x[0-9a-f]+$/);
    for (const { state, thread } of lock!.slices) {
      expect(state).toBe('held');
      expect([0, 1]).toContain(thread);
    }
  });

  it('of a lock of the program', async () => {
    const asked = options('shared-counter-lock', 'free-threaded', { timeMs: 30, threads: 3 });
    const [lock] = locksOf(await until(asked, (timeline) => locksOf(timeline).length > 0));
    expect(lock?.name).toMatch(/^Lock at 0x/);
  });

  it('of collections that two threads mark in', async () => {
    const asked = options('gc-live-lists-10k', 'free-threaded', { gc: { markers: 2 }, timeMs: 30 });
    const timeline = await until(asked, (one) => one.arrows.length > 0 && states(one).has('stopped'));
    const found = states(timeline);
    for (const state of ['collecting', 'marking', 'stopping the world', 'stopped']) {
      expect(found).toContain(state);
    }
    expect(timeline.arrows.map(({ name }) => name)).toContain('the world goes on');
    const collection = timeline.tracks[0]!.slices.find(({ state }) => state === 'collecting');
    expect(collection?.note).toBe('generation 2, manual');
  });

  it('of collections of generations under the GIL', async () => {
    const asked = options('gc-churn', 'gil', { gc: { thresholds: [200, 10, 10] }, timeMs: 30 });
    const notesOf = ({ tracks }: Timeline) => tracks.flatMap(({ slices }) => slices.map(({ note }) => note));
    const timeline = await until(asked, (candidate) => notesOf(candidate).includes('subtractRefs'));
    const notes = notesOf(timeline);
    expect(notes).toContain('generation 0, heap');
    expect(notes).toContain('subtractRefs');
    expect(timeline.series.map(({ name }) => name)).toContain('heap bytes');
  });

  it('is small for a picture', async () => {
    const timeline = await record(
      options('gc-live-lists-10k', 'free-threaded', { gc: { markers: 2 }, timeMs: 60 }),
      NEVER,
    );
    expect(JSON.stringify(timeline).length).toBeLessThan(20_000);
    expect(nonsense(timeline as Timeline)).toEqual([]);
  });

  it('of a run that is interrupted ends there', async () => {
    let traced = await interrupted(500);
    for (let ms = 1000; traced.timeline === null && ms < 30_000; ms *= 2) traced = await interrupted(ms);
    const { run, timeline } = traced;
    expect(run.complete).toBe(false);
    expect(timeline).not.toBeNull();
    expect(timeline!.microseconds).toBeLessThan(60_000_000);
    expect(nonsense(timeline!)).toEqual([]);
    expect(violationsOf(formatTraceFile(toTraceFile(timeline!, HOST, false)))).toEqual([]);
  });
});
