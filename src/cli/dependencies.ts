import type { Race } from '../explore/raceTypes.js';
import type { BenchSuite } from '../report/benchTypes.js';
import type { Environment, HostInfo } from '../report/json.js';
import type { ProgressStream } from '../report/progress.js';
import type { record, trace } from '../report/tracing/record.js';
import type { BuildInfo, Compare, WorkloadInfo } from '../report/types.js';
import type { ScenarioInfo } from '../scenarios/scenarioInfo.js';
import type { heapRun } from '../workloads/heapRun.js';
import type { soak } from '../workloads/soak/soak.js';

/** Everything that the commands touch outside themselves, so that tests can drive them with fakes. */
export interface CliDependencies {
  /** Version of ungil. */
  version: string;
  /** Version of Node. */
  node: string;
  cpus: number;
  /** What else reports say of where and when they were made. */
  environment?: () => Environment;
  workloads: readonly WorkloadInfo[];
  builds: readonly BuildInfo[];
  compare: Compare;
  /** The built-in race scenarios. */
  scenarios: readonly ScenarioInfo[];
  race: Race;
  /** Runs a program and looks at its heap. */
  heap: typeof heapRun;
  /** The suites of `ungil bench`. */
  suites: readonly BenchSuite[];
  soak: typeof soak;
  /** Records a stretch of a run. */
  trace: typeof trace;
  /** Likewise, a short one for a picture. */
  record: typeof record;
  stdout: ProgressStream;
  stderr: ProgressStream;
  /** Aborts on the first SIGINT. */
  interrupt: AbortSignal;
  /** `NO_COLOR` and `TERM` are looked at. */
  env: Readonly<Record<string, string | undefined>>;
  /** How long a Python interpreter may say nothing before it is ended, in milliseconds; by default what suits. */
  pythonPatienceMs?: number;
  /** Milliseconds from any origin, never going back. */
  now(): number;
}

/** What every report says of where it was made. */
export function hostOf({ version, node, cpus, environment }: CliDependencies): HostInfo {
  const host = { ungil: version, node, cpus };
  return environment === undefined ? host : { ...host, environment: environment() };
}
