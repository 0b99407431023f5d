import type { DomainNames } from '../allocators/domains/spec.js';
import type { GcJournalData } from '../gc/journal.js';
import { RunAborted } from '../memory/errors.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import { whyUnfit } from '../runtime/fit.js';
import type { GcOptions } from '../runtime/gcOptions.js';
import { type RunReport, Runtime } from '../runtime/runtime.js';
import { mergeTrash, type TrashUse } from './gc/trash.js';
import { workloadNamed } from './index.js';
import { type LatencyCounts, mergeLatencies } from './latency/latencyCounts.js';
import type { MemoryUse } from './memory/heapMeter.js';
import { most, type ThreadReport, type WorkloadArgs } from './program.js';

/** One repeat of one workload. */
export interface Sample {
  /** Operations done by all threads together. */
  operations: number;
  /** Wall seconds from the common start to the last thread's end. */
  seconds: number;
  /** Operations per second of each thread, for fairness. */
  perThread: number[];
}

/** Objects of one type that were alive after shutdown and should not have been. */
export interface LeakRecord {
  type: string;
  count: number;
  /** Addresses of the first few, as word indices into the heap. */
  addresses: number[];
  /** Where each of these was allocated; under debug hooks only. */
  places?: readonly string[];
}

/** All repeats of one workload on one build with one number of threads. */
export interface Measurement {
  workload: string;
  build: string;
  threads: number;
  samples: Sample[];
  counters: Record<string, number>;
  /** What was collected, one entry for each thread of each round; left out if nothing is known of it. */
  gc?: GcJournalData[];
  /** Errors that nobody could catch, each with its thread and object. */
  unraisable?: string[];
  /** The most bytes that were in use and alive; null for workloads of group sharing. */
  memory: MemoryUse | null;
  /** Uncollected garbage of all rounds, the series of the first; null where the workload does not look. */
  trash: TrashUse | null;
  /** Requests of all threads and samples; null or left out where the workload has none. */
  latency?: LatencyCounts | null;
  /** What was wrong with the workload's own result; null if it was right. */
  wrong: string | null;
  leaks: LeakRecord[];
}

/** What to measure: every combination of the three lists. */
export interface CompareOptions {
  workloads: string[];
  builds: string[];
  /** Numbers of threads, each 1 to 64. */
  threads: number[];
  /** Milliseconds that one repeat runs. */
  timeMs: number;
  /** Repeats per combination, 1 or more. */
  repeats: number;
  /** Bytes of the shared memory. */
  memoryBytes: number;
  /** The runtime asserts its invariants. */
  debug?: boolean;
  /** Other allocators than the builds' own. */
  allocators?: DomainNames;
  /** The collector's settings; CPython's if left out. */
  gc?: GcOptions;
}

/** Called as the comparison goes on, always on the main thread. */
export interface CompareHooks {
  /** Once, with the number of combinations to come. */
  onStart(total: number): void;
  /** Before each combination. */
  onStep(workload: string, build: string, threads: number): void;
  /** After each combination. */
  onMeasurement(measurement: Measurement): void;
  /** The run in progress was ended by the signal; the error says what held it up, if anything did. */
  onInterrupted?(error: RunAborted): void;
}

interface Step {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
  /** Grows from round to round. */
  readonly measurement: Measurement;
}

const PROGRAM = new URL('./program.js', import.meta.url);
/** One unmeasured run in front of all others: see `start`. */
const REHEARSAL_MS = 100;
/** What the code gets to warm up in front of a round's first sample: V8 compiles some of it more than once. */
const FIRST_WARMUP_MS = 200;
const WARMUP_MS = 60;
/** The samples of a workload are taken in so many rounds. */
const ROUNDS = 3;

/**
 * Measures every workload on every build at every number of threads. The builds and thread counts of a workload
 * take turns, round by round, so that a drift of the machine meets all of them alike. Aborting `signal` ends the
 * round in progress and resolves; what has been measured by then is delivered. Throws what a run throws.
 */
export async function compare(
  options: CompareOptions,
  hooks: CompareHooks,
  signal: AbortSignal,
): Promise<void> {
  const plans = options.workloads.map((workload) => plan(workload, options));
  hooks.onStart(plans.reduce((sum, steps) => sum + steps.length, 0));
  for (const steps of plans) {
    if (signal.aborted) return;
    try {
      await measureWorkload(steps, options, hooks, signal);
    } catch (error) {
      if (!(error instanceof RunAborted && signal.aborted)) throw error;
      hooks.onInterrupted?.(error);
      return;
    } finally {
      for (const { measurement } of steps) {
        if (measurement.samples.length > 0) hooks.onMeasurement(measurement);
      }
    }
  }
}

/** A build runs only what it can: see `whyUnfit`. */
function plan(workload: string, options: CompareOptions): Step[] {
  const steps: Step[] = [];
  for (const build of options.builds) {
    if (whyUnfit(buildNamed(build), workloadNamed(workload)) !== null) continue;
    for (const threads of options.threads) {
      steps.push({
        workload,
        build,
        threads,
        measurement: {
          workload,
          build,
          threads,
          samples: [],
          counters: {},
          gc: [],
          unraisable: [],
          memory: null,
          trash: null,
          latency: null,
          wrong: null,
          leaks: [],
        },
      });
    }
  }
  return steps;
}

/**
 * Each workload gets workers of its own, as other harnesses fork a process a benchmark: V8 compiles a loop by what
 * its methods have met before, and after five other workloads the same loop takes twice the time.
 */
async function measureWorkload(
  steps: readonly Step[],
  options: CompareOptions,
  hooks: CompareHooks,
  signal: AbortSignal,
): Promise<void> {
  const runtimes = new Map<string, Runtime>();
  const rounds = Math.min(ROUNDS, options.repeats);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const step of steps) {
        if (signal.aborted) return;
        hooks.onStep(step.workload, step.build, step.threads);
        const runtime = runtimes.get(step.build) ?? (await start(step, options, signal));
        runtimes.set(step.build, runtime);
        await measure(runtime, step, round, options, signal);
      }
    }
  } finally {
    for (const runtime of runtimes.values()) await runtime.shutdown();
  }
}

/**
 * Starts the workers and lets each of them run the workload once, unmeasured: what V8 compiles in a worker's first
 * run has not met a thread's beginning and end, and is compiled again in the second.
 */
async function start(step: Step, options: CompareOptions, signal: AbortSignal): Promise<Runtime> {
  const runtime = await Runtime.start({
    build: step.build,
    threads: Math.max(...options.threads),
    memory: options.memoryBytes,
    debug: options.debug ?? false,
    allocators: options.allocators ?? 'default',
    gc: options.gc ?? {},
  });
  try {
    const args: WorkloadArgs = { workload: step.workload, timeMs: 0, warmupMs: REHEARSAL_MS, repeats: 0 };
    await runtime.run(PROGRAM, { args, signal });
  } catch (error) {
    await runtime.shutdown();
    throw error;
  }
  return runtime;
}

/** One step's part of a round. Rounds share the repeats; the first ones take what does not divide. */
async function measure(
  runtime: Runtime,
  step: Step,
  round: number,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const args: WorkloadArgs = {
    workload: step.workload,
    timeMs: options.timeMs,
    warmupMs: round === 0 ? FIRST_WARMUP_MS : WARMUP_MS,
    repeats: Math.ceil((options.repeats - round) / Math.min(ROUNDS, options.repeats)),
  };
  const report = await runtime.run(PROGRAM, { args, threads: step.threads, signal });
  add(step.measurement, report);
  if (racesByDesign(runtime.build)) return;
  for (const leak of runtime.leaks())
    step.measurement.leaks.push({ ...leak, addresses: [...leak.addresses] });
}

function add(measurement: Measurement, report: RunReport): void {
  const threads = report.results as ThreadReport[];
  for (let repeat = 0; repeat < threads[0].samples.length; repeat++) {
    const parts = threads.map((thread) => thread.samples[repeat]);
    measurement.samples.push({
      operations: parts.reduce((sum, part) => sum + part.operations, 0),
      seconds: Math.max(...parts.map((part) => part.seconds)),
      perThread: parts
        .filter(({ helped }) => helped !== true)
        .map((part) => (part.seconds > 0 ? part.operations / part.seconds : 0)),
    });
  }
  for (const [name, count] of Object.entries(report.counters)) {
    measurement.counters[name] = (measurement.counters[name] ?? 0) + count;
  }
  measurement.gc?.push(...report.gc.journals);
  measurement.unraisable?.push(...report.unraisable);
  for (const thread of threads) measurement.memory = most(measurement.memory, thread.memory);
  for (const { trash } of threads) measurement.trash = mergeTrash(measurement.trash, trash);
  for (const { latency } of threads) {
    measurement.latency = mergeLatencies(measurement.latency ?? null, latency);
  }
  const complaints = threads.map((thread) => thread.wrong).concat(report.teardown as string | null);
  measurement.wrong ??= complaints.find((complaint) => complaint !== null) ?? null;
}
