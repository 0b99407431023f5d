import { expect, it } from 'vitest';
import { timelineOf } from '#ungil/report/tracing/timelineOf.js';
import { formatTraceFile, toTraceFile } from '#ungil/report/tracing/traceEvents.js';
import { program, withRuntime } from '../../support/runtimes.js';
import { nonsense } from './meaning.js';
import { violationsOf } from './traceRules.js';

it.each(['free-threaded', 'gil', 'gilectomy', 'free-threaded:refcount=none'])(
  'finalisers and callbacks of %s are seen, in collections and outside',
  async (build) => {
    await withRuntime({ build, threads: 2, memory: 64 << 20, instruments: 'traced' }, async (runtime) => {
      const { results, unraisable } = await runtime.run(program('recorded'));
      expect(unraisable).toEqual([]);
      // One on its own, and one in a cycle with its callback, a round; of objects that another thread collects, there.
      expect((results as number[]).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(40);
      const timeline = timelineOf({
        options: { workload: 'recorded', build, threads: 2, timeMs: 60_000, warmupMs: 0, memoryBytes: 1 },
        recordings: runtime.recordings(),
        complete: true,
        wrong: null,
        unraisable: [],
      });
      if (timeline === null) throw new Error('nothing was recorded');
      expect(nonsense(timeline)).toEqual([]);
      const host = { ungil: '1', node: '2', cpus: 2 };
      expect(violationsOf(formatTraceFile(toTraceFile(timeline, host, true)))).toEqual([]);
      const finalising = timeline.tracks.flatMap(({ slices }) =>
        slices.filter(({ state }) => state === 'finalising'),
      );
      const notes = finalising.map(({ note }) => note);
      expect(notes).toContain('finaliser');
      expect(notes).toContain('weakref callback');
      for (const { note, start, end } of finalising) {
        if (note === 'finaliser') expect(end - start).toBeGreaterThan(40);
      }
    });
  },
);
