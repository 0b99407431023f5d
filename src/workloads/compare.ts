import type { DomainNames } from '../allocators/domains/spec.js';
import type { GcJournalData } from '../gc/journal.js';
import { RunAborted } from '../memory/errors.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import { whyUnfit } from '../runtime/fit.js';
import type { GcOptions } from '../runtime/gcOptions.js';
import { addGilWaits, type GilWaits } from '../runtime/gilWaits.js';
import { type RunReport, Runtime } from '../runtime/runtime.js';
import { type Explained, explain } from './explain.js';
import { mergeTrash, type TrashUse } from './gc/trash.js';
import { workloadNamed } from './index.js';
import { type LatencyCounts, mergeLatencies } from './latency/latencyCounts.js';
import type { MemoryUse } from './memory/heapMeter.js';
import { most, type ThreadReport, type ThreadSample, type WorkloadArgs } from './program.js';

/** One repeat of one workload. */
export interface Sample {
  /** Operations done by all threads together. */
  operations: number;
  /** Wall seconds from the first thread's start to the last thread's end. */
  seconds: number;
  /** Operations per second of each thread, for fairness. */
  perThread: number[];
  /** Number of the round that it is from, from 0: see `compare`. Left out: a round of its own. */
  round?: number;
  /**
   * What bare loops reached right behind it, in turns per second: all threads at once, null at one thread; and one of
   * them alone, which is the machine's own speed at that moment.
   */
  bare?: { together: number | null; alone: number };
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
  /** Operations between two looks at the clock, as each thread of each round has found them in its warm-up. */
  chunks?: number[];
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
  /** Waits for the GIL; null or left out in builds without one. */
  gilWaits?: GilWaits | null;
  /** What a run of the build's counted form has shown; left out where there was none. */
  explained?: Explained;
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
  /** Each workload is run once more on each build's counted form, with the highest number of threads, if above 1. */
  explain?: boolean;
}

/** Called as the comparison goes on, always on the main thread. */
export interface CompareHooks {
  /** Once, with the number of combinations to come, and in how many rounds each is measured (1 if left out). */
  onStart(total: number, rounds?: number): void;
  /** Before each combination's part of a round; rounds from 0. */
  onStep(workload: string, build: string, threads: number, round?: number): void;
  /** After each combination's last round, or when the comparison ends early. */
  onMeasurement(measurement: Measurement): void;
  /** After each round of a workload, which took so many samples of each combination; what it does is waited for. */
  onRound?(workload: string, repeats: number): Promise<void>;
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

/**
 * Rounds over the whole comparison, each with fresh workers; they share the repeats.
 *
 * Samples of the same workers lie closer together than those of two runs do, and an interval that knows nothing of that
 * is too narrow for the next run to confirm it. There are two reasons. V8 compiles the same loop into code of different speed
 * from worker to worker, for a worker's life: by CPU time (on a loaded machine, 6 sets of workers, 6 samples each),
 * medians of sets had a standard deviation of 1 to 7 % in half of the cases and 12 to 22 % in fib, shared-list-write under
 * the GIL and alloc-drop-instance, as much as the samples within a set or more. And the machine has slow and fast times,
 * of a tenth of a second to minutes, by a factor of up to 1.6. Hence few samples at a time, fresh workers each time, and the whole
 * comparison between two visits; and intervals take a round for a unit (`bootstrap.ts`). Georges, Buytaert and
 * Eeckhout, Statistically Rigorous Java Performance Evaluation, 2007, and Kalibera and Jones, Rigorous Benchmarking in
 * Reasonable Time, 2013, do the same with processes. Four rounds: of simulated intervals of 95 %, where rounds differ
 * and samples within do not, 78 % held the true value with three rounds, 88 % with four, 93 % with five. A
 * round costs fresh workers (0.3 s of processor time a build with two) and warm-ups (0.3 s), for each workload.
 */
const ROUNDS = 4;
/**
 * One unmeasured run in front of all others: what V8 compiles in a worker's first run has not met a thread's beginning
 * and end, and is compiled again in the second. A short one is as good as one of 100 ms.
 */
const REHEARSAL_MS = 20;
/**
 * What the code gets to warm up in front of the first sample of fresh workers; V8 compiles some of it more than once. In
 * windows of 20 ms, throughput was level after 60 ms (int-add, shared-dict-mixed) to 160 ms (alloc-drop-instance);
 * private-list-append was still a quarter below its speed after 150 ms. More threads than two share two cores, as a rule.
 */
const FIRST_WARMUP_MS = 250;
const MOST_WARMUP_MS = 1000;
/** Times the usual (`Workload.slowToWarm`): two threads of serve-json reached a quarter of what they did after a second. */
const SLOW_TO_WARM = 4;
/** The same in workers that have run the workload with another number of threads: level after 40 ms. */
const WARMUP_MS = 60;
/**
 * Bare loops behind each sample, all threads together for so long, then one alone (`measureBare`): a tenth of the
 * sample, but at least two slices of Linux's scheduler, so that a program that takes part of the machine is seen.
 */
const BARE_SHARE = 0.1;
const LEAST_BARE_MS = 10;
const MOST_BARE_MS = 25;

/**
 * Measures every workload on every build at every number of threads, in rounds: each visits every combination once
 * and takes its share of the repeats, so that a drift of the machine meets all of them alike. Builds take turns
 * within a workload, the highest number of threads first. Aborting `signal` ends the run in
 * progress and resolves; what has been measured by then is delivered. Throws what a run throws.
 */
export async function compare(
  options: CompareOptions,
  hooks: CompareHooks,
  signal: AbortSignal,
): Promise<void> {
  const plans = options.workloads.map((workload) => plan(workload, options));
  const rounds = Math.min(ROUNDS, options.repeats);
  let delivered = 0;
  hooks.onStart(
    plans.reduce((sum, steps) => sum + steps.length, 0),
    rounds,
  );
  try {
    for (let round = 0; round < rounds; round++) {
      for (const steps of plans) {
        await measureWorkload(steps, round, options, hooks, signal);
        if (signal.aborted) return;
        if (round < rounds - 1) continue;
        await explainSteps(steps, options, signal);
        deliver(steps, hooks);
        delivered++;
      }
    }
  } catch (error) {
    if (!(error instanceof RunAborted && signal.aborted)) throw error;
    hooks.onInterrupted?.(error);
  } finally {
    for (const steps of plans.slice(delivered)) deliver(steps, hooks);
  }
}

function deliver(steps: readonly Step[], hooks: CompareHooks): void {
  for (const { measurement } of steps) {
    if (measurement.samples.length > 0) hooks.onMeasurement(measurement);
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
          chunks: [],
          counters: {},
          gc: [],
          unraisable: [],
          memory: null,
          trash: null,
          latency: null,
          gilWaits: null,
          wrong: null,
          leaks: [],
        },
      });
    }
  }
  return steps;
}

/**
 * One round of a workload. It gets workers of its own, as other harnesses fork a process a benchmark: V8 compiles a
 * loop by what its methods have met before, and after five other workloads the same loop takes twice the time.
 */
async function measureWorkload(
  steps: readonly Step[],
  round: number,
  options: CompareOptions,
  hooks: CompareHooks,
  signal: AbortSignal,
): Promise<void> {
  const runtimes = new Map<string, Runtime>();
  try {
    for (const step of inTurns(steps)) {
      if (signal.aborted) return;
      hooks.onStep(step.workload, step.build, step.threads, round);
      const fresh = !runtimes.has(step.build);
      const runtime = runtimes.get(step.build) ?? (await start(step, options, signal));
      runtimes.set(step.build, runtime);
      const warmupMs = fresh ? firstWarmup(step) : WARMUP_MS;
      await measure(runtime, step, round, warmupMs, options, signal);
    }
    if (steps.length > 0) await hooks.onRound?.(steps[0].workload, repeatsOf(round, options));
  } finally {
    for (const runtime of runtimes.values()) await runtime.shutdown();
  }
}

/** Most threads first: behind them every worker is warm. Builds take turns. */
function inTurns(steps: readonly Step[]): Step[] {
  return [...steps].sort((one, other) => other.threads - one.threads);
}

function firstWarmup({ workload, threads }: Step): number {
  const share = workloadNamed(workload).slowToWarm === true ? SLOW_TO_WARM : 1;
  return Math.min(share * FIRST_WARMUP_MS * Math.max(1, threads / 2), MOST_WARMUP_MS);
}

/** Starts the workers and lets each of them run the workload once, unmeasured: see `REHEARSAL_MS`. */
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

/** Under assertions the counts would be of other code. */
async function explainSteps(
  steps: readonly Step[],
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const threads = Math.max(...options.threads);
  if (options.explain !== true || options.debug === true || threads === 1) return;
  for (const { workload, build, measurement } of steps.filter((step) => step.threads === threads)) {
    const explained = await explain(workload, build, threads, options, signal);
    measurement.explained = explained;
    if (explained.wrong !== null) measurement.wrong ??= `when counted: ${explained.wrong}`;
  }
}

/** Rounds share the repeats; the first ones take what does not divide. */
function repeatsOf(round: number, { repeats }: CompareOptions): number {
  return Math.ceil((repeats - round) / Math.min(ROUNDS, repeats));
}

/** One step's part of a round. */
async function measure(
  runtime: Runtime,
  step: Step,
  round: number,
  warmupMs: number,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const args: WorkloadArgs = {
    workload: step.workload,
    timeMs: options.timeMs,
    warmupMs,
    repeats: repeatsOf(round, options),
    bareMs: Math.min(Math.max(options.timeMs * BARE_SHARE, LEAST_BARE_MS), MOST_BARE_MS),
  };
  const report = await runtime.run(PROGRAM, { args, threads: step.threads, signal });
  add(step.measurement, report, round);
  if (racesByDesign(runtime.build)) return;
  for (const leak of runtime.leaks())
    step.measurement.leaks.push({ ...leak, addresses: [...leak.addresses] });
}

function add(measurement: Measurement, report: RunReport, round: number): void {
  const threads = report.results as ThreadReport[];
  for (let repeat = 0; repeat < threads[0].samples.length; repeat++) {
    const parts = threads.map((thread) => thread.samples[repeat]);
    measurement.samples.push({
      operations: parts.reduce((sum, part) => sum + part.operations, 0),
      seconds: wallSeconds(parts),
      perThread: parts
        .filter(({ helped }) => helped !== true)
        .map((part) => (part.seconds > 0 ? part.operations / part.seconds : 0)),
      round,
      ...bareOf(parts),
    });
  }
  measurement.chunks?.push(...threads.map(({ chunk }) => chunk));
  for (const [name, count] of Object.entries(report.counters)) {
    measurement.counters[name] = (measurement.counters[name] ?? 0) + count;
  }
  measurement.gilWaits = addGilWaits(measurement.gilWaits ?? null, report.gilWaits);
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

/**
 * From the first thread's start to the last one's end. The longest of the threads' own times would be too short: under the
 * GIL a second thread begins 5 ms after the first, and each of them works a while without the other (for two threads and
 * samples of 100 ms, throughput came out 5 % too high).
 */
export function wallSeconds(parts: readonly Pick<ThreadSample, 'begun' | 'seconds'>[]): number {
  const begun = Math.min(...parts.map((part) => part.begun));
  return Math.max(...parts.map((part) => (part.begun - begun) / 1000 + part.seconds));
}

function bareOf(parts: readonly ThreadSample[]): Pick<Sample, 'bare'> {
  const alone = parts[0].bare?.alone;
  if (alone === undefined) return {};
  const together = parts.reduce((sum, { bare }) => sum + (bare?.together ?? 0), 0);
  return { bare: { together: parts.length > 1 ? together : null, alone } };
}
