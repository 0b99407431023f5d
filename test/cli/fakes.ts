import type { CliDependencies } from '#ungil/cli/dependencies.js';
import { runCli } from '#ungil/cli/program.js';
import type { BuildInfo, Compare, CompareOptions, Measurement } from '#ungil/report/types.js';
import { measured, WORKLOADS } from '../report/fixtures.js';

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
    }
  };
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** The options of every comparison that was started. */
  seen: CompareOptions[];
}

/** Runs a command line with fakes for everything. */
export async function run(
  args: string[],
  more: Partial<CliDependencies> & { step?: Step } = {},
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const seen: CompareOptions[] = [];
  const { step = ordinary, ...rest } = more;
  const status = await runCli(args, {
    version: '9.8.7',
    node: 'v20.0.0',
    cpus: 2,
    workloads: WORKLOADS,
    builds: BUILDS,
    compare: fakeCompare(step, seen),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    interrupt: new AbortController().signal,
    env: {},
    now: () => 0,
    ...rest,
  });
  return { status, stdout: out.join(''), stderr: err.join(''), seen };
}
