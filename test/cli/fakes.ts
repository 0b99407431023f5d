import type { CliDependencies } from '#ungil/cli/dependencies.js';
import { runCli } from '#ungil/cli/program.js';
import type { Race, RaceProgress, RaceRequest } from '#ungil/explore/raceTypes.js';
import type { Exploration } from '#ungil/explore/results.js';
import type { BenchSuite } from '#ungil/report/benchTypes.js';
import type { BuildInfo, Compare, CompareOptions, Measurement } from '#ungil/report/types.js';
import type { ScenarioInfo } from '#ungil/scenarios/scenarioInfo.js';
import { measured, WORKLOADS } from '../report/fixtures.js';
import { exploration } from '../report/raceFixtures.js';

function build(name: string, available?: boolean): BuildInfo {
  return {
    name,
    lock: 'none',
    refcount: 'biased, with deferred and immortal objects',
    allocator: 'mimalloc heaps per thread',
    collector: 'non-generational, stop-the-world, mark from roots',
    containers: 'critical sections, lock-free reads',
    ...(available === undefined ? {} : { available }),
  };
}

export const BUILDS: BuildInfo[] = [
  { ...build('gil'), summary: 'one global lock' },
  build('free-threaded'),
  build('gilectomy'),
  build('unsafe', true),
  build('subinterpreters', false),
];

export type Step = (workload: string, build: string, threads: number) => Measurement;

export const ordinary: Step = (workload, name, threads) =>
  measured(
    workload,
    name,
    threads,
    [10, 12, 11].map((mops) => (name === 'gil' ? mops : mops * threads)),
  );

/** Delivers what `step` makes of each combination, in order, until the signal aborts. */
export function fakeCompare(step: Step, seen: CompareOptions[] = []): Compare {
  return async (options, hooks, signal) => {
    seen.push(options);
    hooks.onStart(options.workloads.length * options.builds.length * options.threads.length);
    for (const workload of options.workloads) {
      for (const name of options.builds) {
        for (const threads of options.threads) {
          if (signal.aborted) return;
          hooks.onStep(workload, name, threads);
          await Promise.resolve();
          hooks.onMeasurement(step(workload, name, threads));
        }
      }
      await hooks.onRound?.(workload, options.repeats);
    }
  };
}

export const SUITES: BenchSuite[] = [
  {
    name: 'quick',
    about: 'two figures and a third that is missing',
    async run(io) {
      io.progress('both');
      io.figure({ table: 'times', name: 'one', value: 1.234, unit: 'ns', note: '1.00x' });
      io.figure({
        table: 'targets',
        name: 'fast',
        value: 3.1,
        unit: 'x',
        target: { bound: 'at most', value: 4 },
      });
      io.figure({
        table: 'targets',
        name: 'slow',
        value: 1.2,
        unit: 'x',
        target: { bound: 'at least', value: 2 },
      });
      io.figure({ table: 'targets', name: 'gone', value: null, unit: 'x', note: 'not installed' });
    },
  },
  { name: 'other', about: 'says nothing', run: async () => {} },
];

export const SCENARIOS: ScenarioInfo[] = [
  {
    name: 'owner-exit',
    about: 'the owner ends while another thread pushes to its queue',
    refcount: ['gil', 'biased'],
    variants: ['early-free', 'late-merge'],
  },
  { name: 'mutex', about: 'two threads and a mutex', refcount: [], variants: ['no-wake'] },
  { name: 'two-increfs', about: 'two threads count', refcount: ['plain'], variants: [] },
];

/** Delivers the explorations in order, until the signal aborts. */
export function fakeRace(results: readonly Exploration[], seen: RaceRequest[] = []): Race {
  return async (request, hooks, signal) => {
    seen.push(request);
    const explorations: Exploration[] = [];
    for (const result of results) {
      if (signal.aborted) break;
      hooks.progress(progressAt(result, explorations.length, results.length));
      await Promise.resolve();
      explorations.push(result);
      hooks.found(result);
    }
    return { explorations, interrupted: explorations.length < results.length };
  };
}

export function progressAt(
  { scenario, refcount, variant }: Exploration,
  done: number,
  total: number,
): RaceProgress {
  return { scenario, refcount, variant, done, total, executions: 12_345, estimate: 40_000, leftMs: 2_500 };
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** The options of every comparison that was started. */
  seen: CompareOptions[];
  /** The request of every exploration that was started. */
  requests: RaceRequest[];
}

/** Runs a command line with fakes for everything. */
export async function run(
  args: string[],
  more: Partial<CliDependencies> & { step?: Step; explorations?: readonly Exploration[] } = {},
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const seen: CompareOptions[] = [];
  const requests: RaceRequest[] = [];
  const { step = ordinary, explorations = [exploration()], ...rest } = more;
  const status = await runCli(args, {
    version: '9.8.7',
    node: 'v20.0.0',
    cpus: 2,
    workloads: WORKLOADS,
    builds: BUILDS,
    compare: fakeCompare(step, seen),
    scenarios: SCENARIOS,
    race: fakeRace(explorations, requests),
    heap: async () => {
      throw new Error('no heap was expected');
    },
    suites: SUITES,
    record: async () => null,
    trace: async (options) => ({
      run: { options, recordings: [], complete: true, wrong: null, unraisable: [] },
      timeline: null,
    }),
    soak: async () => ({ rounds: [], wrong: null, complete: true }),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    interrupt: new AbortController().signal,
    env: {},
    now: () => 0,
    ...rest,
  });
  return { status, stdout: out.join(''), stderr: err.join(''), seen, requests };
}
