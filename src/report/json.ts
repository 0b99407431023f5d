import type { AblationCell } from './ablation.js';
import { ceilingsOf } from './ceilings.js';
import type { Changes } from './changes.js';
import { cpythonSource } from './cpython.js';
import { fidelityOf } from './fidelity.js';
import type { Ceiling, Fidelity } from './figures.js';
import type { Result } from './results.js';
import { type Summary, summarise } from './summary.js';
import type { Timeline } from './timeline.js';
import type { CompareOptions } from './types.js';

/** Where a comparison ran. */
export interface HostInfo {
  /** Version of ungil. */
  ungil: string;
  /** Version of Node. */
  node: string;
  cpus: number;
  /** Left out where nobody asked. */
  environment?: Environment;
}

/** The machine, the moment and the command of a run. */
export interface Environment {
  /** Model of the processor. */
  cpu: string;
  /** Name, version and architecture of the operating system. */
  system: string;
  /** Of the whole machine. */
  memoryBytes: number;
  /** When the report was made: ISO 8601, UTC. */
  date: string;
  /** As a shell would take it. */
  command: string;
}

/** compare.json: the interface that scripts rely on. Fields may be added, never renamed. */
export interface CompareJson extends HostInfo {
  /** False when the run was interrupted or ended by an error: `results` holds what was measured until then. */
  complete: boolean;
  options: CompareOptions;
  results: Result[];
  summary: Summary;
  /** How CPython's figures were measured. */
  cpythonSource: string;
  /** By number of threads above 1; empty where it was not measured. */
  ceilings: Ceiling[];
  /** Null where no row has a figure of CPython's. */
  fidelity: Fidelity | null;
  /** Short stretches of a few runs, for the report's pictures. */
  timelines: Timeline[];
  /** Of a run with `--ablate`: what each mechanism is worth, by workload and number of threads. */
  ablation?: AblationCell[];
  /** Of a run with `--baseline`: what became of each row that both have. */
  changes?: Changes;
}

export function toCompareJson(
  host: HostInfo,
  options: CompareOptions,
  results: Result[],
  complete: boolean,
  ablation: AblationCell[] | null = null,
  changes: Changes | null = null,
): CompareJson {
  return {
    ungil: host.ungil,
    node: host.node,
    cpus: host.cpus,
    ...(host.environment === undefined ? {} : { environment: host.environment }),
    complete,
    options,
    results,
    summary: summarise(results),
    cpythonSource: cpythonSource(results),
    ceilings: ceilingsOf(results),
    fidelity: fidelityOf(results),
    timelines: [],
    ...(ablation === null ? {} : { ablation }),
    ...(changes === null ? {} : { changes }),
  };
}

/** Text of compare.json, ending in a newline. A figure that is not defined (NaN, infinite) is written as null. */
export function formatCompareJson(json: CompareJson): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
