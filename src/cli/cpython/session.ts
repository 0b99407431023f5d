import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CPythonMeasurement } from '../../report/cpythonLive.js';
import { plural } from '../../report/text.js';
import type { CompareOptions, Sample } from '../../report/types.js';
import type { LatencyCounts } from '../../workloads/latency/latencyCounts.js';
import { type ChildEnd, runChild } from './child.js';
import {
  environmentOf,
  HARNESS,
  howItEnded,
  type PythonHost,
  parseObject,
  probe,
  type Startable,
} from './interpreters.js';

/** Specialising bytecode takes a few milliseconds. */
const WARMUP_MS = 50;
/** For setting up what a twin needs (a million objects, for some), and for threads that starve. */
const PATIENCE_MS = 60_000;
/** An interpreter whose process has died so often in a row runs no more. */
const MOST_DEATHS = 2;

/** How it went with one interpreter and workload. */
type Outcome = CPythonMeasurement[] | { readonly failure: string; readonly last: boolean };

/** The interpreters of one comparison. They run the twin of a workload between the rounds of ours. */
export class CPythonSession {
  /** In the order of time; rounds are not merged yet. */
  readonly measurements: CPythonMeasurement[] = [];
  /** An interrupt has ended a turn, or kept one from beginning. */
  cut = false;
  private readonly deaths = new Map<Startable, number>();
  private readonly failed = new Set<string>();
  /** Turns of each workload so far. */
  private readonly rounds = new Map<string, number>();

  private constructor(
    /** Those that still serve. */
    private interpreters: Startable[],
    private readonly options: CompareOptions,
    private readonly host: PythonHost,
  ) {}

  /** Probes the interpreters; null if none can serve. Names whom no build stands beside, and workloads without a twin. */
  static async open(
    names: readonly string[],
    options: CompareOptions,
    host: PythonHost,
  ): Promise<CPythonSession | null> {
    const found = await probe(names, host);
    const serving = found.filter(({ build }) => options.builds.includes(build));
    for (const one of found) {
      if (serving.includes(one)) continue;
      host.note(
        `--with-cpython: ${one.name}: stands beside build '${one.build}', which is not measured: left out`,
      );
    }
    const without = options.workloads.filter((workload) => !hasTwin(workload));
    if (without.length > 0 && serving.length > 0) {
      host.note(`--with-cpython: no Python twin, hence not run: ${without.join(', ')}`);
    }
    return serving.length === 0 ? null : new CPythonSession(serving, options, host);
  }

  /** All interpreters take a turn with a workload: so many samples for each number of threads. */
  async round(workload: string, repeats: number, onStep: (interpreter: Startable) => void): Promise<void> {
    if (!hasTwin(workload)) return;
    const round = this.rounds.get(workload) ?? 0;
    this.rounds.set(workload, round + 1);
    for (const interpreter of this.interpreters) {
      const key = `${interpreter.name} ${workload}`;
      if (this.failed.has(key)) continue;
      onStep(interpreter);
      const outcome = await this.run(interpreter, workload, round, repeats);
      if (this.host.signal.aborted) {
        this.cut = true;
        return;
      }
      if (Array.isArray(outcome)) {
        this.deaths.delete(interpreter);
        this.measurements.push(...outcome);
      } else {
        this.failed.add(key);
        this.giveUp(interpreter, workload, outcome);
      }
    }
  }

  /** No figures of a workload that failed once, and none any more of an interpreter that keeps failing. */
  private giveUp(
    interpreter: Startable,
    workload: string,
    { failure, last }: { failure: string; last: boolean },
  ): void {
    const kept = this.measurements.filter(
      (one) => one.interpreter !== interpreter || one.workload !== workload,
    );
    this.measurements.splice(0, this.measurements.length, ...kept);
    if (last) this.interpreters = this.interpreters.filter((one) => one !== interpreter);
    const rest = last ? '; it runs no more' : '';
    this.host.note(`--with-cpython: ${interpreter.name}: ${workload}: ${failure}${rest}`);
  }

  private async run(
    interpreter: Startable,
    workload: string,
    round: number,
    repeats: number,
  ): Promise<Outcome> {
    const { threads, timeMs } = this.options;
    const collected = new Collected(interpreter, workload, round);
    const patienceMs = this.host.patienceMs ?? PATIENCE_MS + 4 * timeMs;
    const end = await runChild(
      interpreter.name,
      [
        ...interpreter.arguments,
        HARNESS,
        ...['--twin', workload, '--threads', threads.join(','), '--time', `${timeMs}`],
        ...['--repeats', `${repeats}`, '--warmup', `${WARMUP_MS}`, '--end-with-stdin'],
      ],
      {
        env: environmentOf(this.host.env),
        patienceMs,
        signal: this.host.signal,
        onLine: (line) => collected.add(line),
      },
    );
    if (collected.failure !== null) return { failure: collected.failure, last: false };
    if (end.code !== 0 || end.reason !== null) return this.death(interpreter, end, patienceMs);
    const missing = threads.find((count) => collected.samplesAt(count) < repeats);
    if (missing === undefined) return collected.measurements;
    return { failure: `no figures for ${plural(missing, 'thread')}`, last: false };
  }

  private death(interpreter: Startable, end: ChildEnd, patienceMs: number): Outcome {
    const deaths = (this.deaths.get(interpreter) ?? 0) + 1;
    this.deaths.set(interpreter, deaths);
    const failure = end.reason === 'refused' ? 'printed what no harness prints' : howItEnded(end, patienceMs);
    return { failure, last: end.reason === 'silent' || deaths >= MOST_DEATHS };
  }
}

/** Whether CPython can run it. */
export function hasTwin(workload: string): boolean {
  return existsSync(path.join(path.dirname(HARNESS), 'twins', `${workload.replaceAll('-', '_')}.py`));
}

/** What the harness has printed of one workload. */
class Collected {
  /** What it complained of; null so far. */
  failure: string | null = null;
  readonly measurements: CPythonMeasurement[] = [];

  constructor(
    private readonly interpreter: Startable,
    private readonly workload: string,
    private readonly round: number,
  ) {}

  samplesAt(threads: number): number {
    return this.measurements.filter((one) => one.threads === threads).length;
  }

  /** False for a line that is not the harness's. */
  add(line: string): boolean {
    const record = parseObject(line);
    if (record === null || record.twin !== this.workload) return false;
    const { error, wrong, threads } = record;
    if (typeof error === 'string') this.failure ??= error;
    else if (typeof wrong === 'string') this.failure ??= `wrong result at ${threads} threads: ${wrong}`;
    else if (wrong === undefined) return this.addSample(record);
    return true;
  }

  private addSample({ threads, operations, seconds, wall, latency }: Record<string, unknown>): boolean {
    if (typeof threads !== 'number' || typeof wall !== 'number' || !(wall > 0)) return false;
    if (!isNumbers(seconds) || !Array.isArray(operations) || operations.length !== seconds.length)
      return false;
    // null: a thread that only keeps busy, and has no part in fairness.
    const worked = operations
      .map((count, i) => ({ count, seconds: seconds[i] }))
      .filter((one) => one.count !== null);
    if (!worked.every((one) => Number.isFinite(one.count) && one.seconds > 0)) return false;
    const sample: Sample = {
      operations: worked.reduce((sum, one) => sum + one.count, 0),
      seconds: wall,
      perThread: worked.map((one) => one.count / one.seconds),
      round: this.round,
    };
    const { interpreter, workload } = this;
    this.measurements.push({
      interpreter,
      workload,
      threads,
      samples: [sample],
      latency: isCounts(latency) ? latency : null,
    });
    return true;
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isFinite(one));
}

function isCounts(value: unknown): value is LatencyCounts {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isNumbers(one) && one.length === 2);
}
