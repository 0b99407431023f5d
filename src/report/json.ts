import type { AblationCell } from './ablation.js';
import { CPYTHON_SOURCE } from './cpython.js';
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
}

export function toCompareJson(
  host: HostInfo,
  options: CompareOptions,
  results: Result[],
  complete: boolean,
  ablation: AblationCell[] | null = null,
): CompareJson {
  return {
    ungil: host.ungil,
    node: host.node,
    cpus: host.cpus,
    complete,
    options,
    results,
    summary: summarise(results),
    cpythonSource: CPYTHON_SOURCE,
    ceilings: [],
    fidelity: null,
    timelines: [],
    ...(ablation === null ? {} : { ablation }),
  };
}

/** Text of compare.json, ending in a newline. A figure that is not defined (NaN, infinite) is written as null. */
export function formatCompareJson(json: CompareJson): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
