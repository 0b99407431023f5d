import type { Result } from '../report/results.js';
import { plural } from '../report/text.js';
import type { Timeline } from '../report/timeline.js';
import type { CompareOptions } from '../report/types.js';
import { buildNamed, racesByDesign } from '../runtime/builds.js';
import type { CliDependencies } from './dependencies.js';
import { isOurInterrupt } from './failure.js';

/** Milliseconds of a timeline in the page, and in front of it. */
const TIME_MS = 15;
const WARMUP_MS = 100;
/** Builds whose worst workload is shown, at most. */
const MAX_BUILDS = 3;

/** What there is to show, and whether an interrupt has cost some of it. */
export interface Pictures {
  readonly timelines: Timeline[];
  readonly cut: boolean;
}

interface Choice {
  readonly workload: string;
  readonly build: string;
  readonly threads: number;
}

/**
 * Short timelines for the page, when everything has been measured: of each build without a GIL the workload that scaled
 * worst at the highest number of threads, and the same workload under the GIL. One that cannot be recorded is left out, with
 * a line on standard error.
 */
export async function recordTimelines(
  results: readonly Result[],
  options: CompareOptions,
  deps: CliDependencies,
): Promise<Pictures> {
  const timelines: Timeline[] = [];
  // Debug builds and chosen allocators are other classes than those that record.
  if (options.debug === true || options.allocators !== undefined) return { timelines, cut: false };
  for (const choice of chosen(results, options)) {
    if (deps.interrupt.aborted) return { timelines, cut: true };
    const timeline = await recordOne(choice, options, deps);
    if (timeline !== null) timelines.push(timeline);
    else if (deps.interrupt.aborted) return { timelines, cut: true };
  }
  return { timelines, cut: false };
}

function chosen(results: readonly Result[], { threads }: CompareOptions): Choice[] {
  const most = Math.max(...threads);
  const rows = results.filter((row) => row.threads === most && row.efficiency !== null);
  const builds = [...new Set(rows.map(({ build }) => build))].filter(isWorthShowing).slice(0, MAX_BUILDS);
  const choices: Choice[] = [];
  for (const build of builds) {
    const worst = leastEfficient(rows.filter((row) => row.build === build));
    const underGil = rows.find((row) => row.workload === worst.workload && hasGil(row.build));
    for (const row of [worst, underGil]) if (row !== undefined && !choices.includes(row)) choices.push(row);
  }
  return choices;
}

/** What races by design is no example of waiting. */
function isWorthShowing(build: string): boolean {
  return !hasGil(build) && !racesByDesign(buildNamed(build));
}

function hasGil(build: string): boolean {
  return buildNamed(build).lock === 'gil';
}

function leastEfficient(rows: readonly Result[]): Result {
  return rows.reduce((worst, row) => ((row.efficiency ?? 0) < (worst.efficiency ?? 0) ? row : worst));
}

async function recordOne(
  { workload, build, threads }: Choice,
  { memoryBytes, gc }: CompareOptions,
  deps: CliDependencies,
): Promise<Timeline | null> {
  const during = `${workload}, ${build}, ${plural(threads, 'thread')}`;
  try {
    const request = { workload, build, threads, timeMs: TIME_MS, warmupMs: WARMUP_MS, memoryBytes };
    return await deps.record(gc === undefined ? request : { ...request, gc }, deps.interrupt);
  } catch (error) {
    if (isOurInterrupt(error, deps.interrupt)) return null;
    const why = error instanceof Error ? error.message : String(error);
    deps.stderr.write(`no timeline of ${during}: ${why}\n`);
    return null;
  }
}
