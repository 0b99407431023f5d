import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CliDependencies } from '#ungil/cli/dependencies.js';
import { recordTimelines } from '#ungil/cli/timelines.js';
import { RunAborted } from '#ungil/memory/errors.js';
import { toResults } from '#ungil/report/results.js';
import type { CompareOptions } from '#ungil/report/types.js';
import type { TraceOptions } from '#ungil/workloads/trace.js';
import { measured, WORKLOADS } from '../report/fixtures.js';
import { Script, timelineOfScripts } from '../report/tracing/scripts.js';
import { run } from './fakes.js';

const TIMELINE = timelineOfScripts([new Script(0)]);

const OPTIONS: CompareOptions = {
  workloads: ['fib', 'int-add'],
  builds: ['gil', 'free-threaded', 'unsafe'],
  threads: [1, 2],
  timeMs: 1,
  repeats: 3,
  memoryBytes: 64 << 20,
};

/** fib scales by 1.9 without the GIL, int-add by `speedup`. */
function results(speedup: number, builds = ['gil', 'free-threaded', 'unsafe']) {
  const scales = (workload: string, build: string) =>
    build === 'gil' ? 1 : workload === 'fib' ? 1.9 : speedup;
  const measurements = ['fib', 'int-add'].flatMap((workload) =>
    builds.flatMap((build) =>
      [1, 2].map((threads) => {
        const mops = threads === 1 ? 10 : 10 * scales(workload, build);
        return measured(workload, build, threads, [mops, mops, mops]);
      }),
    ),
  );
  return toResults(measurements, WORKLOADS, 2);
}

function record(more: Partial<CliDependencies> = {}) {
  const seen: TraceOptions[] = [];
  let stderr = '';
  const deps = {
    interrupt: new AbortController().signal,
    stderr: { write: (text: string) => (stderr += text) },
    record: async (options: TraceOptions) => {
      seen.push(options);
      return TIMELINE;
    },
    ...more,
  } as CliDependencies;
  const named = () => seen.map(({ workload, build, threads }) => `${workload} ${build} ${threads}`);
  return { deps, seen, named, stderr: () => stderr };
}

describe('timelines for the page', () => {
  it('are of what scaled worst at the most threads, and the same under the GIL', async () => {
    const { deps, seen, named } = record();
    expect(await recordTimelines(results(0.5), OPTIONS, deps)).toEqual({
      timelines: [TIMELINE, TIMELINE],
      cut: false,
    });
    expect(named()).toEqual(['int-add free-threaded 2', 'int-add gil 2']);
    expect(seen[0]).toMatchObject({ memoryBytes: 64 << 20, timeMs: 15 });
    const other = record();
    await recordTimelines(results(2), OPTIONS, other.deps);
    expect(other.named()).toEqual(['fib free-threaded 2', 'fib gil 2']);
  });

  it('are none where nothing scales, or other classes ran', async () => {
    const { deps, named } = record();
    expect(await recordTimelines(results(1, ['gil']), OPTIONS, deps)).toEqual({ timelines: [], cut: false });
    expect(await recordTimelines(results(1), { ...OPTIONS, threads: [4] }, deps)).toEqual({
      timelines: [],
      cut: false,
    });
    expect(await recordTimelines(results(1), { ...OPTIONS, debug: true }, deps)).toEqual({
      timelines: [],
      cut: false,
    });
    const allocators = { raw: 'default', mem: 'default', object: 'debug' };
    expect(await recordTimelines(results(1), { ...OPTIONS, allocators }, deps)).toEqual({
      timelines: [],
      cut: false,
    });
    expect(named()).toEqual([]);
  });

  it('are in compare.json with --html, and only then', async () => {
    const seen: TraceOptions[] = [];
    const deps: Partial<CliDependencies> = {
      record: async (options) => {
        seen.push(options);
        return TIMELINE;
      },
    };
    const args = ['compare', 'fib', '--json', '-'];
    expect(JSON.parse((await run(args, deps)).stdout).timelines).toEqual([]);
    expect(seen).toEqual([]);
    const folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
    try {
      const { stdout } = await run([...args, '--html', path.join(folder, 'page.html')], deps);
      expect(JSON.parse(stdout).timelines).toEqual([TIMELINE, TIMELINE]);
      expect(readFileSync(path.join(folder, 'page.html'), 'utf8')).toContain('Timeline of fib');
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(seen.map(({ build }) => build)).toEqual(['free-threaded', 'gil']);
  });

  it('pass the collector its settings', async () => {
    const { deps, seen } = record();
    await recordTimelines(results(0.5), { ...OPTIONS, gc: { markers: 2 } }, deps);
    expect(seen[0]?.gc).toEqual({ markers: 2 });
  });

  it('are left out where recording fails, and where it is interrupted', async () => {
    const failing = record({
      record: async ({ build }) => {
        if (build === 'gil') throw new Error('no memory');
        return TIMELINE;
      },
    });
    expect(await recordTimelines(results(0.5), OPTIONS, failing.deps)).toEqual({
      timelines: [TIMELINE],
      cut: false,
    });
    expect(failing.stderr()).toBe('no timeline of int-add, gil, 2 threads: no memory\n');
    const controller = new AbortController();
    const interrupted = record({
      interrupt: controller.signal,
      record: async () => {
        controller.abort();
        throw new RunAborted('interrupt');
      },
    });
    expect(await recordTimelines(results(0.5), OPTIONS, interrupted.deps)).toEqual({
      timelines: [],
      cut: true,
    });
    expect(interrupted.stderr()).toBe('');
    const none = { timelines: [], cut: true };
    expect(await recordTimelines(results(0.5), OPTIONS, interrupted.deps)).toEqual(none);
  });

  it('end the command with 130 where they were interrupted, with all results', async () => {
    const controller = new AbortController();
    const folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
    const [page, json] = ['page.html', 'all.json'].map((name) => path.join(folder, name));
    try {
      const args = ['compare', 'fib', '--repeats', '3', '--no-explain', '--json', json, '--html', page];
      const { status, stdout } = await run(args, {
        interrupt: controller.signal,
        record: async () => {
          controller.abort();
          return null;
        },
      });
      expect(status).toBe(130);
      expect(stdout).toMatch(/\ninterrupted: the page lacks timelines, the results are complete\n$/);
      expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ complete: true, timelines: [] });
      expect(readFileSync(page, 'utf8')).toContain('</html>');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
