import { afterAll, beforeAll, expect } from 'vitest';
import { type RunOptions, type RunReport, Runtime } from '#ungil/runtime/runtime.js';

const BUILDS = ['free-threaded', 'gilectomy', 'gil'];

/** The program of this name in test/fixtures/stress. */
export function fixture(name: string): URL {
  return new URL(`../../fixtures/stress/${name}.mjs`, import.meta.url);
}

/** A runtime of one build with four workers, for the tests of a file; every run is followed by a look for leaks. */
export class StressBuild {
  private runtime: Runtime | null = null;
  private seeds = 0;

  constructor(
    readonly name: string,
    private readonly memory: number,
  ) {}

  /** Operations of a thread that take about a tenth of a second. */
  get operations(): number {
    return 4000;
  }

  /** Another one each time. `UNGIL_STRESS_SEED` moves them, for long runs by hand. */
  seed(): number {
    return Number(process.env.UNGIL_STRESS_SEED ?? 0) * 1000 + ++this.seeds;
  }

  async start(): Promise<void> {
    this.runtime = await Runtime.start({ build: this.name, threads: 4, memory: this.memory });
  }

  async run(program: URL, options: RunOptions): Promise<RunReport> {
    const runtime = this.runtime as Runtime;
    const report = await runtime.run(program, options);
    expect(runtime.leaks()).toEqual([]);
    return report;
  }

  /** A run whose objects are meant to stay alive. */
  async runLeaving(program: URL, options: RunOptions): Promise<RunReport> {
    return (this.runtime as Runtime).run(program, options);
  }

  async shutdown(): Promise<void> {
    await this.runtime?.shutdown();
  }
}

/** Rows for `describe.each`: builds with a runtime each, started and shut down with the file. */
export function stressBuilds(memory = 128 << 20, names: readonly string[] = BUILDS): [string, StressBuild][] {
  const builds = names.map((name) => new StressBuild(name, memory));
  beforeAll(async () => {
    for (const build of builds) await build.start();
  });
  afterAll(async () => {
    for (const build of builds) await build.shutdown();
  });
  return builds.map((build) => [build.name, build]);
}
