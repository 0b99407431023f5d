import { RunAborted } from '../memory/errors.js';
import type { LeakRecord } from '../runtime/leaks.js';
import { type RunReport, Runtime } from '../runtime/runtime.js';
import { workloadNamed } from './index.js';
import type { ThreadReport, WorkloadArgs } from './program.js';

/** One repeat: what all threads did together. */
export interface Sample {
  operations: number;
  /** Wall seconds from the common start to the last thread's end. */
  seconds: number;
  /** Operations per second of each thread. */
  perThread: number[];
}

/** All repeats of one workload on one build with one number of threads. */
export interface Measurement {
  workload: string;
  build: string;
  threads: number;
  samples: Sample[];
  counters: Record<string, number>;
  /** What was wrong with the workload's own result; null if it was right. */
  wrong: string | null;
  leaks: { type: string; count: number; addresses: number[] }[];
}

export interface CompareOptions {
  workloads: string[];
  builds: string[];
  threads: number[];
  timeMs: number;
  repeats: number;
  memoryBytes: number;
}

export interface CompareHooks {
  onStart(total: number): void;
  onStep(workload: string, build: string, threads: number): void;
  onMeasurement(measurement: Measurement): void;
}

interface Step {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
}

/** What the code gets to warm up, in front of the first sample: V8 compiles some of it more than once. */
const WARMUP_MS = 250;

/**
 * Measures every workload on every build at every number of threads, the builds in turn so that a drift of the
 * machine meets all of them. One runtime a build. Aborting `signal` ends the step in progress and resolves. Throws
 * what a run throws.
 */
export async function compare(
  options: CompareOptions,
  hooks: CompareHooks,
  signal: AbortSignal,
): Promise<void> {
  const steps = plan(options);
  hooks.onStart(steps.length);
  const runtimes = new Map<string, Runtime>();
  try {
    for (const step of steps) {
      if (signal.aborted) return;
      hooks.onStep(step.workload, step.build, step.threads);
      const runtime = await runtimeFor(step.build, options, runtimes);
      hooks.onMeasurement(await measure(runtime, step, options, signal));
    }
  } catch (error) {
    if (error instanceof RunAborted && signal.aborted) return;
    throw error;
  } finally {
    for (const runtime of runtimes.values()) await runtime.shutdown();
  }
}

/** The unsafe build runs only what it cannot wreck itself with. */
function plan(options: CompareOptions): Step[] {
  const steps: Step[] = [];
  for (const workload of options.workloads) {
    for (const build of options.builds) {
      if (build === 'unsafe' && !workloadNamed(workload).unsafe) continue;
      for (const threads of options.threads) steps.push({ workload, build, threads });
    }
  }
  return steps;
}

async function runtimeFor(
  build: string,
  options: CompareOptions,
  runtimes: Map<string, Runtime>,
): Promise<Runtime> {
  let runtime = runtimes.get(build);
  if (runtime === undefined) {
    const threads = Math.max(...options.threads);
    runtime = await Runtime.start({ build, threads, memory: options.memoryBytes });
    runtimes.set(build, runtime);
  }
  return runtime;
}

async function measure(
  runtime: Runtime,
  step: Step,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<Measurement> {
  const args: WorkloadArgs = {
    workload: step.workload,
    timeMs: options.timeMs,
    warmupMs: Math.min(WARMUP_MS, options.timeMs * 2),
    repeats: options.repeats,
  };
  const program = new URL('./program.js', import.meta.url);
  const report = await runtime.run(program, { args, threads: step.threads, signal });
  const leaks = step.build === 'unsafe' ? [] : runtime.leaks();
  return toMeasurement(step, report, leaks);
}

function toMeasurement(step: Step, report: RunReport, leaks: readonly LeakRecord[]): Measurement {
  const threads = report.results as ThreadReport[];
  const samples: Sample[] = [];
  for (let repeat = 0; repeat < threads[0].samples.length; repeat++) {
    const parts = threads.map((thread) => thread.samples[repeat]);
    samples.push({
      operations: parts.reduce((sum, part) => sum + part.operations, 0),
      seconds: Math.max(...parts.map((part) => part.seconds)),
      perThread: parts.map((part) => (part.seconds > 0 ? part.operations / part.seconds : 0)),
    });
  }
  const complaints = threads.map((thread) => thread.wrong).concat(report.teardown as string | null);
  const wrong = complaints.find((complaint) => complaint !== null) ?? null;
  return {
    ...step,
    samples,
    counters: report.counters,
    wrong,
    leaks: leaks.map((leak) => ({ ...leak, addresses: [...leak.addresses] })),
  };
}
