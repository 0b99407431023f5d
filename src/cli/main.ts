#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Race } from '../explore/raceTypes.js';
import type { BenchSuite } from '../report/benchTypes.js';
import type { Compare, WorkloadInfo } from '../report/types.js';
import { BUILDS } from '../runtime/builds.js';
import { tuneV8 } from '../runtime/tuneV8.js';
import type { ScenarioInfo } from '../scenarios/scenarioInfo.js';
import type { CliDependencies } from './dependencies.js';
import { environmentOf } from './environment.js';
import { ExitStatus } from './errors.js';
import { runCli } from './program.js';

/** npm hands Ctrl-C on to its child, which the terminal has signalled already: so near, the two are one. */
const SAME_SIGNAL_MS = 100;

/** Aborts on the first SIGINT; the second one ends the process at once. */
function listenForInterrupt(controller: AbortController): void {
  let first = 0;
  process.on('SIGINT', () => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
    } else if (performance.now() - first > SAME_SIGNAL_MS) {
      process.exit(ExitStatus.Interrupted);
    }
  });
}

/**
 * A reader that closed its end (`| head`) is no error. Results come last, so there is nothing left to do when
 * standard output closes; a run whose progress nobody can see is interrupted, for its files are to be written.
 */
function endQuietlyOnClosedPipes(controller: AbortController): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`ungil: cannot write standard output: ${error.message}\n`);
    process.exit(ExitStatus.CheckFailed);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(ExitStatus.CheckFailed);
    controller.abort();
  });
}

function readVersion(): string {
  // From dist/src/cli/ to the package.
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return (manifest as { version: string }).version;
}

/** Loads the runtime and its pool only when something is to run. */
const compare: Compare = async (options, hooks, signal) => {
  const module = await import('../workloads/compare.js');
  return module.compare(options, hooks, signal);
};

/** The explorer, likewise. */
const race: Race = async (request, hooks, signal) => {
  const module = await import('../explore/race.js');
  return module.race(request, hooks, signal);
};

/** The soak, likewise. */
const soak: CliDependencies['soak'] = async (options, onRound, signal) => {
  const module = await import('../workloads/soak/soak.js');
  return module.soak(options, onRound, signal);
};

/** A timeline, likewise. */
const trace: CliDependencies['trace'] = async (options, signal) => {
  const module = await import('../report/tracing/record.js');
  return module.trace(options, signal);
};

/** A short timeline, likewise. */
const record: CliDependencies['record'] = async (options, signal) => {
  const module = await import('../report/tracing/record.js');
  return module.record(options, signal);
};

/** The heap of a program, likewise. */
const heap: CliDependencies['heap'] = async (request, signal) => {
  const module = await import('../workloads/heapRun.js');
  return module.heapRun(request, signal);
};

/** Loads the workloads for the commands that name them: most of the runtime comes with them. */
async function workloadsFor(command: string | undefined): Promise<readonly WorkloadInfo[]> {
  if (!['compare', 'heap', 'list', 'report', 'trace'].includes(command ?? '')) return [];
  const { ALL_WORKLOADS } = await import('../workloads/index.js');
  return ALL_WORKLOADS;
}

/** The scenarios, likewise. */
async function scenariosFor(command: string | undefined): Promise<readonly ScenarioInfo[]> {
  if (command !== 'race' && command !== 'list') return [];
  const { catalogue } = await import('../scenarios/catalogue.js');
  return catalogue();
}

/** The suites, likewise. */
async function suitesFor(command: string | undefined): Promise<readonly BenchSuite[]> {
  if (command !== 'bench') return [];
  const { SUITES } = await import('../../bench/suites.js');
  return SUITES;
}

const controller = new AbortController();
listenForInterrupt(controller);
endQuietlyOnClosedPipes(controller);
tuneV8();
process.exitCode = await runCli(process.argv.slice(2), {
  version: readVersion(),
  node: process.version,
  cpus: availableParallelism(),
  environment: () => environmentOf(process.argv.slice(2)),
  workloads: await workloadsFor(process.argv[2]),
  builds: BUILDS,
  compare,
  scenarios: await scenariosFor(process.argv[2]),
  race,
  heap,
  suites: await suitesFor(process.argv[2]),
  soak,
  trace,
  record,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupt: controller.signal,
  env: process.env,
  now: () => performance.now(),
});
