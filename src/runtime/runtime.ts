import { pathToFileURL } from 'node:url';
import { COUNTER_NAMES } from '../memory/counterNames.js';
import { ProgramError, RunAborted, RuntimeStateError, WorkerDied } from '../memory/errors.js';
import { AbortReason, Control, Geometry } from '../memory/layout.js';
import { SharedMemory } from '../memory/sharedMemory.js';
import { reserveSideTable } from '../memory/sideTable.js';
import { loadAllocators, withAllocators } from './allocators.js';
import { type Build, buildNamed, withDebug, withInstruments } from './builds.js';
import { checkNumber, checkThreads } from './checks.js';
import { duringRun } from './during.js';
import type { HeapExamination } from './examine.js';
import { applyGcOptions, checkGcOptions } from './gcOptions.js';
import { toGcReport } from './gcReport.js';
import { toGilWaits } from './gilWaits.js';
import { checkBlocks, findLeaks, type LeakRecord } from './leaks.js';
import type { RunOptions, RunReport, RuntimeOptions, ShutdownReport } from './options.js';
import { partsOf } from './partsOf.js';
import { processors, WorkerPool } from './pool.js';
import { abortRun, type RunTask, type TaskResult } from './program.js';
import { Thread } from './thread.js';
import type { ThreadRecording } from './tracing/recording.js';

export type { RunOptions, RunReport, RuntimeOptions, ShutdownReport } from './options.js';

/** The host's own place in the table of threads: it makes the interpreter and looks for leaks. */
const HOST_SLOT = Geometry.MaxThreads;

/** How long threads may take to leave a run that has ended, before their workers are ended. */
const GRACE_MS = 1000;

/** A memory, its interpreter and a pool of workers of one build. */
export class Runtime {
  private state: 'idle' | 'running' | 'failed' | 'down' = 'idle';
  private onInterrupt: () => void = () => {};
  private traces: ThreadRecording[] = [];

  private constructor(
    readonly build: Build,
    readonly threads: number,
    private readonly memory: SharedMemory,
    /** The host as a thread; between runs only. */
    private readonly main: Thread,
    private readonly pool: WorkerPool,
  ) {}

  /** Reserves the memory, makes the interpreter and starts the workers. Throws RangeError for bad options. */
  static async start(options: RuntimeOptions = {}): Promise<Runtime> {
    const build = withAllocators(
      withInstruments(
        withDebug(buildNamed(options.build ?? 'free-threaded'), options.debug ?? false),
        options.instruments ?? 'none',
      ),
      options.allocators ?? 'default',
    );
    const modules = await loadAllocators(build);
    const threads = checkThreads(
      options.threads ?? Math.min(processors(), Geometry.MaxThreads),
      Geometry.MaxThreads,
    );
    const interval = checkNumber('switchInterval', options.switchInterval ?? 5, 0.001, 600_000);
    const heapMB = checkNumber('workerHeapMB', options.workerHeapMB ?? 1024, 16, 1 << 20);
    const gc = checkGcOptions(options.gc ?? {});
    const memory = SharedMemory.create(options.memory ?? 1 << 30);
    if (build.refcount === 'side-table') reserveSideTable(memory.i32);
    memory.i32[Control.SwitchInterval] = Math.round(interval * 1000);
    const main = new Thread(memory, build, HOST_SLOT, await partsOf(memory, build, modules));
    main.start();
    main.initialiseInterpreter();
    applyGcOptions(memory.i32, gc);
    main.exit();
    return new Runtime(build, threads, memory, main, new WorkerPool(memory, build, threads, heapMB));
  }

  /**
   * Runs a program module on every thread. Rejects with ProgramError if the program throws in a thread, with
   * WorkerDied if a worker ends, with RunAborted if `signal` is aborted; the other threads are released and the
   * runtime is shut down in each of these cases. Under debug hooks also with DebugError, if what no thread has
   * found is found at the end.
   */
  async run(program: string | URL, options: RunOptions = {}): Promise<RunReport> {
    this.expectIdle();
    const threads = checkThreads(options.threads ?? this.threads, this.threads);
    if (options.signal?.aborted) throw new RunAborted('interrupt');
    const args = structuredClone(options.args);
    this.state = 'running';
    this.prepare(threads);
    const interrupt = () => this.interrupt();
    options.signal?.addEventListener('abort', interrupt, { once: true });
    try {
      const results = await this.runThreads(threads, {
        program: moduleUrl(program),
        args,
        examine: options.examine,
      });
      // The signal may come when all threads have just finished: the memory is marked all the same.
      if (this.interrupted()) throw new RunAborted('interrupt');
      checkBlocks(this.main);
      this.state = 'idle';
      return summarise(results, this.build);
    } catch (error) {
      if (this.state === 'running') this.state = 'failed';
      await this.pool.destroy();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', interrupt);
    }
  }

  /**
   * What is alive between runs although no program holds anything: cycles, and references that a raw-level
   * program forgot; nothing in builds without counts, where the run's last collection frees what is in no handle. Also gives back what waits in delayed-free queues and free lists. Throws DebugError if debug
   * hooks find corrupted memory.
   */
  leaks(): readonly LeakRecord[] {
    this.expectIdle();
    const { main } = this;
    main.start();
    main.processDelayed();
    if (this.build.lock === 'gil') main.closeFreeLists();
    main.exit();
    checkBlocks(main);
    const leaks = findLeaks(main);
    if (this.build.lock === 'gil') main.openFreeLists();
    return leaks;
  }

  /** What the threads of the last run have recorded, however it ended; of those that have left it in order. Traced builds. */
  recordings(): readonly ThreadRecording[] {
    return this.traces;
  }

  /** Segments of 4 MiB that are in use now, of all threads and of those that have left. */
  segmentsInUse(): number {
    return Atomics.load(this.memory.i32, Control.SegmentsUsed);
  }

  /** The state of the heap between runs: caches, what waits, what was forgotten. `check`: also verifies it. */
  async examine(check = false): Promise<HeapExamination> {
    this.expectIdle();
    const { examineHeap } = await import('./examine.js');
    this.expectIdle();
    return examineHeap(this.memory, this.build, check);
  }

  /**
   * Ends the workers; reports what was still alive. A run in progress rejects with RunAborted. Harmless when done
   * already. Throws DebugError as `leaks` does, with the workers ended.
   */
  async shutdown(): Promise<ShutdownReport> {
    try {
      const leaks = this.state === 'idle' ? this.leaks() : null;
      if (this.state === 'running') this.interrupt();
      return { leaks };
    } finally {
      this.state = 'down';
      await this.pool.destroy();
    }
  }

  private expectIdle(): void {
    if (this.state === 'idle') return;
    const why = {
      running: 'a run is in progress',
      failed: 'an earlier run failed and the runtime was shut down; start a new one',
      down: 'the runtime was shut down',
    }[this.state];
    throw new RuntimeStateError(why);
  }

  private prepare(threads: number): void {
    const heap = this.memory.i32;
    this.traces = [];
    heap[Control.RunThreads] = threads;
    heap[Control.RunBarrier] = 0;
    heap[Control.RunGlobals] = 0;
  }

  private async runThreads(threads: number, task: Omit<RunTask, 'index'>): Promise<TaskResult[]> {
    const tasks: Promise<TaskResult>[] = [];
    for (let index = 0; index < threads; index++) tasks.push(this.runThread({ ...task, index }));
    const failure = await Promise.race([this.firstFailure(tasks), this.interruption()]);
    // Whoever is left is told to leave already; a thread that never looks is ended with its worker.
    if (failure !== null) {
      await Promise.race([Promise.allSettled(tasks), delay(GRACE_MS)]);
      throw this.explained(failure);
    }
    return Promise.all(tasks);
  }

  private async runThread(task: RunTask): Promise<TaskResult> {
    try {
      const result = await this.pool.run(task);
      if (result.trace !== undefined) this.traces.push(result.trace);
      return result;
    } catch (error) {
      abortRun(this.memory, AbortReason.Died, task.index);
      throw new WorkerDied(task.index, error instanceof Error ? error.message : String(error));
    }
  }

  /** The host wants the run to end. Nothing happens to a run that is ending for another reason. */
  private interrupt(): void {
    if (abortRun(this.memory, AbortReason.Interrupt, -1)) this.onInterrupt();
  }

  /** Resolves when the host ends the run; the threads need not have noticed. */
  private interruption(): Promise<Error> {
    return new Promise((resolve) => {
      this.onInterrupt = () => resolve(new RunAborted('interrupt'));
    });
  }

  /**
   * The cause of the first thread's failing, as soon as it is known; null once all have returned. The tasks are
   * looked at before their number is: the failing thread may be the last to return.
   */
  private firstFailure(tasks: Promise<TaskResult>[]): Promise<Error | null> {
    return new Promise((resolve) => {
      tasks.forEach((task, thread) => {
        task.then((result) => {
          if (result.kind === 'error') resolve(new ProgramError(thread, result.error));
        }, resolve);
      });
      Promise.allSettled(tasks).then(() => resolve(null));
    });
  }

  /** The error with what threads were doing. */
  private explained(failure: Error): Error {
    if (failure instanceof RunAborted) {
      const during = duringRun(this.main);
      return during === '' ? failure : new RunAborted(failure.reason, during);
    }
    if (failure instanceof WorkerDied) {
      const during = duringRun(this.main, failure.thread);
      return during === '' ? failure : new WorkerDied(failure.thread, `${failure.reason}; ${during}`);
    }
    return failure;
  }

  private interrupted(): boolean {
    return Atomics.load(this.memory.i32, Control.Abort) === AbortReason.Interrupt;
  }
}

function moduleUrl(program: string | URL): string {
  if (program instanceof URL) return program.href;
  return /^[a-z][a-z+.-]*:/i.test(program) ? program : pathToFileURL(program).href;
}

function summarise(results: TaskResult[], build: Build): RunReport {
  const values: unknown[] = [];
  let teardown: unknown;
  let heap: HeapExamination | undefined;
  const done = results.filter((result) => result.kind === 'done');
  for (const result of done) {
    values.push(result.result);
    if (result.teardown !== undefined) teardown = result.teardown;
    heap ??= result.heap;
  }
  const gc = toGcReport(done.map((result) => result.gc));
  const unraisable = done.flatMap((result) => result.unraisable);
  const threadCounters = done.map((result) => byName((index) => result.counters[index]));
  const counters = byName((index) => done.reduce((sum, result) => sum + result.counters[index], 0));
  const gilWaits = build.lock === 'gil' ? toGilWaits(done, counters) : null;
  const report = { results: values, teardown, counters, threadCounters, gilWaits, gc, unraisable };
  return heap === undefined ? report : { ...report, heap };
}

function byName(count: (index: number) => number): Record<string, number> {
  return Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, count(index)]));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
